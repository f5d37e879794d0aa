"""The addresses of the program: its own pages, then the app's."""

from __future__ import annotations

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from teahouse.server import accounts, pages

admin.site.site_header = admin.site.site_title = "Teahouse"

urlpatterns = [
    path("owner/<str:token>/", accounts.owner_page, name="owner"),
    path("sign-in/", accounts.sign_in, name="sign_in"),
    path("sign-out/", accounts.sign_out, name="sign_out"),
    path("admin/login/", accounts.admin_sign_in),
    path("admin/logout/", accounts.sign_out),
    path("admin/", admin.site.urls),
    # The admin's pages name no icon, so browsers ask for this one.
    path("favicon.ico", RedirectView.as_view(url=static("teahouse/icons/teahouse.svg"))),
    path("", include("teahouse.urls")),
]

handler400 = pages.bad_request
handler403 = pages.forbidden
handler404 = pages.not_found
handler500 = pages.server_error
