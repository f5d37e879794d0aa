"""The addresses of the program: the app's, then its own pages."""

from __future__ import annotations

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from teahouse.server import (
    accounts,
    app_pages,
    first_steps,
    hook_pages,
    invitation_pages,
    login_pages,
    pages,
    password_pages,
    people_pages,
    place,
    profile_pages,
    recent,
    status_pages,
    token_pages,
)

admin.site.site_header = admin.site.site_title = lazy(place.name, str)()

urlpatterns = [
    # First, since it is what is asked for most: each pattern before it is tried for each page of a room.
    path("", include("teahouse.urls")),
    path("owner/<str:token>/", accounts.owner_page, name="owner"),
    path("welcome/", first_steps.name_page, name="welcome"),
    path("welcome/rooms/", first_steps.rooms_page, name="welcome_rooms"),
    path("welcome/people/", first_steps.people_page, name="welcome_people"),
    path("status/", status_pages.page, name="status"),
    path("status/figures/", status_pages.figures, name="status_figures"),
    path("sign-in/", accounts.sign_in, name="sign_in"),
    path("sign-out/", accounts.sign_out, name="sign_out"),
    path("join/<str:token>/", invitation_pages.join_page, name="join"),
    path("reset/", password_pages.forgotten, name="forgotten"),
    path("reset/<str:token>/", password_pages.reset_page, name="reset"),
    path("people/<int:pk>/", profile_pages.person_page, name="teahouse_person"),
    path("account/", profile_pages.profile, name="teahouse_profile"),
    path("account/picture/", profile_pages.picture, name="set_picture"),
    path("account/confirm/", recent.confirm, name="confirm"),
    path("account/password/", password_pages.password_page, name="password"),
    path("account/address/", password_pages.address, name="address"),
    path("account/address/<str:token>/", password_pages.address_confirm, name="address_confirm"),
    path("account/devices/", login_pages.devices, name="devices"),
    path("account/devices/sign-out/", login_pages.sign_out_elsewhere, name="sign_out_elsewhere"),
    path("account/devices/<int:pk>/sign-out/", login_pages.sign_out_there, name="sign_out_there"),
    path("account/tokens/", token_pages.list_page, name="tokens"),
    path("account/tokens/make/", token_pages.make, name="make_token"),
    path("account/tokens/<int:pk>/revoke/", token_pages.revoke, name="revoke_token"),
    path("account/invitations/", invitation_pages.list_page, name="invitations"),
    path("account/invitations/<int:pk>/", invitation_pages.invitation_page, name="invitation"),
    path("account/invitations/<int:pk>/revoke/", invitation_pages.revoke, name="revoke_invitation"),
    path("account/people/", people_pages.list_page, name="people"),
    path("account/people/<int:pk>/", people_pages.person_page, name="people_person"),
    path("account/people/<int:pk>/deactivate/", people_pages.deactivate, name="deactivate"),
    path("account/people/<int:pk>/activate/", people_pages.activate, name="activate"),
    path("account/people/<int:pk>/reset-link/", people_pages.reset_link, name="reset_link"),
    path("account/people/<int:pk>/owner/", people_pages.make_owner, name="make_owner"),
    path("account/people/<int:pk>/no-owner/", people_pages.unmake_owner, name="unmake_owner"),
    path("account/people/<int:pk>/account/", people_pages.make_account, name="make_account"),
    path("account/apps/", app_pages.list_page, name="apps"),
    path("account/apps/bots/", app_pages.make_bot, name="make_bot"),
    path("account/apps/bots/<int:pk>/", app_pages.bot_page, name="bot"),
    path("account/apps/bots/<int:pk>/tokens/", app_pages.make_token, name="make_bot_token"),
    path(
        "account/apps/bots/<int:pk>/tokens/<int:token>/revoke/",
        app_pages.revoke_token,
        name="revoke_bot_token",
    ),
    path("account/apps/bots/<int:pk>/incoming/", app_pages.make_incoming, name="make_incoming"),
    path(
        "account/apps/bots/<int:pk>/incoming/<int:hook>/revoke/",
        app_pages.revoke_incoming,
        name="revoke_incoming",
    ),
    path("account/apps/bots/<int:pk>/deactivate/", app_pages.deactivate, name="deactivate_bot"),
    path("account/apps/hooks/", hook_pages.make, name="make_webhook"),
    path("account/apps/hooks/<int:pk>/", hook_pages.page, name="webhook"),
    path("account/apps/hooks/<int:pk>/stop/", hook_pages.stop, name="stop_webhook"),
    path("account/apps/hooks/<int:pk>/start/", hook_pages.start, name="start_webhook"),
    path("account/apps/hooks/<int:pk>/delete/", hook_pages.delete, name="delete_webhook"),
    path(
        "account/apps/hooks/<int:pk>/deliveries/<int:delivery>/again/",
        hook_pages.replay,
        name="replay_delivery",
    ),
    path("admin/login/", accounts.admin_sign_in),
    path("admin/logout/", accounts.sign_out),
    path("admin/", admin.site.urls),
    # The admin's pages name no icon, so browsers ask for this one.
    path("favicon.ico", RedirectView.as_view(url=static("teahouse/icons/teahouse.svg"))),
]

handler400 = pages.bad_request
handler403 = pages.forbidden
handler404 = pages.not_found
handler500 = pages.server_error
