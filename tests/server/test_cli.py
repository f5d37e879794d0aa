"""The command `teahouse`: help for newcomers, the right use for who typed another, Django's commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from teahouse import __version__
from teahouse.server.environ import NAMES
from tests.servers import Teahouse, command_line, environment

CHINESE = {"LANG": "zh_CN.UTF-8"}


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_help_shows_what_to_type_first(words: tuple[str, ...]) -> None:
    status, said = command_line(*words)
    assert status == 0
    for example in (
        "teahouse serve",
        "--host 0.0.0.0",
        "teahouse owner-link",
        "teahouse manage",
        "teahouse doctor",
    ):
        assert example in said


def test_help_is_in_chinese_where_the_terminal_is() -> None:
    status, said = command_line("--help", env=CHINESE)
    assert status == 0
    assert "即时群聊" in said
    assert "用法：teahouse" in said


@pytest.mark.parametrize("env", [{}, CHINESE])
def test_help_of_serve_lists_every_setting(env: dict[str, str]) -> None:
    status, said = command_line("serve", "--help", env=env)
    assert status == 0
    assert [name for name in NAMES if f"  {name} " not in said] == []


def test_the_version() -> None:
    for words in (("version",), ("--version",)):
        assert command_line(*words) == (0, f"Teahouse {__version__}\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sevre",), "Did you mean: teahouse serve?"),
        (("serve", "--prot", "8000"), "Did you mean --port?"),
        (("serve", "--port"), "expected one argument"),
        (("serve", "--port", "many"), "a number from 0 to 65535"),
        (("serve", "--host", "http://x"), "such as 127.0.0.1"),
        (("serve", "now"), "'now' is not known here"),
        (("owner-link", "--daat", "x"), "Did you mean --data?"),
        (("--data", "x", "serve"), "teahouse serve --data …"),
        (("--port=9000", "serve"), "teahouse serve --port=9000 …"),
        (("--versoin",), "Did you mean --version?"),
    ],
)
def test_wrong_use_is_answered_with_the_right_use(words: tuple[str, ...], said: str) -> None:
    status, answer = command_line(*words)
    assert status == 2
    assert said in answer
    assert "usage: teahouse" in answer
    assert "--help" in answer


def test_wrong_use_is_answered_in_chinese_too() -> None:
    status, said = command_line("sevre", env=CHINESE)
    assert status == 2
    assert "没有命令 'sevre'" in said
    status, said = command_line("serve", "--port", "many", env=CHINESE)
    assert "应是 0 到 65535 的数" in said


def test_the_doctor_has_the_word() -> None:
    status, said = command_line("doctor", "--help")
    assert status == 0
    assert "usage: teahouse doctor" in said


@pytest.mark.parametrize("unbuffered", ["1", ""])
def test_a_reader_that_has_seen_enough_gets_no_traceback(unbuffered: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "teahouse", "doctor", "--for", "django==3.2"],
            stdout=closed,
            stderr=subprocess.PIPE,
            env=environment() | {"PYTHONUNBUFFERED": unbuffered},
        )
    assert (done.returncode, done.stderr) == (141, b"")


def test_djangos_commands_work_on_this_site(made: Teahouse) -> None:
    made.start()
    status, said = made.command_line("manage", "showmigrations", "teahouse")
    assert status == 0
    assert "[X] 0001_initial" in said
    status, said = command_line("manage", "--data", str(made.data), "showmigrations", "teahouse")
    assert "[X] 0001_initial" in said
    assert command_line("manage", f"--data={made.data}", "showmigrations", "teahouse") == (status, said)
    assert command_line("manage", "--data")[0] == 2
    status, said = made.command_line("manage", "makemigrations", "--check", "--dry-run")
    assert (status, said) == (0, "No changes detected\n")
    status, said = made.command_line("manage", "nonsense")
    assert status == 1
    assert "Unknown command: 'nonsense'" in said


def test_a_command_without_tables_says_how_they_are_made(fresh: Teahouse) -> None:
    fresh.prepare()
    status, said = fresh.command_line("manage", "teahouse_token", "Deploy")
    assert (status, "Traceback" in said) == (1, False), said
    assert "manage migrate" in said


def test_djangos_checks_find_nothing(fresh: Teahouse) -> None:
    fresh.env |= {
        "TEAHOUSE_URL": "https://chat.example.org",
        "TEAHOUSE_SECRET_KEY": "a long one, with äöü and 茶 too, " * 3,
    }
    fresh.prepare()
    status, said = fresh.command_line("manage", "check", "--deploy")
    assert status == 0, said
    assert "no issues" in said


def test_what_a_project_names_in_its_settings_is_not_asked_of_the_program(fresh: Teahouse) -> None:
    """Without an address of the site the program lets in what nobody else can point here."""
    fresh.prepare()
    said = fresh.command_line("manage", "check", "--deploy")[1]
    assert "security.W012" in said, "it was looked at"
    assert "teahouse.W" not in said


def test_wrong_settings_stop_djangos_commands_too(tmp_path: Path) -> None:
    status, said = command_line(
        "manage", "check", env={"TEAHOUSE_DATA": str(tmp_path), "TEAHOUSE_NONSENSE": "1"}
    )
    assert status == 2
    assert "TEAHOUSE_NONSENSE" in said


def test_mail_is_sent_by_the_server_that_is_named(fresh: Teahouse) -> None:
    status, said = fresh.command_line("manage", "sendtestemail", "mei@example.org")
    assert status == 0
    assert "To: mei@example.org" in said, "without a server it goes to the log"


@pytest.mark.parametrize("on_path", [False, True])
def test_the_command_that_it_names_can_be_typed_here(on_path: bool) -> None:
    """`bin/serve` puts nothing on the PATH."""
    path = os.pathsep.join([*([sysconfig.get_path("scripts")] if on_path else []), "/usr/bin", "/bin"])
    _, said = command_line("serve", env={"PATH": path, "TEAHOUSE_NONSENSE": "1"})
    named = re.search(r"All of them: (.+)", said)
    assert named
    assert named[1].startswith("teahouse") == on_path
    done = subprocess.run(["/bin/sh", "-c", named[1]], env={"PATH": path}, capture_output=True, text=True)
    assert (done.returncode, "usage: teahouse serve" in done.stdout) == (0, True), done.stderr
