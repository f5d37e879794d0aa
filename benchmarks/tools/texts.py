"""What people really say, for the load generator: lines of JSON text without the quotes round them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

from benchmarks.tools.irc import conversation

OWN: Final = Path(__file__).parent.parent / "data" / "chat.txt"
LONGEST: Final = 10_000
"""Bytes of JSON; the load generator takes no more in one line."""


def chat() -> tuple[str, list[str]]:
    """Where the texts are from, and the texts.

    From the logs in the folder TEAHOUSE_CONVERSATIONS where that is given, else those that come along.
    """
    folder = os.environ.get("TEAHOUSE_CONVERSATIONS")
    if not folder:
        return f"`benchmarks/data/{OWN.name}`", OWN.read_text(encoding="utf-8").splitlines()
    logs = sorted(Path(folder).glob("*.txt"))
    said = [line.text.strip() for path in logs for line in conversation(path)]
    if not any(said):
        raise SystemExit(f"TEAHOUSE_CONVERSATIONS: no conversations in {folder}")
    return f"{len(logs)} real conversations", [text for text in said if text]


def escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def write(path: Path) -> str:
    """Writes the lines for `load --texts`; a sentence about them."""
    source, texts = chat()
    lines = [line for line in map(escaped, texts) if line and len(line.encode()) <= LONGEST]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    mean = sum(map(len, texts)) / len(texts)
    return f"{len(texts):,} lines of {source}, {mean:.0f} characters on average"


def read(path: Path) -> list[str]:
    """The texts of such a file."""
    return [str(json.loads(f'"{line}"')) for line in path.read_text(encoding="utf-8").split("\n") if line]
