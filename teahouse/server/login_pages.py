"""The page of the browsers in which one is signed in."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from teahouse.models import Login
from teahouse.server import logins
from teahouse.server.recent import account_page, person_of
from teahouse.server.sessions import kept


@account_page
@require_http_methods(["GET"])
def devices(request: HttpRequest) -> HttpResponse:
    """`/account/devices/`: this browser first."""
    own = kept(request.session.session_key or "")
    rows = sorted(logins.of(request.user), key=lambda login: login.kept != own)
    context = {
        "logins": [(login, logins.browser_of(login.agent), login.kept == own) for login in rows],
        "person": person_of(request),
        "tab": "devices",
    }
    return render(request, "server/devices.html", context)


@account_page
@require_POST
def sign_out_there(request: HttpRequest, pk: int) -> HttpResponse:
    """`/account/devices/<id>/sign-out/`: answers when its sockets are closed in every process."""
    login = Login.objects.filter(user=request.user.pk, pk=pk).first()
    if login is not None and login.kept == kept(request.session.session_key or ""):
        return redirect("sign_out")
    # One that is gone already, or somebody else's, is signed out as well as it can be.
    if login is not None:
        logins.end(login)
    messages.success(request, _("Signed out there."))
    return redirect("devices")


@account_page
@require_POST
def sign_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """`/account/devices/sign-out/`: everywhere but here."""
    logins.end_all(request.user, but=request.session.session_key)
    messages.success(request, _("Everywhere else you are signed out."))
    return redirect("devices")
