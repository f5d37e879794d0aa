"""docs/api.md: what its examples say is what happens, and its tables say what there is."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

from teahouse.api import problems
from teahouse.live.protocol import ERRORS
from teahouse.scopes import SCOPES
from tests.api.conftest import owner_token
from tests.servers import ROOT, Teahouse

PAGE = Path(ROOT / "docs" / "api.md").read_text()
HOOKS = Path(ROOT / "docs" / "hooks.md").read_text()


def examples(page: str = PAGE) -> list[tuple[str, str]]:
    """Commands and what they print, in the order of the page."""
    found = []
    for block in re.findall(r"```\n(\$ .*?)```", page, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            found.append((command, printed.strip()))
    return found


def fits(printed: str, said: str) -> bool:
    pattern = ".*?".join(re.escape(piece) for piece in said.split("…"))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def test_every_example_is_as_it_says(server: Teahouse) -> None:
    asked = examples()
    assert len(asked) >= 9
    status, token = server.command_line("manage", "teahouse_token", "Deploy")
    assert status == 0, token
    names = {"SITE": server.url, "TOKEN": token.strip(), "MESSAGE": "1", "PATH": "/usr/bin:/bin"}
    for command, said in asked:
        if command.startswith("teahouse "):
            status, printed = server.command_line(*shlex.split(command)[1:])
            assert status == 0, printed
        else:
            done = subprocess.run(["sh", "-c", command], env=names, capture_output=True, text=True)
            assert done.returncode == 0, (command, done.stderr)
            printed = done.stdout
        assert fits(printed, said), f"{command}\n{printed}\nnot as\n{said}"
        if printed.startswith('{"message":'):
            names["MESSAGE"] = str(json.loads(printed)["message"])


def test_webhooks_are_made_as_their_page_says(server: Teahouse) -> None:
    token = owner_token(server)
    asked = examples(HOOKS)
    assert len(asked) == 4
    names = {"SITE": server.url, "TOKEN": token, "PATH": "/usr/bin:/bin"}
    made = "1"  # The page's site has no other yet.
    for command, said in asked:
        command, said = command.replace("hooks/1", f"hooks/{made}"), said.replace('"id":1,', f'"id":{made},')
        done = subprocess.run(["sh", "-c", command], env=names, capture_output=True, text=True)
        assert done.returncode == 0, (command, done.stderr)
        assert fits(done.stdout, said), f"{command}\n{done.stdout}\nnot as\n{said}"
        if "secret" in (told := json.loads(done.stdout or "{}")):
            made = str(told["id"])


def test_each_scope_and_each_code_is_told() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE, re.MULTILINE))
    assert rows.keys() >= SCOPES.keys()
    for code, means in problems.OWN.items():
        assert rows[code] == f"{problems.STATUSES[code]} | {means}"
    statuses = PAGE.partition("The status of the protocol's codes:")[2].partition("\n\n")[0]
    for code in ERRORS.keys() & problems.STATUSES.keys():
        status = problems.STATUSES[code]
        assert re.search(rf"{status} [^;]*`{code}`", statuses.replace("\n", " ")), code
