"""Specifiers, and from wants to pip lines: pure."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teahouse.fit import pins
from teahouse.fit.pins import Wants
from teahouse.fit.versions import (
    CHANNELS,
    DJANGO,
    Version,
    allows,
    broken,
    parse,
    requirement,
    text,
    tidy,
    tried,
    within,
)


@pytest.mark.parametrize(
    ("specifier", "inside", "outside"),
    [
        ("", "1.0", None),
        ("==3.2", "3.2.0", "3.2.1"),
        ("==3.2.*", "3.2.25", "3.3"),
        ("!=3.2.*", "3.3", "3.2.1"),
        ("~=3.2", "3.9", "4.0"),
        ("~=3.2.1", "3.2.9", "3.3"),
        (">=3.2.10,<4", "3.10", "3.2.9"),
        ("(<4,>=3.2.10)", "3.2.10", "4.0"),
        (">4", "4.0.1", "4.0"),
        ("<=4", "4.0", "4.0.1"),
        (">= 4.2", "4.2rc1", "4.1.99"),
    ],
)
def test_specifiers_as_pip_reads_them(specifier: str, inside: str, outside: str | None) -> None:
    assert allows(specifier, parse(inside))
    assert outside is None or not allows(specifier, parse(outside))


@pytest.mark.parametrize("wrong", ["3.2", "=>3", "latest", "~3"])
def test_what_is_no_specifier_is_refused_with_right_forms(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"right are, for example, ==3\.2"):
        allows(wrong, (3, 2))


def test_requirements_of_old_and_new_metadata() -> None:
    assert requirement("Django (>=2.2)") == ("django", ">=2.2")
    assert requirement('twisted[tls]>=22.4 ; python_version > "3"') == ("twisted", ">=22.4")
    assert requirement("zope.interface") == ("zope-interface", "")
    assert tidy("<4,>=3.2.10") == ">=3.2.10,<4"


versions_ = st.tuples(*[st.integers(0, 12)] * 3)


@given(versions_, versions_)
def test_bounds_agree_with_each_other(one: Version, other: Version) -> None:
    at_least, below = allows(f">={text(other)}", one), allows(f"<{text(other)}", one)
    assert at_least != below
    assert allows(f"=={text(other)}", one) == (at_least and allows(f"<={text(other)}", one))
    assert not allows(f"~={text(other)}", one) or at_least


wants_ = st.builds(
    Wants,
    st.fixed_dictionaries(
        {},
        optional={
            "django": st.sampled_from([f"=={text(line.series)}" for line in DJANGO]),
            "channels": st.sampled_from(
                [f"=={text(line.first)}" for line in CHANNELS] + ["==2", "==3", "==4"]
            ),
        },
    ),
    st.none() | st.sampled_from([(2, 7), *((3, minor) for minor in range(4, 15))]),
)


@settings(max_examples=40)
@given(wants_)
def test_what_is_chosen_is_what_was_wanted_and_fits(wants: Wants) -> None:
    for choice in pins.choices(wants):
        assert any(wants.admits("channels", release) for release in pins.releases(choice.channels))
        assert wants.admits("django", (*choice.django.series, 0))
        assert wants.python is None or within(wants.python, choice.pythons)
        assert allows(choice.channels.django, (*choice.django.series, 99))
        release = next(
            one for one in reversed(pins.releases(choice.channels)) if wants.admits("channels", one)
        )
        assert not broken(release, choice.django.series)
        assert choice.tested or tried(release, choice.django.series)


@pytest.mark.parametrize(
    ("wants", "words"),
    [
        ({"django": "==3.2"}, ["django~=3.2.0", "channels~=4.0.0", "channels-redis>=4,<4.2"]),
        ({"django": "==3.2", "channels": "==3"}, ["django~=3.2.0", "channels~=3.0.5", "daphne>=3,<4"]),
        (
            {"django": "==3.2.3", "channels": "==3.0.3"},
            ["django==3.2.3", "channels==3.0.3", "channels-redis>=3.2,<4"],
        ),
        ({"django": "==1.11"}, ["django~=1.11.0", "channels~=2.3.0"]),
        ({"channels": "==4.3"}, ["django~=6.0.0", "channels~=4.3.2", "redis>=4.6,<8"]),
        ({"django": ">=4.2.7,<5"}, ["django~=4.2.0,>=4.2.7,<5", "channels~=4.3.2"]),
        ({"django": "==4.2", "asgiref": "==3.8"}, ["django~=4.2.0", "channels~=4.2.2", "asgiref==3.8.*"]),
    ],
)
def test_the_line_for_a_want(wants: dict[str, str], words: list[str]) -> None:
    assert pins.choices(Wants(wants))[0].requirements[: len(words)] == words or set(words) <= set(
        pins.choices(Wants(wants))[0].requirements
    )


@pytest.mark.parametrize(
    "wants",
    [
        {"django": "==4.0", "channels": "==3.0.3"},
        {"django": "==5.2", "channels": "==2.4"},
        {"django": "==7.0"},
        {"redis": "==8"},
        {"django": "==5.2", "daphne": "==2"},
    ],
)
def test_nothing_fits(wants: dict[str, str]) -> None:
    assert pins.choices(Wants(wants)) == []


def test_a_shell_gets_its_special_characters_quoted() -> None:
    command = pins.choices(Wants({"django": "==4.2"}))[0].command
    assert command.startswith("pip install django~=4.2.0 channels~=")
    assert '"redis>=4.6,<8"' in command
