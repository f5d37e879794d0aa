"""One of several serving processes, started by workers.py with its file descriptors: the listening one, the channel."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys


def main(listening: int, channel: int) -> int:
    # Ctrl-C reaches the whole group of processes; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.environ["DJANGO_SETTINGS_MODULE"] = "teahouse.server.settings"
    import django

    django.setup()
    from teahouse.server.address import raise_file_limit
    from teahouse.server.listener import make_server

    raise_file_limit()
    parent = socket.socket(fileno=channel)

    def ready() -> None:
        parent.send(b"ready\n")
        # The channel's end means that the parent is gone: nobody would start or stop this process any more.
        asyncio.get_running_loop().add_reader(parent, server.handle_exit, signal.SIGTERM, None)

    server = make_server(ready)
    server.run([socket.socket(fileno=listening)])
    return 0 if server.started else 3


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
