"""Pages of passwords: changing it, the mail address for a forgotten one, and the links that give another."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import EmailValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from teahouse import database
from teahouse.server import accounts, passwords, place, tries
from teahouse.server.owner import LinkRefused
from teahouse.server.recent import RedirectAndThen, account_page, after_recent_sign_in, person_of


class ResetForm(accounts.NewPasswordForm):
    """A new password, twice."""

    def __init__(self, user: Any, *args: Any, **more: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **more})
        self.user = user
        self.fields["password"].label = _("New password")


class ChangePasswordForm(ResetForm):
    """The present password, and a new one."""

    present = forms.CharField(
        label=gettext_lazy("Present password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ("present", "password", "again")

    def clean_present(self) -> str:
        present: str = self.cleaned_data["present"]
        if not self.user.check_password(present):
            raise forms.ValidationError(accounts.wrong_password())
        return present


class AddressForm(forms.Form):
    """A mail address; empty takes it away."""

    address = forms.CharField(
        label=gettext_lazy("Mail address"),
        required=False,
        max_length=254,
        validators=[EmailValidator()],
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


@account_page
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password_page(request: HttpRequest) -> HttpResponse:
    """`/account/password/`: another password; everyone else who is signed in as this person is out."""
    if seconds := tries.wait(request, request.user.get_username()):
        return accounts.too_many(request, seconds)
    form = ChangePasswordForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        before = passwords.change(request, form.cleaned_data["password"])
        messages.success(request, _("You have a new password. Everywhere else you are signed out."))
        return RedirectAndThen(reverse("password"), partial(passwords.come_again, before))
    return _password_page(request, form, AddressForm(initial={"address": getattr(request.user, "email", "")}))


def _password_page(request: HttpRequest, form: forms.Form, address: forms.Form) -> HttpResponse:
    address.label_suffix = ""
    context = {
        "form": form,
        "address": address,
        "mail": passwords.mail_is_set_up(),
        "person": person_of(request),
        "tab": "password",
    }
    return render(
        request, "server/password.html", context, status=400 if form.errors or address.errors else 200
    )


@account_page
@require_POST
@after_recent_sign_in
def address(request: HttpRequest) -> HttpResponse:
    """`/account/address/`: mails a link to the new address; it is theirs when they come back by it."""
    if seconds := tries.wait(request):
        return accounts.too_many(request, seconds)
    form = AddressForm(request.POST)
    if not passwords.mail_is_set_up() or not form.is_valid():
        return _password_page(request, ChangePasswordForm(request.user), form)
    wanted = form.cleaned_data["address"]
    if not wanted:
        database.write(partial(passwords.set_address, request.user, ""))
        messages.success(request, _("Your mail address is forgotten."))
        return redirect("password")
    token = passwords.address_token(request.user, wanted)
    link = passwords.mailed_link(reverse("address_confirm", args=[token]))
    text = _mail(_("This link makes %(address)s the mail address of %(name)s:"))
    said = text % {"address": wanted, "name": request.user.get_username(), "link": link}
    if passwords.send(wanted, _("Your mail address for %s") % place.name(), said):
        messages.success(
            request, _("A link is on its way to %s. Open it here, and the address is yours.") % wanted
        )
    else:
        messages.error(request, _("The mail could not be sent; the server's log says why."))
    return redirect("password")


@account_page
@require_http_methods(["GET", "POST"])
def address_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """`/account/address/<token>/`: asks, since programs that read mail follow links."""
    wanted = passwords.address_of_token(request.user, token)
    if wanted is None:
        return render(request, "server/link_refused.html", status=410)
    if request.method == "POST":
        database.write(partial(passwords.set_address, request.user, wanted))
        messages.success(request, _("Links for a new password are mailed to %s from now on.") % wanted)
        return redirect("password")
    return render(request, "server/address_confirm.html", {"address": wanted})


def _mail(says: str) -> str:
    """A mail with one link in it."""
    return "\n\n".join((says, "%(link)s", _("If you did not ask for it, do nothing.")))


# Forgotten


@never_cache
@require_http_methods(["GET", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """`/reset/`: mails a link where mail is set up. Says the same whether there is such an account or not."""
    mail = passwords.mail_is_set_up()
    if request.method == "POST" and mail:
        if seconds := tries.wait(request):
            return accounts.too_many(request, seconds)
        passwords.send_links(
            request.POST.get("named", ""),
            lambda token: passwords.mailed_link(reverse("reset", args=[token])),
            _("A new password for %s") % place.name(),
            _mail(_("With this link %(name)s takes a new password, once, within an hour:")),
        )
        return render(request, "server/forgotten.html", {"mail": mail, "sent": True})
    return render(request, "server/forgotten.html", {"mail": mail, "sent": False})


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def reset_page(request: HttpRequest, token: str) -> HttpResponse:
    """`/reset/<token>/`: another password by a link that works once; all that was signed in is out."""
    if seconds := tries.wait(request):
        return accounts.too_many(request, seconds)
    try:
        link = passwords.usable(token)
        form = ResetForm(link.user, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            user = passwords.reset(token, form.cleaned_data["password"])
            messages.success(request, _("You have a new password. Everywhere else you are signed out."))
            return accounts.signed_in(request, user, reverse("password"))
    except LinkRefused:
        return render(request, "server/link_refused.html", {"forgotten": True}, status=410)
    context = {"form": form, "name": link.user.get_username() if link.user else ""}
    return render(request, "server/reset.html", context, status=400 if form.errors else 200)
