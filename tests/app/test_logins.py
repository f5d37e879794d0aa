"""Logins of the project, and what ends them and the live sessions with them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib import auth
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from pytest_django.fixtures import Settings

from teahouse import testing
from teahouse.actions import people
from teahouse.actions.people import Cut
from teahouse.models import Person
from tests.app.conftest import Database


class TestLogins:
    def test_a_login_is_its_users_person(self, database: Database) -> None:
        cast = testing.cast()
        session = signed_in(cast.member)
        assert people.person_of_session(session) == cast.member
        User.objects.filter(username="mei").update(first_name="梅")
        renamed = people.person_of_session(session)
        assert renamed is not None
        assert renamed.name == "梅"

    def test_who_was_called_by_an_address_is_renamed_with_the_next_look(self, database: Database) -> None:
        """A user name that is an e-mail address was shown whole once."""
        user = User.objects.create_user("ada@example.org")
        person = people.ensure_person(user)
        person.rename("ada@example.org")
        person.save()
        renamed = people.person_of_session(signed_in_user(user))
        assert renamed is not None
        assert (renamed.pk, renamed.name) == (person.pk, "ada")

    def test_the_person_is_made_at_the_first_sight(self, database: Database) -> None:
        user = User.objects.create_user("new")
        person = people.person_of_session(signed_in_user(user))
        assert person is not None
        assert person.user == user

    def test_it_outlives_a_rotated_secret_while_the_old_one_is_a_fallback(
        self, database: Database, settings: Settings
    ) -> None:
        cast = testing.cast()
        key = str(signed_in(cast.member).session_key)
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]
        assert people.person_of_session(SessionStore(key)) == cast.member
        settings.SECRET_KEY_FALLBACKS = []
        assert people.person_of_session(SessionStore(key)) is None
        # Not flushed: this process may be the one whose settings are wrong.
        assert SessionStore(key).exists(key)

    @pytest.mark.parametrize(
        "end",
        [
            lambda user, session: user.set_password("other") or user.save(),
            lambda user, session: User.objects.filter(pk=user.pk).update(is_active=False),
            lambda user, session: user.delete(),
            lambda user, session: session.flush(),
            lambda user, session: change(session, auth.SESSION_KEY, "not a number"),
            lambda user, session: change(session, auth.BACKEND_SESSION_KEY, "gone.Backend"),
            lambda user, session: change(session, auth.HASH_SESSION_KEY, ""),
        ],
        ids=["password", "inactive", "deleted", "flushed", "garbage", "backend", "no hash"],
    )
    def test_it_ends(self, database: Database, end: Callable[[User, SessionBase], Any]) -> None:
        cast = testing.cast()
        ended, other = signed_in(cast.member), signed_in(cast.owner)
        keys = {str(ended.session_key), str(other.session_key)}
        assert people.ended_logins(keys) == set()
        end(User.objects.get(username="mei"), SessionStore(ended.session_key))
        assert people.person_of_session(SessionStore(ended.session_key)) is None
        assert people.person_of_session(SessionStore(other.session_key)) == cast.owner
        assert keys - people.ended_logins(keys) == {other.session_key}

    def test_nobodys_session_is_nobodys(self, database: Database) -> None:
        assert people.person_of_session(SessionStore()) is None
        assert people.person_of_session(SessionStore("unknown-session-key-of-somebody-x")) is None

    def test_looking_for_ended_logins_writes_nothing(self, database: Database) -> None:
        key = str(signed_in_user(User.objects.create_user("new")).session_key)
        assert people.ended_logins({key}) == set()
        assert not Person.objects.exists()


class TestCuts:
    def test_a_logout_cuts_its_login_once_the_session_is_gone(
        self, database: Database, gone_when_cut: list[tuple[Cut, bool]]
    ) -> None:
        session = signed_in(testing.cast().member)
        digest = people.session_key_digest(str(session.session_key))
        auth.logout(request_of(session))
        assert gone_when_cut == [(Cut(session_key_digest=digest), True)]

    def test_an_async_logout_does_too(
        self, database: Database, gone_when_cut: list[tuple[Cut, bool]]
    ) -> None:
        session = signed_in(testing.cast().member)
        digest = people.session_key_digest(str(session.session_key))
        async_to_sync(auth.alogout)(request_of(session))
        assert gone_when_cut == [(Cut(session_key_digest=digest), True)]

    def test_a_logout_in_a_transaction_cuts_after_the_commit(
        self, database: Database, cuts: list[Cut]
    ) -> None:
        session = signed_in(testing.cast().member)
        with transaction.atomic():
            auth.logout(request_of(session))
            assert cuts == []
        assert len(cuts) == 1

    def test_a_logout_of_nobody_cuts_nobody(self, database: Database, cuts: list[Cut]) -> None:
        auth.logout(request_of(SessionStore()))
        assert cuts == []

    def test_a_deactivation_cuts_after_the_commit_and_not_if_rolled_back(
        self, database: Database, cuts: list[Cut]
    ) -> None:
        cast = testing.cast()
        with transaction.atomic():
            people.deactivate(cast.member)
            transaction.set_rollback(True)
        assert cuts == []
        with transaction.atomic():
            people.deactivate(cast.guest)
            assert cuts == []
        assert cuts == [Cut(person=cast.guest.pk)]
        assert list(Person.objects.exclude(deactivated_at=None)) == [cast.guest]

    def test_one_hearer_that_fails_keeps_no_other_from_hearing(
        self, cuts: list[Cut], caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(cut: Cut) -> None:
            raise RuntimeError("the loop is closed")

        people.on_cut.insert(0, fail)
        try:
            people.announce(Cut(person=7))
        finally:
            people.on_cut.remove(fail)
        assert cuts == [Cut(person=7)]
        assert "the loop is closed" in caplog.text

    def test_a_digest_tells_logins_apart_and_not_the_key(self) -> None:
        one, two = people.session_key_digest("one"), people.session_key_digest("two")
        assert one != two
        assert one == people.session_key_digest("one")
        assert "one" not in one


@pytest.fixture
def gone_when_cut(database: Database) -> Iterator[list[tuple[Cut, bool]]]:
    """Each cut, and whether the session was gone by then: a socket that is cut comes back with its cookie."""
    heard: list[tuple[Cut, bool]] = []

    def hear(cut: Cut) -> None:
        heard.append((cut, not Session.objects.exists()))

    people.on_cut.append(hear)
    yield heard
    people.on_cut.remove(hear)


def signed_in(person: Person) -> SessionBase:
    assert person.user is not None
    return signed_in_user(person.user)


def signed_in_user(user: Any) -> SessionBase:
    """A stored session of this user, as a login leaves it; read anew."""
    request = request_of(SessionStore())
    auth.login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    request.session.save()
    return SessionStore(request.session.session_key)


def request_of(session: SessionBase) -> HttpRequest:
    request = HttpRequest()
    request.session = session
    return request


def change(session: SessionBase, name: str, value: str) -> None:
    session[name] = value
    session.save()
