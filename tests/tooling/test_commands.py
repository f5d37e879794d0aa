"""bin/test, bin/check, bin/bench and .ci/run do what their first lines say."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tooling.checkout import ROOT, Checkout

ALL_CHECKS = ["format", "lint", "types", "layers", "lock", "sizes", "vendored", "javascript"]


@pytest.fixture
def checkout(checkout: Checkout) -> Checkout:
    """With npm, and with files from elsewhere that are as recorded."""
    checkout.write_program(checkout.path / "npm", '#!/bin/sh\necho "npm $*" >> "$CALLS"\n')
    (checkout.root / "bin" / "vendor").write_text("print('as recorded')\n")
    (checkout.root / "bin" / "audit").write_text("print('no known holes')\n")
    return checkout


def checks_run(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line[3:] for line in done.stdout.splitlines() if line.startswith("== ")]


def test_check_runs_everything(checkout: Checkout) -> None:
    done = checkout.run("check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert checks_run(done) == ALL_CHECKS
    assert done.stdout.endswith("All checks passed.\n")


def test_where_a_change_lands_known_holes_are_asked_for(checkout: Checkout) -> None:
    done = checkout.run("check", CI="true")
    assert checks_run(done) == [*ALL_CHECKS[:-1], "audit", ALL_CHECKS[-1]]
    (checkout.root / "bin" / "audit").write_text("raise SystemExit(1)\n")
    assert checkout.run("check", CI="true").stderr.endswith("Failed: audit\n")


def test_check_goes_on_after_a_failure_and_names_each(checkout: Checkout) -> None:
    done = checkout.run("check", FAILING="mypy uv")
    assert done.returncode == 1
    assert checks_run(done) == ALL_CHECKS
    assert done.stderr.endswith("Failed: types lock\n")


def test_check_says_that_it_cannot_check_javascript_without_npm(checkout: Checkout) -> None:
    (checkout.path / "npm").unlink()
    done = checkout.run("check")
    assert (done.returncode, checks_run(done)[:-1]) == (0, ALL_CHECKS[:-1])
    assert checks_run(done)[-1] == "javascript: not checked, there is no npm here"


def test_check_can_repair_first(checkout: Checkout) -> None:
    done = checkout.run("check", "--fix")
    assert done.stdout.startswith("ruff check --fix --quiet\nruff format\n== format\n")
    assert checkout.run("check", "--fxi").returncode == 2


def test_check_refuses_long_functions_and_long_files(checkout: Checkout) -> None:
    sound = "def sip():\n" + "    pass\n" * 59
    (checkout.root / "benchmarks" / "cup.py").write_text(sound)
    assert checkout.run("check").returncode == 0
    (checkout.root / "benchmarks" / "cup.py").write_text(sound + "    pass\n")
    done = checkout.run("check")
    assert (done.returncode, done.stderr[-15:]) == (1, "Failed: sizes\n"[-15:])
    assert "benchmarks/cup.py:1: sip has 61 lines" in done.stdout
    (checkout.root / "benchmarks" / "cup.py").write_text("pass\n" * 451)
    assert "benchmarks/cup.py: 451 lines" in checkout.run("check").stdout


POUR = """\
'''Pours tea.

    bin/bench pour-tea [--rounds 5]
'''
import pathlib, sys
from benchmarks.tools.goals import Goal, Verdict, tell
SECONDS_A_ROUND: float = 24
print(pathlib.Path.cwd(), sys.argv[1:])
cups = 4 if "--pot" in sys.argv else 2
tell([Verdict("pour", Goal("cups/s", must=3, aim=4), cups), Verdict("pour", Goal("spilt", at_most=True, must=0), 0)])
"""


@pytest.fixture
def bench(checkout: Checkout) -> Checkout:
    """With the real command and one measurement of its own."""
    there = checkout.root / "benchmarks"
    shutil.copytree(
        ROOT / "benchmarks",
        there,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("node_modules", "__pycache__", "data", "load"),
    )
    (there / "pour_tea.py").write_text(POUR)
    (there / "burn.py").write_text("'''Fails.'''\nimport sys\nraise SystemExit(3 + len(sys.argv[1:]))\n")
    return checkout


def test_bench_lists_what_there_is_and_how_long_it_takes(bench: Checkout) -> None:
    done = bench.run("bench", "--list", "--rounds", "10")
    assert done.returncode == 0, done.stderr
    lines = [line.split(maxsplit=3) for line in done.stdout.splitlines()]
    assert ["pour-tea", "4", "min", "Pours tea."] in lines
    assert "ten-publishers" in {line[0] for line in lines}
    assert not {"deflate", "replay", "field", "--main--"} & {line[0] for line in lines}
    assert lines[-1][0] == "About"


def test_bench_runs_by_name_and_says_what_was_reached(bench: Checkout, tmp_path: Path) -> None:
    done = bench.run("bench", "pour_tea", "--write", cwd=tmp_path)
    assert done.stdout.splitlines()[1] == f"{tmp_path} ['--rounds', '5', '--write']"
    assert [line.split() for line in done.stdout.splitlines()[-3:]] == [
        ["scenario", "what", "ours", "must", "aim"],
        ["pour", "cups/s", "2", "≥", "3", "≥", "4", "not", "reached"],
        ["pour", "spilt", "0", "≤", "0", "reached"],
    ]
    assert done.returncode == 1
    done = bench.run("bench", "pour-tea", "--pot", cwd=tmp_path)
    assert (done.returncode, "aim reached" in done.stdout) == (0, True)


def test_bench_says_what_failed_and_what_is_not_there(bench: Checkout) -> None:
    """What says nothing of rounds is not told of any."""
    done = bench.run("bench", "pour-tea", "burn")
    assert (done.returncode, done.stdout.splitlines()[-1].split()) == (
        1,
        ["burn", "exit", "status", "3", "≤", "0", "not", "reached"],
    )
    done = bench.run("bench", "spill")
    assert (done.returncode, done.stderr) == (
        2,
        "There is no benchmark called spill. bin/bench --list names them.\n",
    )
    done = bench.run("bench", "pour-tea", "burn", "--pot")
    assert (done.returncode, done.stderr) == (2, "Not known: --pot. bin/bench --help says what is.\n")


def test_bench_leaves_the_options_of_replay_to_it(bench: Checkout, tmp_path: Path) -> None:
    (bench.root / "benchmarks" / "replay.py").write_text("import sys\nprint(sys.argv[1:])\n")
    assert bench.run("bench", "replay", "tea", "--rounds", "x").stdout == "['tea', '--rounds', 'x']\n"


def provide_what_tests_need(checkout: Checkout, *but: str) -> None:
    for program in ("initdb", "redis-server", "node", "cc", "ip", "chromium", "fc-list"):
        if program not in but:
            checkout.write_program(checkout.path / program, "#!/bin/sh\necho something\n")


def test_test_runs_pytest_where_everything_is_there(checkout: Checkout) -> None:
    provide_what_tests_need(checkout)
    done = checkout.run("test", "-k", "two words")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        0,
        "pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder -k two words",
    )


def test_test_installs_what_is_missing_where_it_may(checkout: Checkout) -> None:
    provide_what_tests_need(checkout, "redis-server", "fc-list")
    checkout.write_program(checkout.path / "id", "#!/bin/sh\necho 0\n")
    checkout.write_program(
        checkout.path / "apt-get", '#!/bin/sh\necho "apt-get $*" >> "$CALLS"\necho noise\n'
    )
    done = checkout.run("test")
    update, install = checkout.said_to_uv()[:2]
    assert update == "apt-get -q update"
    assert install.startswith("apt-get -q -y --no-install-recommends")
    assert "install redis-server fontconfig fonts-noto-cjk fontconfig fonts-noto-color-emoji" in install
    assert done.returncode == 0
    assert "noise" not in done.stdout, "stdout is the tests'"


def test_test_installs_with_sudo_where_that_asks_nothing(checkout: Checkout) -> None:
    provide_what_tests_need(checkout, "redis-server")
    checkout.write_program(checkout.path / "id", "#!/bin/sh\necho 1000\n")
    checkout.write_program(
        checkout.path / "sudo", '#!/bin/sh\necho "sudo $*" >> "$CALLS"\nshift\nexec "$@"\n'
    )
    checkout.provide("true", shutil.which("true") or "/bin/true")
    checkout.write_program(checkout.path / "apt-get", '#!/bin/sh\necho "apt-get $*" >> "$CALLS"\n')
    assert checkout.run("test").returncode == 0
    assert checkout.said_to_uv()[0] == "sudo -n true"
    assert "apt-get -q -y" in checkout.said_to_uv()[4]


def test_test_names_the_command_where_it_may_not_install(checkout: Checkout) -> None:
    provide_what_tests_need(checkout, "redis-server")
    checkout.write_program(checkout.path / "id", "#!/bin/sh\necho 1000\n")
    done = checkout.run("test")
    assert done.returncode == 1
    assert "  apt-get update && apt-get install --no-install-recommends redis-server\n" in done.stderr
    assert checkout.said_to_uv() == []
    assert checkout.run("test", "tests/pure").returncode == 0, "named tests may need none of it"
    assert checkout.run("test", "tests/pure", CI="true").returncode == 1


SKIPPING = (
    "import pytest\n\ndef test_tea() -> None:\n    pytest.skip('no tea')\n\ndef test_cup() -> None: ...\n"
)
SKIPPING_WHOLE = "import pytest\npytest.skip('no tea', allow_module_level=True)\n"


@pytest.mark.parametrize("text", [SKIPPING, SKIPPING_WHOLE], ids=["test", "module"])
def test_in_ci_a_skip_is_a_failure(tmp_path: Path, text: str) -> None:
    (tmp_path / "test_tea.py").write_text(text)
    (tmp_path / "pytest.ini").touch()
    (tmp_path / "test_cup.py").write_text("def test_cup() -> None: ...\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
        str(tmp_path),
    ]

    def run(ci: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "/usr/bin:/bin", "CI": ci, "PYTHONPATH": str(ROOT)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)

    assert run("").returncode == 0, "it must be a mere skip elsewhere for this test to mean anything"
    done = run("true")
    assert done.returncode != 0
    assert "skipped, which in CI is a failure" in done.stdout


def test_ci_runs_both_and_fails_if_either_does(checkout: Checkout) -> None:
    provide_what_tests_need(checkout)
    shutil.copytree(ROOT / ".ci", checkout.root / ".ci")

    def run(failing: str) -> subprocess.CompletedProcess[str]:
        environment = {**checkout.environment, "FAILING": failing}
        return subprocess.run(
            ["/bin/bash", ".ci/run"], env=environment, cwd=checkout.root, capture_output=True, text=True
        )

    assert run("").returncode == 0
    for failing in ("ruff", "pytest", "ruff pytest"):
        done = run(failing)
        assert done.returncode == 1
        assert "== sizes" in done.stdout
        assert done.stdout.splitlines()[-1].startswith("pytest "), "the test runner has the last word"
