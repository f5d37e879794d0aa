"""`python tests/watched.py FILE bot.py …`, or `-m teahouse chat …`: runs it, and leaves what its WebSockets to /ws/
send and get in the file, a line for each frame, for `tests/seen.py` to look at. What is run knows nothing of it, and
needs nothing of the tests."""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode


def watch(path: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND)
    send_text, recv_frame = ClientProtocol.send_text, ClientProtocol.recv_frame

    def note(protocol: ClientProtocol, way: str, data: Any) -> None:
        if protocol.uri.path.endswith("/ws/"):
            line = [f"{protocol.uri.host}:{protocol.uri.port} {os.getpid()}-{id(protocol)}", way]
            os.write(file, (json.dumps([*line, bytes(data).decode()]) + "\n").encode())

    def sending(self: ClientProtocol, data: Any, fin: bool = True) -> None:
        note(self, "sent", data)
        send_text(self, data, fin)

    def receiving(self: ClientProtocol, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT and frame.fin:
            note(self, "came", frame.data)
        recv_frame(self, frame)

    ClientProtocol.send_text = sending  # type: ignore[method-assign, assignment]
    ClientProtocol.recv_frame = receiving  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    watch(sys.argv[1])
    if sys.argv[2] == "-m":
        sys.path[0] = str(Path.cwd())
        sys.argv = sys.argv[3:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = sys.argv[2:]
        sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
        runpy.run_path(sys.argv[0], run_name="__main__")
