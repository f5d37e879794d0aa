"""A process that follows the room "tea" as `tally`, writes what it was handed into a file, and goes on until it is
ended: python -m tests.app.follow FILE [SECONDS, that each event takes]
"""

import os
import sys
import time
from pathlib import Path

import django

django.setup()

import teahouse  # noqa: E402
from teahouse.followers.follower import Heard  # noqa: E402
from teahouse.followers.runner import Runner  # noqa: E402
from teahouse.followers.service import followers  # noqa: E402


@teahouse.listen("message", rooms="tea", name="tally", begin="start")
def write(event: Heard) -> None:
    with Path(sys.argv[1]).open("a") as file:
        file.write(f"{os.getpid()} {event.text}\n")
    time.sleep(float(sys.argv[2]) if len(sys.argv) > 2 else 0)


if __name__ == "__main__":
    Runner(followers, sweep=0.2, lease_seconds=1.5, tick=0.1).start()
    print("following", flush=True)
    time.sleep(60)
