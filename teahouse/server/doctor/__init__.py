"""`teahouse doctor`: do the versions and settings fit, here or in another environment, and what would fit?"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from teahouse.fit import judge, versions
from teahouse.fit.facts import Check
from teahouse.fit.findings import Finding, Level, Words, found
from teahouse.fit.project import Context, failed, fresh, hidden, judge_project
from teahouse.server.doctor.advice import as_json, parse_wants, print_advice
from teahouse.server.doctor.examine import Examined, WrongUse, examine, interpreter, settings_of
from teahouse.server.doctor.report import Report
from teahouse.server.doctor.terminal import Terminal
from teahouse.server.doctor.usage import parser
from teahouse.server.doctor.words import language, say

SHOWN = (
    "django",
    "channels",
    "channels-redis",
    "daphne",
    "uvicorn",
    "websockets",
    "asgiref",
    "redis",
    "psycopg",
)


def main(argv: Sequence[str], prog: str = "teahouse doctor") -> int:
    """Runs it. Exit status: 0 it fits, 1 something does not, 2 wrong use."""
    lang = _language(argv)
    try:
        options = parser(prog, lang).parse_args(argv)
    except SystemExit as end:  # argparse has printed the help or what was wrong
        return int(end.code or 0)
    try:
        return _run(options, options.lang or lang)
    except WrongUse as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2


def _language(argv: Sequence[str]) -> str:
    """Known before the arguments are parsed, since the help is in it too."""
    for place, word in enumerate(argv):
        if word == "--lang" and argv[place + 1 : place + 2] in (["en"], ["zh"]):
            return argv[place + 1]
        if word in {"--lang=en", "--lang=zh"}:
            return word[-2:]
    return language()


def _run(options: argparse.Namespace, lang: str) -> int:
    if options.wants or options.python_version:
        return _advise(options, lang)
    if options.project and not options.python:
        raise WrongUse("--project goes with --python: which interpreter runs that project?")
    report = _other(options, lang) if options.python else _own(options, lang)
    if options.json:
        print(report.json(lang))
    else:
        report.print(Terminal(sys.stdout), lang)
    return report.status


def _advise(options: argparse.Namespace, lang: str) -> int:
    if options.python or options.settings:
        raise WrongUse("--for and --python-version are for themselves; leave out --python and --settings")
    wants = parse_wants(options.wants or [], options.python_version)
    if not options.json:
        return print_advice(wants, Terminal(sys.stdout), lang)
    advice = as_json(wants, lang)
    print(json.dumps(advice, ensure_ascii=False, indent=2))
    return 0 if advice["fits"] else 1


def _other(options: argparse.Namespace, lang: str) -> Report:
    python = interpreter(options.python)
    folder = Path(options.project or ".").expanduser().absolute()
    if not folder.is_dir():
        raise WrongUse(f"--project {options.project}: there is no such folder")
    settings = options.settings or settings_of(folder)
    seen = examine(python, folder, settings, connect=options.connect, lang=lang)
    findings = [
        *judge.installing(seen.installation, versions.own_requirements()),
        *_judged(seen, options.processes),
    ]
    if not settings:
        findings.append(found("I010", folder=folder, python=options.python))
    return Report(os.path.normpath(python), _about(seen), findings)


def _own(options: argparse.Namespace, lang: str) -> Report:
    from teahouse.server.doctor.own import examine_own

    seen, findings = examine_own(options.settings, lang)
    return Report(say(lang, "own"), _about(seen), [*_judged(seen, options.processes), *findings])


def _judged(seen: Examined, processes: int | None) -> list[Finding]:
    """The versions, then the project."""
    installation = seen.installation
    findings = judge.environment(installation)
    where = Context(installation, seen.settings, seen.folder, processes or _processes())
    findings += hidden(seen.hidden, where)
    if seen.project is not None:
        findings += judge_project(seen.project, where)
        if seen.fresh is not None and seen.project.asgi is not None and seen.project.asgi.error is None:
            findings += fresh(seen.fresh, where)
        findings += _foreign(seen.project.checks, where, {finding.id for finding in findings})
    else:
        findings += judge.layer_unknown(installation)
    if seen.ended is not None:
        findings.append(found("E012", reason=seen.ended.reason, tail=seen.ended.tail))
    return findings


def _processes() -> int:
    """WEB_CONCURRENCY is what uvicorn, gunicorn and hosting platforms go by."""
    given = os.environ.get("WEB_CONCURRENCY", "")
    return int(given) if given.isdigit() else 0


def _foreign(checks: Sequence[Check], where: Context, known: set[str]) -> Iterator[Finding]:
    """Messages of the project's own `manage.py check`, which speak for themselves."""
    for check in checks:
        if check.failed is not None:
            yield failed("E013", check.failed, where)
        elif check.id not in known or not check.id:
            # Hints of ours end with lines to type, each behind two tabs (checks.py).
            do, *typed = check.hint.split("\n\t\t")
            words = Words(" ".join(check.msg.split()), check.obj, " ".join(do.split()), tuple(typed))
            yield Finding(check.id or "check", own=words, own_level=_level(check.level))


def _level(number: int) -> Level:
    """Of django.core.checks: ERROR is 40, WARNING 30."""
    return "error" if number >= 40 else "warning" if number >= 30 else "note"


def _about(seen: Examined) -> list[tuple[str, str]]:
    installation = seen.installation
    pairs = [("Python", installation.python.text())]
    pairs += [(judge.NAMES[name], version) for name in SHOWN if (version := installation.version(name))]
    if seen.settings:
        pairs.append(("settings", seen.settings))
    return [*pairs, ("executable", installation.python.executable)]
