"""Addresses of people, and of what concerns oneself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Body, Path, Query, Router

from teahouse.actions import people as actions
from teahouse.api import shapes
from teahouse.api.answers import MadeToken, Me, PersonView, Tokens
from teahouse.api.asking import ask, ask_one
from teahouse.api.own import GetPerson, ListTokens, MakeToken, RevokeToken, made
from teahouse.api.shaping import answer, nothing
from teahouse.live.replies import ActivityResult, PeopleResult, SettingsResult, ThreadsResult
from teahouse.scopes import SCOPES

router = Router(tags=["People"])
tokens = Router(tags=["Tokens"])


@router.get("/me", response=Me)
def me(request: HttpRequest) -> HttpResponse:
    """Who one is, what one may do besides what each room says, and the limits to keep to. Any scope."""
    hello = ask_one(request, "hello")
    given = request.teahouse_told.scopes  # type: ignore[attr-defined]
    told = {name: hello[name] for name in Me.__annotations__ if name in hello}
    return answer({**told, "scopes": None if given is None else [name for name in SCOPES if name in given]})


@router.patch("/me/settings", response=SettingsResult)
def change_settings(request: HttpRequest, body: Body[shapes.OwnSettings]) -> HttpResponse:
    """Changes own settings for all devices: any of them; null takes one back. Scope `write`."""
    return answer(ask_one(request, "settings", **body.given()))


@router.get("/me/activity", response=ActivityResult)
def activity(request: HttpRequest, page: Query[shapes.Newest]) -> HttpResponse:
    """What needs one, newest first: mentions, replies to own messages, reactions to them. Scope `read`."""
    return answer(ask_one(request, "activity", **page.given()))


@router.get("/me/threads", response=ThreadsResult)
def threads(request: HttpRequest, page: Query[shapes.Newest]) -> HttpResponse:
    """The threads that one takes part in, those in which something was said last first. Scope `read`."""
    return answer(ask_one(request, "threads", **page.given()))


@router.get("/people", response=PeopleResult)
def people(request: HttpRequest, page: Query[shapes.PeopleSearch]) -> HttpResponse:
    """People whose names begin so, those of the room first. Scope `read`."""
    return answer(ask_one(request, "people", **{"search": "", **page.given()}))


@router.get("/people/{person}", response=PersonView)
def get_person(request: HttpRequest, person: Path[shapes.Id]) -> HttpResponse:
    """Tells of a person whom one may know of. Scope `read`."""
    return answer(ask(request, made(GetPerson, person=person))[0])


# Tokens


@tokens.get("/tokens", response=Tokens)
def list_tokens(request: HttpRequest) -> HttpResponse:
    """Lists own tokens that are good. Scope `tokens`."""
    return answer(ask(request, made(ListTokens))[0])


@tokens.post("/tokens", response={201: MadeToken})
def make_token(request: HttpRequest, body: Body[shapes.NewToken]) -> HttpResponse:
    """Makes a token of one's own. It is for no more, and lasts no longer, than the one that makes it, and is told this
    once. Scope `tokens`."""
    wanted = made(MakeToken, label=body.label, scopes=list(body.scopes), expires_at=body.expires_at)
    return answer(ask(request, wanted)[0], 201)


@tokens.delete("/tokens/{token}", response={204: None})
def revoke_token(request: HttpRequest, token: Path[shapes.Id]) -> HttpResponse:
    """Revokes a token; its sessions have ended in all processes when this is answered. Scope `tokens`."""
    ended = ask(request, made(RevokeToken, token=token))[0]
    # The writer did not wait for the other processes; the answer to this request does.
    actions.announce(actions.Cut(token_digest=ended["digest"]))
    return nothing()
