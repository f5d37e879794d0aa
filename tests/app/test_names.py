"""Names: what they may be, and what a user of the project is called."""

import unicodedata
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from teahouse.actions import names
from teahouse.live.protocol import Problem
from teahouse.models.people import name_key


class TestCleanName:
    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("梅", "梅"),
            ("  Ann  Lee\u3000", "Ann Lee"),
            ("Ann\u00a0Lee", "Ann Lee"),
            ("e\u0301", "é"),
            ("👩\u200d🚀", "👩\u200d🚀"),
            ("علی\u200cرضا", "علی\u200cرضا"),
            ("n" * 40, "n" * 40),
            ("7", "7"),
        ],
    )
    def test_it_keeps_names_of_the_world(self, name: str, kept: str) -> None:
        assert names.clean_name(name) == kept

    @pytest.mark.parametrize(
        ("name", "right"),
        [
            ("", "1 to 40 characters"),
            (" \t\n", "1 to 40 characters"),
            ("n" * 41, "this one has 41"),
            ("Ann\nLee", "no line ends"),
            ("Ann\u2028Lee", "no line ends"),
            ("Ann\tLee", "no control characters"),
            ("a\x00b", "no control characters"),
            ("\u202eeeL", "none that change the text's direction"),
            ("a\u2066b", "none that change the text's direction"),
            ("a\ud800b", "no control characters"),
            ("\u200d", "can be seen"),
            ("\u3164\ufe0f", "can be seen"),
            ("\u2800", "can be seen"),
            ("\ufdfa" * 40, "at most 240 characters"),
        ],
    )
    def test_it_refuses_and_says_what_is_right(self, name: str, right: str) -> None:
        with pytest.raises(Problem) as refused:
            names.clean_name(name)
        assert refused.value.code == "invalid"
        assert right in refused.value.message

    @given(st.text(max_size=60))
    def test_what_it_keeps_can_be_stored_and_stays_as_it_is(self, text: str) -> None:
        try:
            name = names.clean_name(text)
        except Problem:
            return
        assert names.clean_name(name) == name == unicodedata.normalize("NFC", name)
        assert 1 <= len(name) <= 40
        assert len(name_key(name)) <= 240
        assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in name)


class TestNameOf:
    @pytest.mark.parametrize(
        ("fields", "name"),
        [
            ({"username": "mei"}, "mei"),
            ({"username": "mei", "first_name": "梅", "last_name": "李"}, "梅 李"),
            ({"username": "mei", "first_name": "a\u202eb"}, "mei"),
            ({"username": "m" * 60}, "m" * 40),
            ({"username": "\u200d", "pk": 12}, "user-12"),
            ({"username": "ada@example.org"}, "ada"),
            ({"username": " ada@localhost "}, "ada"),
            ({"username": f"{'a' * 60}@example.org"}, "a" * 40),
            ({"username": "7", "first_name": "ada@example.org"}, "ada"),
            ({"username": '"a@b"@example.org'}, '"a@b"'),
            ({"username": "ada", "first_name": "Ada @ home"}, "Ada @ home"),
            ({"username": "@ada"}, "@ada"),
        ],
    )
    def test_a_name_not_chosen_for_a_chat_becomes_one(self, fields: dict[str, Any], name: str) -> None:
        assert names.name_of(User(**fields)) == name

    def test_an_address_is_not_shown_where_people_sign_in_with_it(self) -> None:
        class MailUser(User):
            USERNAME_FIELD = "email"

            class Meta:
                app_label = "tests"
                proxy = True

        assert names.name_of(MailUser(email="mei@example.com")) == "mei"
        assert names.name_of(MailUser(email="mei@example.com", first_name="梅")) == "梅"
        assert names.name_of(User(username="mei@home")) == "mei@home"
