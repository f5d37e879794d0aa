"""Names, guests and tickets, tokens, logins and what ends them. Each refusal stands beside its opposite."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from teahouse import testing
from teahouse.actions import people, tokens
from teahouse.actions.people import Cut
from teahouse.live.protocol import Problem
from teahouse.models import Person, Site, Token
from tests.app.conftest import Database


class TestUsers:
    def test_a_user_has_one_person_who_is_renamed_with_them(self, database: Database) -> None:
        user = User.objects.create_user("mei", first_name="梅")
        person = people.ensure_person(user)
        assert (person.name, person.kind, person.user) == ("梅", "user", user)
        user.first_name = "Ｍｅｉ"
        assert people.ensure_person(user).pk == person.pk
        person.refresh_from_db()
        assert (person.name, person.name_key) == ("Ｍｅｉ", "mei")

    def test_one_who_has_their_name_is_not_written_again(self, database: Database) -> None:
        user = User.objects.create_user("mei")
        people.ensure_person(user)
        with CaptureQueriesContext(connection) as queries:
            people.ensure_person(user)
        assert len(queries) == 1

    def test_many_at_once_make_one_person(self, database: Database) -> None:
        user = User.objects.create_user("mei")
        assert len(set(at_once(lambda: people.ensure_person(user).pk))) == 1
        assert Person.objects.filter(user=user).count() == 1


class TestGuests:
    def test_a_guest_has_the_name_it_took_or_a_made_up_one(self, database: Database) -> None:
        assert people.make_guest("  梅 ").name == "梅"
        made_up = people.make_guest(None)
        assert made_up.kind == "guest"
        assert made_up.name.startswith("guest-")
        assert len(made_up.name) == len("guest-") + 4

    @pytest.mark.parametrize("name", ["olga", "OLGA", "ｏｌｇａ", "ol\u200dga", "olga\ufe0f", "Teahouse"])
    def test_a_guest_cannot_take_the_name_of_a_user_or_bot(self, database: Database, name: str) -> None:
        testing.cast()
        people.site_bot()
        guest = people.make_guest("free")
        with pytest.raises(Problem, match="take another") as refused:
            people.make_guest(name)
        assert refused.value.code == "name_taken"
        with pytest.raises(Problem, match="take another") as refused:
            people.rename_guest(guest.pk, name)
        assert refused.value.code == "name_taken"
        guest.refresh_from_db()
        assert guest.name == "free"
        assert not people.guest_name_free(name)

    def test_a_guest_can_take_any_other(self, database: Database) -> None:
        cast = testing.cast()
        assert people.guest_name_free("olg")
        assert people.make_guest("olg").name == "olg"
        assert people.make_guest(cast.guest.name).pk != cast.guest.pk
        people.deactivate(cast.owner)
        assert people.rename_guest(cast.guest.pk, "Olga").name == "Olga"

    def test_only_a_guest_is_renamed(self, database: Database) -> None:
        cast = testing.cast()
        with pytest.raises(Person.DoesNotExist):
            people.rename_guest(cast.member.pk, "somebody")
        assert people.rename_guest(cast.guest.pk, "somebody").name_key == "somebody"


class TestTickets:
    guest = Person(pk=7, kind=Person.Kind.GUEST, name="梅")

    def test_a_ticket_is_good_for_its_guest(self) -> None:
        ticket = people.ticket_for(self.guest)
        assert ticket.startswith("tkt_")
        assert people.person_of_ticket(ticket) == 7

    def test_a_ticket_that_was_tampered_with_is_not(self) -> None:
        ticket = people.ticket_for(self.guest)
        for at in range(len(ticket)):
            other = "A" if ticket[at] != "A" else "B"
            # The last character of a base64 number has bits that say nothing.
            if at not in (len(ticket) - 1,):
                assert people.person_of_ticket(ticket[:at] + other + ticket[at + 1 :]) is None, at
        for wrong in (
            "",
            "tkt_",
            "tkt_a:b:c",
            ticket[4:],
            ticket[:-2],
            "tkt_\ud800",
            "tkt_梅",
            f"{ticket}\x00",
        ):
            assert people.person_of_ticket(wrong) is None

    def test_what_was_signed_for_something_else_is_no_ticket(self) -> None:
        assert people.person_of_ticket("tkt_" + signing.dumps(7, salt="other")) is None
        assert people.person_of_ticket("tkt_" + signing.dumps("7", salt=people.TICKET_SALT)) is None
        assert people.person_of_ticket("tkt_" + signing.dumps(7, salt=people.TICKET_SALT)) == 7

    def test_it_outlives_a_rotated_secret_while_the_old_one_is_a_fallback(self, settings: Settings) -> None:
        ticket = people.ticket_for(self.guest)
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]
        assert people.person_of_ticket(ticket) == 7
        settings.SECRET_KEY_FALLBACKS = []
        assert people.person_of_ticket(ticket) is None

    @pytest.mark.parametrize("kind", [Person.Kind.USER, Person.Kind.BOT])
    def test_only_guests_get_one(self, kind: Person.Kind) -> None:
        with pytest.raises(ValueError, match="only guests get tickets"):
            people.ticket_for(Person(pk=7, kind=kind, name="x"))


class TestTokens:
    def test_a_token_is_good_until_it_is_revoked(self, database: Database, cuts: list[Cut]) -> None:
        bot = people.make_bot("Deploy")
        kept, revoked = people.make_token(bot, "kept"), people.make_token(bot, "revoked")
        assert kept.startswith("tok_")
        assert people.person_of_token(revoked) == bot
        people.revoke_token(Token.objects.get(label="revoked"))
        assert people.person_of_token(revoked) is None
        assert people.person_of_token(kept) == bot
        assert cuts == [Cut(token_digest=people.token_digest(revoked))]

    def test_it_costs_one_query_and_its_secret_is_not_stored(self, database: Database) -> None:
        token = people.make_token(people.make_bot("Deploy"))
        with CaptureQueriesContext(connection) as queries:
            assert people.person_of_token(token) is not None
        assert len(queries) == 1
        assert token not in str(Token.objects.values_list())

    def test_a_wrong_token_is_nobodys(self, database: Database) -> None:
        token = people.make_token(people.make_bot("Deploy"))
        for wrong in (
            "",
            "tok_",
            token[:-1],
            f"{token}A",
            token.upper(),
            token[4:],
            "tok_\ud800",
            "tok_\x00",
        ):
            assert people.person_of_token(wrong) is None
        assert people.person_of_token(token) is not None

    def test_a_users_token_goes_with_the_account(self, database: Database) -> None:
        cast = testing.cast()
        tokens = [people.make_token(person) for person in (cast.owner, cast.member, cast.outsider)]
        User.objects.filter(username="olga").update(is_active=False)
        User.objects.get(username="mei").delete()
        found = [people.person_of_token(token) for token in tokens]
        assert found == [None, None, cast.outsider]

    def test_a_deactivated_bot_is_known_so_that_it_can_be_told(self, database: Database) -> None:
        bot = people.make_bot("Deploy")
        token = people.make_token(bot)
        people.deactivate(bot)
        found = people.person_of_token(token)
        assert found is not None
        assert found.deactivated_at is not None

    def test_a_bot_takes_no_users_name(self, database: Database) -> None:
        testing.cast()
        with pytest.raises(Problem, match="take another"):
            people.make_bot("Olga")
        assert people.make_bot("Olga's bot").kind == "bot"


class TestTokensThatEnd:
    def test_one_that_has_expired_is_good_no_more(self, database: Database) -> None:
        bot = people.make_bot("Deploy")
        lasting = people.make_token(bot, expires_at=timezone.now() + timedelta(hours=1))
        over = people.make_token(bot)
        bot.tokens.filter(digest=people.token_digest(over)).update(expires_at=timezone.now())
        assert [people.person_of_token(token) for token in (lasting, over)] == [bot, None]
        digests = {people.token_digest(token) for token in (lasting, over)}
        assert people.revoked_tokens(digests) == {people.token_digest(over)}

    def test_when_one_was_used_is_kept_to_the_hour(self, database: Database) -> None:
        bot = people.make_bot("Deploy")
        digest = people.token_digest(people.make_token(bot))
        tokens.note_used({digest})
        first = bot.tokens.get().last_used_at
        assert first is not None
        tokens.note_used({digest})
        assert bot.tokens.get().last_used_at == first
        bot.tokens.update(last_used_at=first - timedelta(hours=2))
        tokens.note_used({digest})
        again = bot.tokens.get().last_used_at
        assert again is not None
        assert again > first - timedelta(hours=1)

    def test_a_person_has_so_many_and_no_more(self, database: Database) -> None:
        bot = people.make_bot("Deploy")
        made = [people.make_token(bot) for _ in range(tokens.MOST)]
        with pytest.raises(Problem, match="at most"):
            people.make_token(bot)
        people.revoke_token(bot.tokens.get(digest=people.token_digest(made[0])))
        people.make_token(bot)


class TestSite:
    def test_many_at_once_make_one_site_and_one_bot(self, database: Database) -> None:
        assert len(set(at_once(people.site_key))) == 1
        assert Site.objects.count() == 1
        assert Person.objects.filter(kind="bot").count() == 1

    def test_many_at_once_make_one_bot_of_a_site_that_has_none(self, database: Database) -> None:
        people.site_key()
        Person.objects.all().delete()
        assert len(set(at_once(lambda: people.site_bot().pk))) == 1
        assert Person.objects.get().name == "Teahouse"


class TestCommand:
    def test_it_makes_a_bot_and_a_token_for_it(self, database: Database) -> None:
        status, output = database.manage("teahouse_token", "Deploy", "--label", "server 1")
        assert status == 0, output
        tokens = [output.strip(), printed("Deploy", label="server 2")]
        bot = Person.objects.get(kind="bot")
        assert bot.name == "Deploy"
        assert [people.person_of_token(token) for token in tokens] == [bot, bot]
        listed = [line.split("\t") for line in printed("Deploy", list=True).splitlines()]
        assert [label for _, _, label, *_ in listed] == ["server 1", "server 2"]
        assert [allowed for *_, allowed, _, _ in listed] == ["read,write,manage"] * 2
        assert printed("Deploy", revoke=int(listed[0][0])) == ""
        assert [people.person_of_token(token) for token in tokens] == [None, bot]

    def test_it_gives_scopes_and_an_end(self, database: Database) -> None:
        token = printed("Deploy", scopes="write, read", days=3)
        held = tokens.holders_of_tokens([people.token_digest(token)])[people.token_digest(token)]
        assert held is not None
        assert held.scopes == {"read", "write"}
        assert held.expires_at is not None
        assert timedelta(days=2) < held.expires_at - timezone.now() <= timedelta(days=3)
        listed = printed("Deploy", list=True).split("\t")
        assert listed[3:] == ["read,write", f"{held.expires_at:%Y-%m-%d}", "-"]
        for wrong in ({"scopes": "all"}, {"days": 0}, {"days": 4000}):
            with pytest.raises(CommandError, match=r"scope|days"):
                printed("Deploy", **wrong)

    def test_it_makes_a_token_for_a_user(self, database: Database) -> None:
        cast = testing.cast()
        assert people.person_of_token(printed("mei")) == cast.member

    @pytest.mark.parametrize(
        ("name", "options", "right"),
        [
            ("mei", {}, "was deactivated"),
            ("a" * 41, {}, "this one has 41"),
            ("nobody", {"list": True}, "no user and no bot 'nobody'"),
            ("olga", {"revoke": 7}, "no good token 7"),
            ("olga", {"label": "l" * 81}, "at most 80 characters"),
        ],
    )
    def test_it_says_what_is_wrong_and_makes_nothing(
        self, database: Database, name: str, options: dict[str, Any], right: str
    ) -> None:
        people.deactivate(testing.cast().member)
        with pytest.raises(CommandError, match=right):
            printed(name, **options)
        assert not Token.objects.exists()


def at_once(run: Callable[[], Any], times: int = 6) -> list[Any]:
    """What each of several threads gets that run it at the same moment."""
    ready = Barrier(times)

    def go(_: int) -> Any:
        try:
            ready.wait(10)
            return run()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(go, range(times)))


def printed(name: str, **options: Any) -> str:
    output = StringIO()
    call_command("teahouse_token", name, stdout=output, **options)
    return output.getvalue().strip()
