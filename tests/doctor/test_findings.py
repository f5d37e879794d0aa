"""The words: both languages say the same things, and docs/doctor.md explains every id."""

import re
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from teahouse.fit.findings import LANGUAGES, Finding, catalogue
from teahouse.server.doctor.words import EN, ZH

ROOT = Path(__file__).parents[2]
KEYS = sorted(catalogue())


@cache
def code() -> str:
    app = ROOT / "teahouse"
    parts = [app / "checks.py", app / "host_checks.py", *(ROOT / "teahouse" / "fit").rglob("*.py")]
    parts += (ROOT / "teahouse" / "server" / "doctor").rglob("*.py")
    return "".join(path.read_text("utf-8") for path in parts)


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def texts(entry: dict[str, Any], language: str) -> list[str]:
    return list(entry[language].values())


@pytest.mark.parametrize("key", KEYS)
def test_both_languages_say_the_same(key: str) -> None:
    entry = catalogue()[key]
    assert set(entry) <= {*LANGUAGES, "type"}
    assert set(entry["en"]) == set(entry["zh"]) <= {"say", "why", "do"}
    assert all(blanks(entry["en"][part]) == blanks(entry["zh"][part]) for part in entry["en"])
    assert not re.search("[一-鿿]", "".join(texts(entry, "en")))
    assert re.search("[一-鿿]", entry["zh"]["say"])


@pytest.mark.parametrize("key", [key for key in KEYS if key[0] in "EW"])
def test_whatever_is_wrong_says_what_to_do(key: str) -> None:
    entry = catalogue()[key]
    assert "do" in entry["en"] or key == "E070", "E070 passes on a text that says it"


@pytest.mark.parametrize("key", KEYS)
def test_it_is_used(key: str) -> None:
    """An entry that nothing can find is an entry that nobody keeps right."""
    assert f'"{key}"' in code()


@pytest.mark.parametrize("key", [key for key in KEYS if not key.startswith("ok_")])
def test_the_page_explains_it(key: str) -> None:
    page = (ROOT / "docs" / "doctor.md").read_text("utf-8")
    assert f"`teahouse.{key}`" in page, f"docs/doctor.md does not explain teahouse.{key}"


def test_the_page_explains_nothing_that_is_not_there() -> None:
    page = (ROOT / "docs" / "doctor.md").read_text("utf-8")
    assert set(re.findall(r"`teahouse\.([EWI]\d+)`", page)) <= set(KEYS)


def test_the_doctors_own_words_are_in_both_languages() -> None:
    assert set(EN) == set(ZH)
    assert all(blanks(EN[key]) == blanks(ZH[key]) for key in EN)


def test_levels_and_ids() -> None:
    assert (Finding("E001").level, Finding("E001").id) == ("error", "teahouse.E001")
    assert (Finding("W001").level, Finding("I001").level) == ("warning", "note")
    assert (Finding("ok_install").level, Finding("ok_install").id) == ("ok", "")
