"""Pages of rooms, and who one is. A view parses, asks `access`, reads or acts, and shapes the answer."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, resolve_url
from django.urls import NoReverseMatch, Resolver404, get_script_prefix, resolve, reverse
from django.utils import translation
from django.utils.http import escape_leading_slashes, url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from teahouse import access, database, history, middleware
from teahouse.access import Speaker
from teahouse.actions import people
from teahouse.actions.rooms import MAIN
from teahouse.conf import conf
from teahouse.live.fields import BIGGEST
from teahouse.live.handshake import GUEST_COOKIE
from teahouse.live.protocol import Problem
from teahouse.models import Room
from teahouse.models.rooms import slug_of
from teahouse.web import shell
from teahouse.web.assets import preloads
from teahouse.web.draft import NOTHING, Draft
from teahouse.web.last import Place, Seen, find, in_html, page_of
from teahouse.web.visitors import make_guest, set_ticket, speaker_of

KEPT_BY_NOBODY: Final = "max-age=0, no-cache, no-store, must-revalidate, private"
"""What `never_cache` says, at whose pace no page is made that is only put together. Redirects are kept by nobody."""
MISSING: Final = Seen(b"", b'"missing":true')
NOBODY: Final = Speaker({"id": 0, "name": "", "kind": "guest"})
"""Who has no name yet, and may read what a guest may."""


@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """The room that everybody comes to first."""
    return room_page(request, MAIN)


@require_safe
def room(request: HttpRequest, name: str) -> HttpResponseBase:
    """A room; one that is not there and one that is not yours look alike."""
    slug = slug_of(name)
    if slug == MAIN:
        return redirect("teahouse:home")
    if slug is not None and slug != name:
        return redirect("teahouse:room", slug)
    return room_page(request, name)


@require_safe
def message(request: HttpRequest, name: str, seq: int) -> HttpResponseBase:
    """A room at one of its messages. Where no message has the number, at the next one."""
    slug = slug_of(name)
    if seq > BIGGEST or (slug is not None and slug != name):
        return redirect("teahouse:message", slug or name, min(seq, BIGGEST))
    return room_page(request, name, seq)


def room_page(
    request: HttpRequest, name: str, at: int | None = None, draft: Draft = NOTHING
) -> HttpResponseBase:
    """The page of a room, at its end or at one of its messages. `draft`: what stands in its form."""
    speaker = speaker_of(request)
    if speaker is None and not conf().GUESTS:
        return redirect_to_login(way_back(request, resolve_url(settings.LOGIN_URL)))
    language = language_of(request)
    try:
        if slug_of(name) is None:  # One's own stream, which has a name on the wire, has no page.
            raise access.not_found(name)
        found, known = find(speaker or NOBODY, name, database.known_during(request))
    except Problem:
        return _page(request, name, speaker, language, None, MISSING, at, draft)
    where = Place(at, _address(found.slug, *_urls(request)))
    return _page(request, name, speaker, language, found, page_of(found, known, language, where), at, draft)


def _page(
    request: HttpRequest,
    name: str,
    speaker: Speaker | None,
    language: str,
    room: Room | None,
    seen: Seen,
    at: int | None,
    draft: Draft,
) -> HttpResponse:
    sign_out = _sign_out() if speaker and not speaker.is_guest else ""
    form = room is not None and room.archived_at is None and draft.has_form(request)
    context = {
        "name": name,
        "title": room.title if room is not None else name,
        "topic": room.topic if room is not None else "",
        "missing": room is None,
        "archived": room is not None and room.archived_at is not None,
        "form": form,
        "elsewhere": at is not None,
        "you": speaker is not None,
        "socket": socket_address(request),
        "sign_out": sign_out,
        "profile": _own_page("teahouse_profile") if sign_out else "",
        "people": _own_page("teahouse_person", 0).removesuffix("0/") if sign_out else "",
        "preloads": preloads,
        "language_cookie": settings.LANGUAGE_COOKIE_NAME,
    }
    holes = {
        "at": b' at="%d"' % at if at is not None else b"",
        "rows": seen.list,
        "first": b'{%b,"you":%b}' % (seen.data, in_html(speaker.who) if speaker else b"null"),
        "sign_in": escape(sign_in_address(request)).encode(),
        "account": escape(speaker.who["name"]).encode() if speaker and sign_out else b"",
        **(draft.holes(request, language) if form else {}),
    }
    page = shell.page(request, language, context, holes)
    status = 404 if room is None else draft.status
    return HttpResponse(page, status=status, headers={"Cache-Control": KEPT_BY_NOBODY})


def _urls(request: HttpRequest) -> tuple[str, str, str]:
    """What addresses depend on; on the language with `i18n_patterns`."""
    urls = getattr(request, "urlconf", None) or settings.ROOT_URLCONF
    return urls, request.META.get("SCRIPT_NAME", ""), translation.get_language() or ""


@lru_cache(1024)
def _address(slug: str, *_where: str) -> str:
    return reverse("teahouse:room", args=[slug])


@lru_cache(16)
def _socket(*_where: str) -> str:
    return f"{reverse('teahouse:home')}ws/"


def language_of(request: HttpRequest) -> str:
    """The reader's language, also in a project whose other pages have only one."""
    if middleware.has(middleware.LANGUAGES):
        return translation.get_language() or settings.LANGUAGE_CODE
    return translation.get_language_from_request(request)


