"""Lines for a shell, as the documentation shows them: does each program exist, and does it know these options?"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache

from django.core.management import CommandError, get_commands, load_command_class

from teahouse.server import usage
from teahouse.server.chat import options as chat_options
from teahouse.server.doctor.usage import parser as doctor_parser
from tests.servers import ROOT

# Programs of others, of which we say no more than their names.
OTHERS = {
    "openssl",
    "cd",
    "git",
    "pip",
    "python",
    "uvicorn",
    "curl",
    "echo",
    "grep",
    "docker",
    "sudo",
    "systemctl",
    "nginx",
    "createdb",
    "django-admin",
    "rm",
    "source",
    ".",
}
ASSIGNMENT = re.compile(r"^\w+=")
# What a line leaves to whoever types it, and something of its form.
TO_FILL_IN = {"URL": "postgres://tea@127.0.0.1/tea", "地址": "postgres://tea@127.0.0.1/tea"}


class WrongLine(AssertionError):
    """A line of the documentation that would not do what it says."""


def check(text: str) -> None:
    """Raises WrongLine for what a shell or the program itself would refuse."""
    parsed = subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True)
    if parsed.returncode:
        raise WrongLine(parsed.stderr)
    for words in commands(text):
        check_command(words)


def commands(text: str) -> Iterator[list[str]]:
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        words = [word for word in words if not word.startswith(("<", ">"))]
        command: list[str] = []
        for word in [*words, "&&"]:
            if word not in {"&&", "||", "|", ";", "&"}:
                command.append(word)
                continue
            while command and ASSIGNMENT.match(command[0]):
                command.pop(0)
            if command:
                yield command
            command = []


def check_command(words: list[str]) -> None:
    program, *arguments = (TO_FILL_IN.get(word, word) for word in words)
    if program == "uvx" and arguments[:1] == ["teahouse"]:
        program, *arguments = arguments
    if program == "python" and arguments[:1] == ["manage.py"]:
        program, *arguments = arguments
    if program in {"teahouse", ".venv/bin/teahouse"}:
        check_teahouse(arguments)
    elif program == "manage.py":
        check_django(arguments)
    elif program.startswith(("bin/", ".ci/", "examples/")):
        if not (ROOT / program).is_file():
            raise WrongLine(f"There is no {program}.")
        if program == "bin/serve":
            return check_teahouse(["serve", *arguments])
        if unknown := [
            word for word in arguments if word.startswith("--") and word not in options_of(program)
        ]:
            raise WrongLine(f"{program} does not know {unknown}.")
    elif program not in OTHERS | {"uvx"}:
        raise WrongLine(f"{program!r} is a program that nobody has heard of: {words}")
    return None


def check_teahouse(arguments: list[str]) -> None:
    if arguments[:1] == ["manage"]:
        return check_django(arguments[1:])
    try:
        if arguments[:1] == ["doctor"]:
            doctor_parser("teahouse doctor", "en").parse_args(arguments[1:])
        elif arguments[:1] == ["chat"]:
            chat_options.parse(arguments[1:])
        else:
            usage.parse(arguments)
    except SystemExit as end:
        if end.code:
            raise WrongLine(f"teahouse {shlex.join(arguments)} is refused.") from None
    return None


def check_django(arguments: list[str]) -> None:
    name, *rest = arguments
    if name not in get_commands():
        raise WrongLine(f"There is no command {name}.")
    if get_commands()[name] != "teahouse":
        return
    try:
        load_command_class("teahouse", name).create_parser("manage.py", name).parse_args(rest)
    except (SystemExit, CommandError) as error:
        raise WrongLine(f"manage.py {shlex.join(arguments)}: {error}") from None


@cache
def options_of(program: str) -> set[str]:
    """Those that stand in its text, or in that of the Python which it starts; to start it would take seconds."""
    text = (ROOT / program).read_text(encoding="utf-8")
    for module in re.findall(r"-m ([\w.]+)", text):
        place = ROOT / module.replace(".", "/")
        text += "".join(path.read_text(encoding="utf-8") for path in place.glob("*.py"))
    for file in re.findall(r"bin/_\w+\.py", text):
        text += (ROOT / file).read_text(encoding="utf-8")
    return set(re.findall(r"--[a-z][a-z-]*", text))
