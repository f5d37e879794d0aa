"""bin/audit asks the registries for known holes. The programs that ask are stood in for by ones that say what a test
wants to hear: what real registries know changes from day to day, and some know nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tooling.checkout import ROOT

UV = "#!/bin/sh\necho '# made by uv'\necho 'django==5.2.0 \\'\necho '    --hash=sha256:00'\necho 'tea-pot==1.0'\n"
# Answers by what was asked for: the file behind --requirement, package-lock.json in the folder.
ANSWERS = '#!/bin/sh\necho "$0 $*" >> "$FOLDER/calls"\n'
PIP_AUDIT = ANSWERS + 'if grep -q tea-pot "$2"; then cat "$FOLDER/all"; else cat "$FOLDER/first"; fi\n'
NPM = (
    ANSWERS
    + 'if grep -q \'"kettle"\' package-lock.json; then cat "$FOLDER/vendored"; else cat "$FOLDER/locked"; fi\n'
)

SOUND = {"name": "django", "version": "5.2.0", "vulns": []}
HOLE = {"id": "PYSEC-2026-7", "aliases": ["CVE-2026-7"], "fix_versions": ["1.1"], "description": "It\nleaks."}
LEAKS = {"name": "tea-pot", "version": "1.0", "vulns": [HOLE]}
CRACK = {
    "vulnerabilities": {
        "kettle": {
            "via": [
                {
                    "source": 7,
                    "url": "https://x.example/GHSA-1",
                    "title": "Cracks",
                    "severity": "high",
                    "range": "<2",
                }
            ]
        },
        "stove": {"via": ["kettle"]},
    }
}
NONE_JS: dict[str, Any] = {"vulnerabilities": {}}


class Audit:
    """A checkout with `bin/audit` and little else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        shutil.copy(ROOT / "bin" / "audit", folder / "bin" / "audit")
        lock = {
            "lockfileVersion": 3,
            "packages": {"": {"name": "x"}, "node_modules/lit": {"version": "3.3.3"}},
        }
        for place in (folder, folder / "benchmarks" / "peers"):
            place.mkdir(parents=True, exist_ok=True)
            (place / "package-lock.json").write_text(json.dumps(lock))
        shelf = folder / "teahouse" / "vendor"
        shelf.mkdir(parents=True)
        (shelf / "VENDORED.json").write_text(json.dumps([{"name": "kettle", "version": "1.0.0"}]))
        (folder / ".venv" / "bin").mkdir(parents=True)
        for name, text in (("uv", UV), ("pip-audit", PIP_AUDIT), ("npm", NPM)):
            self.program(name, text)
        self.say(first=[SOUND], all=[SOUND, {**LEAKS, "vulns": []}], locked=NONE_JS, vendored=NONE_JS)

    def program(self, name: str, text: str) -> None:
        path = self.folder / ".venv" / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def say(self, **answers: Any) -> None:
        for name, answer in answers.items():
            told = {"dependencies": answer} if isinstance(answer, list) else answer
            (self.folder / name).write_text(told if isinstance(told, str) else json.dumps(told))

    def run(self) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, self.folder / "bin" / "audit"],
            env={"PATH": "/usr/bin:/bin", "FOLDER": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout

    def excuse(self, name: str) -> None:
        path = self.folder / "bin" / "audit"
        text = path.read_text()
        given = text.replace("dict[str, str]] = {}", f'dict[str, str]] = {{"{name}": "we pour no tea"}}')
        assert given != text
        path.write_text(given)


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    return Audit(tmp_path)


def test_without_known_holes_it_says_what_was_looked_at(audit: Audit) -> None:
    status, said = audit.run()
    assert status == 0, said
    assert said.splitlines() == [
        "Python, uv.lock: 2 packages, no known holes",
        "JavaScript, locks: 2 packages, no known holes",
        "JavaScript, vendored: 1 packages, no known holes",
    ]


def test_a_known_hole_is_a_failure_and_named(audit: Audit) -> None:
    audit.say(all=[SOUND, LEAKS])
    status, said = audit.run()
    assert status == 1
    assert "tea-pot 1.0: PYSEC-2026-7, CVE-2026-7: It leaks. Mended in: 1.1" in said


def test_one_in_what_was_vendored_too(audit: Audit) -> None:
    audit.say(vendored=CRACK)
    status, said = audit.run()
    assert status == 1
    assert "kettle <2: GHSA-1, 7: Cracks (high)" in said
    assert "stove" not in said, "it has no hole of its own"


@pytest.mark.parametrize("name", ["PYSEC-2026-7", "CVE-2026-7"])
def test_an_exception_is_named_with_its_reason(audit: Audit, name: str) -> None:
    audit.say(all=[SOUND, LEAKS])
    audit.excuse(name)
    status, said = audit.run()
    assert status == 0
    assert "(excused: we pour no tea)" in said


def test_an_exception_that_is_needed_no_more_is_named(audit: Audit) -> None:
    audit.excuse("PYSEC-2026-7")
    assert "PYSEC-2026-7 is excused and not known any more" in audit.run()[1]


def test_a_registry_without_advisories_is_said_and_asked_only_once(audit: Audit) -> None:
    audit.say(
        first=[{"name": "django", "skip_reason": "not found"}], locked={"message": "405 Method Not Allowed"}
    )
    status, said = audit.run()
    assert status == 0
    assert "Python, uv.lock: NOT AUDITED. The registry that is set up here gives no advisories." in said
    assert "JavaScript, locks: NOT AUDITED. The registry that is set up here gives no advisories: 405" in said
    assert "JavaScript, vendored: 1 packages" in said
    assert (audit.folder / "calls").read_text().count("pip-audit") == 1


def test_a_registry_that_is_away_is_said_and_is_no_failure(audit: Audit) -> None:
    audit.program("pip-audit", "#!/bin/sh\necho 'no route to https://registry.example/x' >&2\nexit 1\n")
    audit.program("npm", "#!/bin/sh\nexit 1\n")
    status, said = audit.run()
    assert status == 0
    assert said.count("NOT AUDITED") == 3
    assert "The registry did not answer: no route to …" in said
    audit.say(all=[SOUND, LEAKS])
    audit.program("pip-audit", PIP_AUDIT)
    assert audit.run()[0] == 1, "what is known counts, also where others are away"


def test_a_program_that_is_missing_is_named(audit: Audit) -> None:
    (audit.folder / ".venv" / "bin" / "pip-audit").unlink()
    assert "NOT AUDITED. There is no pip-audit here." in audit.run()[1]
