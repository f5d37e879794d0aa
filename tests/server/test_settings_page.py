"""docs/settings.md tells every setting, with the default that the code has."""

import re
from pathlib import Path

from teahouse.conf import Conf, Limits
from teahouse.server.environ import NAMES, Environment
from teahouse.server.settings_words import SETTINGS_IN_CHINESE

PAGE = (Path(__file__).parent.parent.parent / "docs" / "settings.md").read_text()


def rows(heading: str) -> dict[str, list[str]]:
    """The table below a heading: the cells behind the first one, by the name in it."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.MULTILINE)
    return {name: cells.split(" | ") for name, cells in found}


def test_every_setting_of_the_program_is_there_and_no_other() -> None:
    assert set(rows("The program")) == set(NAMES)


def test_every_setting_of_the_app_is_there_and_no_other() -> None:
    assert set(rows("The app")) == set(Conf.model_fields)


def test_every_limit_is_there_with_its_default() -> None:
    assert {name: int(cells[-1]) for name, cells in rows("Limits").items()} == Limits().model_dump()


def test_defaults_of_the_program_are_as_told() -> None:
    told = {name: cells[-1] for name, cells in rows("The program").items()}
    for field in Environment.model_fields.values():
        if isinstance(field.default, str | int) and field.alias:
            default = (
                {True: "yes", False: "no"}.get(field.default, str(field.default))
                if isinstance(field.default, bool)
                else str(field.default).lower()
            )
            assert f"`{default}`" in told[field.alias].lower(), field.alias


def test_defaults_of_the_app_are_as_told() -> None:
    told = {name: cells[-1] for name, cells in rows("The app").items()}
    for name, field in Conf.model_fields.items():
        if isinstance(field.default, bool | int | tuple):
            assert f"`{field.default}`" == told[name], name


def test_the_help_tells_every_setting_in_chinese_too() -> None:
    assert set(SETTINGS_IN_CHINESE) == set(NAMES)
