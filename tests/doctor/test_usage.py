"""The command line: help, wrong use, languages, --for, and how it looks."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from teahouse.fit.findings import Finding, Words, found
from teahouse.server.doctor import main
from teahouse.server.doctor.report import Report
from teahouse.server.doctor.terminal import Terminal, columns, wrap
from teahouse.server.doctor.usage import TEXTS
from teahouse.server.doctor.words import language

Capture = pytest.CaptureFixture[str]


def test_help_is_for_newcomers(capsys: Capture) -> None:
    assert main(["--help"], prog="teahouse doctor") == 0
    told = capsys.readouterr().out
    assert "teahouse doctor --python venv/bin/python" in told
    assert "nothing is installed and nothing is written" in told


def test_help_in_chinese(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["--help"]) == 0
    assert "另一个环境" in capsys.readouterr().out
    assert set(TEXTS["en"]) == set(TEXTS["zh"])


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
    ],
)
def test_the_language_is_that_of_the_terminal(environment: dict[str, str], expected: str) -> None:
    assert language(environment) == expected


@pytest.mark.parametrize(
    ("arguments", "right"),
    [
        (["--nonsense"], "usage: "),
        (["--for", "numpy==1"], "known are django, channels"),
        (["--for", "django=>3"], "right are, for example, ==3.2"),
        (["--for", "==3.2"], "write it like --for django==3.2"),
        (["--for", "django==3.2", "--python", "venv"], "leave out --python"),
        (["--python-version", "three"], "write it like --python-version 3.11"),
        (["--python", sys.executable, "--project", "/no/such/folder"], "no such folder"),
        (["--project", "."], "goes with --python"),
        (["--processes", "none"], "a number of processes"),
    ],
)
def test_wrong_use_is_answered_with_the_right_one(arguments: list[str], right: str, capsys: Capture) -> None:
    assert main(arguments) == 2
    output, problem = capsys.readouterr()
    assert right in problem
    assert output == ""


@pytest.mark.parametrize("want", ["django==3.2", "Django 3.2", "django=3.2", "django == 3.2"])
def test_what_fits_django_3_2(want: str, capsys: Capture) -> None:
    assert main(["--for", want]) == 0
    told = capsys.readouterr().out
    assert "      pip install django~=3.2.0 channels~=4.0.0" in told
    assert "Django 3.2 with Channels 3.0.5+, Python 3.7–3.10" in told


def test_what_does_not_fit_says_why_and_what_would(capsys: Capture) -> None:
    assert main(["--for", "django==4.0", "--for", "channels==3.0.3"]) == 1
    told = capsys.readouterr().out
    assert "Channels 3.0.0–3.0.3 does not start with Django 4.0" in told
    assert "Without channels==3.0.3, this fits:" in told
    assert "pip install django~=4.0.0 channels~=4.0.0" in told


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--for", "django==9"], "django==9 is in no line of this table, which knows 1.11–6.1."),
        (["--for", "channels==5"], "which knows 1.0.0–4.3.2."),
        (["--for", "django==3.2", "--python-version", "3.13"], "needs Python 3.7–3.10, not 3.13."),
        (["--for", "redis==8"], "goes with redis >=4.6,<8: redis-py 8 breaks the core layer"),
        (["--for", "django==6.1", "--for", "channels==2.4"], "does not start with Django 6.1"),
        (["--for", "django==2.2", "--for", "channels==4.3"], "asks for Django >=4.2."),
    ],
)
def test_reasons(arguments: list[str], reason: str, capsys: Capture) -> None:
    assert main(arguments) == 1
    assert reason in " ".join(capsys.readouterr().out.split())


def test_advice_for_programs(capsys: Capture) -> None:
    assert main(["--for", "channels==3.0.3", "--json"]) == 0
    fitting = json.loads(capsys.readouterr().out)
    assert fitting["fits"] is True
    assert "channels==3.0.3" in fitting["requirements"]
    assert main(["--for", "django==4.0", "--for", "channels==3.0.3", "--json", "--lang", "zh"]) == 1
    refused = json.loads(capsys.readouterr().out)
    assert "不能和 Django 4.0 一起启动" in refused["reasons"][0]
    assert {other["without"] for other in refused["instead"]} == {"django", "channels"}


def test_advice_imports_neither_django_nor_channels() -> None:
    """It has to work where Django does not, and to be quick."""
    script = (
        "import sys; from teahouse.server.doctor import main; main(['--for', 'django==3.2']); "
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'django', 'channels', 'asgiref'}))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"


def test_the_command_itself(tmp_path: Path) -> None:
    """As it is typed, in a terminal that knows no UTF-8 and no colours."""
    command = [sys.executable, "-m", "teahouse", "doctor", "--for", "django==3.2"]
    environment = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PATH": ""}
    told = subprocess.run(command, capture_output=True, env=environment, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert b"+ Versions that fit django==3.2" in told.stdout
    assert b"\x1b" not in told.stdout


# How it looks -------------------------------------------------------------------------------------------


def test_lines_of_chinese_fit_the_terminal() -> None:
    text = "内存通道层只能用于一个进程，而且慢。每条群消息要为每个成员把全部成员走一遍 (channels.layers)。"
    lines = list(wrap(text, 30))
    assert all(columns(line) <= 30 for line in lines)
    assert not any(line[0] in "，。" for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_words_longer_than_the_line_stay_whole() -> None:
    assert list(wrap("see https://example.org/a/long/address now", 10)) == [
        "see",
        "https://example.org/a/long/address",
        "now",
    ]


class Tty(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def printed(stream: io.StringIO, *findings: Finding, lang: str = "en") -> str:
    Report("here", [("Python", "3.11.7"), ("Django", "5.2")], findings).print(Terminal(stream), lang)
    return stream.getvalue()


@pytest.mark.parametrize("width", [50, 80, 200])
def test_the_report_keeps_to_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    for lang in ("en", "zh"):
        told = printed(Tty(), found("W021"), found("W040"), found("E020", package="shop"), lang=lang)
        assert "\x1b" not in told
        typed = [
            line.rstrip()
            for one in ("W021", "W040", "E020")
            for line in found(one, package="shop").words().type
        ]
        for line in told.splitlines():
            # What is there to be copied is never broken, and an address cannot be.
            assert (
                columns(line) <= min(width, 100)
                or line.strip() in map(str.strip, typed)
                or "https://" in line
            )


def test_colours_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[" not in printed(io.StringIO(), found("W021"))
    assert "\x1b[" in printed(Tty(), found("W021"))
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b[" not in printed(Tty(), found("W021"))


def test_the_same_line_to_type_is_printed_once() -> None:
    told = printed(io.StringIO(), found("W040"), found("E041", processes=2))
    assert told.count("RedisPubSubChannelLayer") == 1


def test_the_sum_and_the_status() -> None:
    assert "Everything fits." in printed(io.StringIO(), found("ok_install"))
    assert "It fits, with something to know: 1 to look at, 1 to know." in printed(
        io.StringIO(), found("W021"), found("I020", application="x")
    )
    report = Report("here", [], [found("E020", package="shop"), found("W021")])
    assert report.status == 1
    assert "不相配：1 项要改，1 项要看。" in printed(io.StringIO(), *report.findings, lang="zh")


def test_foreign_messages_are_counted_when_there_are_many() -> None:
    foreign = [Finding(f"models.W{n}", own=Words(f"message {n}"), own_level="warning") for n in range(20)]
    told = printed(io.StringIO(), *foreign)
    assert told.count("message ") == 5
    assert "15 more messages" in told
