"""What tests cost is told by folder, file and test, with the programs that they start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.costs import told, used

BURN = """
import subprocess, sys, time
while time.process_time() < 0.2: pass
if sys.argv[1:]: subprocess.run([sys.executable, "-S", "-E", "-c", sys.argv[1]])
print("done", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_program_is_counted_with_those_it_starts_while_it_runs_and_after() -> None:
    before = used(os.getpid())
    command = [sys.executable, "-S", "-E", "-c", BURN, BURN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "done\n"
        during = used(os.getpid())
        program.communicate()
    assert during - before >= 0.35
    assert used(os.getpid()) >= during - 0.02, "what has ended is forgotten"
    assert used(program.pid) == 0.0


def test_the_most_comes_first_and_little_is_not_named() -> None:
    tests = {"tests/a/test_x.py::one": 2.0, "tests/a/test_x.py::two": 3.0, "tests/b/test_y.py::three": 0.4}
    lines = told(tests, {"gw0": 105.0, "gw1": 100.0})
    assert lines == [
        "= 5 s of the processor",
        "= folders", "    5.0 s  tests/a", "    0.4 s  tests/b",
        "= files", "    5.0 s  tests/a/test_x.py",
        "= tests", "    3.0 s  tests/a/test_x.py::two", "    2.0 s  tests/a/test_x.py::one",
        "= nothing to do at the end: gw0 0 s, gw1 5 s",
    ]  # fmt: skip
