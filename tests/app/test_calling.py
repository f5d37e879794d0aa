"""What calling costs: a message that calls nobody asks nothing, and the others a fixed number of queries."""

from __future__ import annotations

from teahouse.access import Speaker
from teahouse.actions import membership, mentions, rooms
from teahouse.actions.mentions import Called
from teahouse.journal import Journal
from teahouse.models import Mention, Room
from teahouse.render import mentioned_names
from tests.app.conftest import Database
from tests.app.journals import stored
from tests.app.recording import person
from tests.app.telling import done, grant_of, queries, say


def test_of_calling_everyone(database: Database, running: Journal, owner: Speaker, tea: Room) -> None:
    crowd = [person(f"Guest {number:03}") for number in range(60)]
    invited = rooms.streams([({"id": one.pk, "name": one.name, "kind": "user"}, None) for one in crowd])
    done(running, membership.invite(owner, grant_of(owner), invited))
    grant = grant_of(owner)
    with queries(3):
        everyone = mentions.called(owner.id, grant, ["nobody", "room"], ())
    assert everyone == Called(tuple(sorted((who["id"], stream) for who, stream in invited)), by_word=True)
    with queries(1):
        assert mentions.called(owner.id, grant, ["nobody"], ()) == Called()
    with queries(3):
        here = mentions.called(owner.id, grant, ["here"], {crowd[0].pk, 10**9})
    assert [one for one, _ in here.people] == [crowd[0].pk]
    entry = say(tea, crowd[1], "@room", mentions=everyone.people)
    stored(running, [entry])
    assert Mention.objects.count() == 60


def test_a_name_of_several_words_is_the_longest_that_somebody_has(
    database: Database, running: Journal, owner: Speaker, tea: Room
) -> None:
    ada, lovelace, conor = (person(name) for name in ("Ada", "Ada Lovelace", "Conor O'Brien"))
    invited = rooms.streams(
        [({"id": one.pk, "name": one.name, "kind": "user"}, None) for one in (ada, lovelace, conor)]
    )
    done(running, membership.invite(owner, grant_of(owner), invited))

    def called(text: str) -> list[int]:
        names = mentioned_names(text)
        return [one for one, _ in mentions.called(owner.id, grant_of(owner), names, ()).people]

    assert called("@ada lovelace said so") == [lovelace.pk]
    assert called("@Ada said so, and Lovelace too") == [ada.pk]
    assert called("@Ada's tea for @Conor O'Brien") == [ada.pk, conor.pk]
    assert called("@Ada Lovelace's tea") == [lovelace.pk]
    assert called("@Conor said so") == []