def socket_address(request: HttpRequest) -> str:
    """Of the JSON protocol."""
    return _socket(*_urls(request))


def sign_in_address(request: HttpRequest) -> str:
    """Where people with an account sign in and come back from; empty where the project has no such page."""
    page = sign_in_page(settings.LOGIN_URL, *_urls(request))
    if not page:
        return ""
    # As `redirect_to_login` makes it, which looks the page up each time.
    comes_back = quote(way_back(request, page), safe="/")
    return f"{page}{'&' if '?' in page else '?'}{REDIRECT_FIELD_NAME}={comes_back}"


def way_back(request: HttpRequest, page: str) -> str:
    """Where people come back to from the page where they sign in: its path, or with its host where that page is on
    another one, as Django's `login_required` does it."""
    path = _page_seen(request)
    scheme, host = urlsplit(page)[:2]
    if not host or (host == request.get_host() and scheme in ("", request.scheme)):
        return path
    return request.build_absolute_uri(path)


def _page_seen(request: HttpRequest) -> str:
    """The page that the browser shows, which is another than the request's where htmx asks for a fragment of it. With
    `hx-boost` it is the page that is left."""
    shown = request.META.get("HTTP_HX_CURRENT_URL")
    boosted = "HTTP_HX_BOOSTED" in request.META
    if shown is None or boosted or not url_has_allowed_host_and_scheme(shown, request.get_host()):
        return request.get_full_path()
    parts = urlsplit(shown)
    # Before it is put together: newer Pythons write two slashes more before two.
    return str(urlunsplit(("", "", escape_leading_slashes(parts.path), parts.query, "")))


@lru_cache(16)
def sign_in_page(login: str, *_where: str) -> str:
    """Where the project's people sign in; empty where it has no such page."""
    try:
        address = resolve_url(login)
        # The default of Django, /accounts/login/, is often not there.
        return address if _is_served(address) else ""
    except NoReverseMatch:
        return ""


def _sign_out() -> str:
    """The page that asks whether to sign out: the program's, or allauth's; empty where there is none."""
    for name in ("sign_out", "account_logout"):
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return ""


def _own_page(name: str, *args: int) -> str:
    """A page of the program's accounts; a project has its own."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def _is_served(address: str) -> bool:
    """Whether the project has this page; of one with a host, which may be another's, it is taken for granted."""
    parts = urlsplit(address)
    if parts.netloc:
        return True
    before = get_script_prefix()
    path = parts.path
    try:
        resolve(f"/{path.removeprefix(before)}" if path.startswith(before) else path)
    except Resolver404:
        return False
    return True


# Who one is


@require_http_methods(["GET", "POST"])
@never_cache
def guest(request: HttpRequest) -> HttpResponse:
    """Who one is; with POST and a `name` a guest of this name, whose ticket goes into an HttpOnly cookie.

    Answers {"you": Who | null, "csrf": token}, or {"error": {…}} as the socket would say it.
    """
    speaker = speaker_of(request)
    if request.method == "GET":
        return JsonResponse({"you": speaker.who if speaker else None, "csrf": get_token(request)})
    if speaker is not None and not speaker.is_guest:
        return JsonResponse({"you": speaker.who})
    try:
        person = make_guest(request)
    except Problem as problem:
        return _refusal(problem)
    except database.Unavailable:
        unavailable = "The database cannot be reached just now; try again."
        return _refusal(Problem("unavailable", unavailable, retry=True, after=1.0))
    response = JsonResponse({"you": history.who(person)})
    set_ticket(request, response, people.ticket_for(person))
    return response


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Forgets the guest of this browser; what was said under the name stays."""
    response = JsonResponse({"you": None})
    response.delete_cookie(
        GUEST_COOKIE, path=settings.SESSION_COOKIE_PATH, domain=settings.SESSION_COOKIE_DOMAIN
    )
    return response


def _refusal(problem: Problem) -> JsonResponse:
    error = {"code": problem.code, "message": problem.message, "retry": problem.retry, "after": problem.after}
    status = {"name_taken": 409, "guests_refused": 403, "too_fast": 429, "unavailable": 503}.get(
        problem.code, 400
    )
    response = JsonResponse({"error": error}, status=status)
    if problem.after is not None:
        response["Retry-After"] = str(round(problem.after + 0.5))
    return response
