"""Looks at the environment that runs it and tells what it saw; it judges nothing and writes nothing.

The doctor passes it on standard input to the interpreter of *another* environment. So it uses the standard
library only, is one text, and keeps to what Python 2.7 and 3.4 to 3.14 all understand. The system checks
(`teahouse/checks.py`) import it and look at their own process.
"""

from importlib.resources import files

PARTS = ("installation.py", "project.py", "program.py")


def source() -> bytes:
    """The program, its parts one after the other."""
    folder = files("teahouse.fit.probe")
    return b"\n\n".join(folder.joinpath(part).read_bytes() for part in PARTS)
