"""Addresses of the pages, in the namespace `teahouse`."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from teahouse.web import frames, hooks, installed, metrics, pictures, rooms, saying, views

# What is marked asks by itself who somebody is (a token, a secret in the address, a guest's ticket), or shows nothing
# of anybody: with Django's LoginRequiredMiddleware it would send programs to a form that they can do nothing with.
urlpatterns = [
    path("", views.home, name="home"),
    path("rooms/", rooms.rooms, name="rooms"),
    path("rooms/<str:name>/", views.room, name="room"),
    path("rooms/<str:name>/say/", saying.say, name="say"),
    path("rooms/<str:name>/<int:seq>/", views.message, name="message"),
    path("manifest.webmanifest", login_not_required(installed.manifest), name="manifest"),
    path("worker.js", login_not_required(installed.worker), name="worker"),
    path("offline/", login_not_required(installed.offline), name="offline"),
    path("frames/", login_not_required(frames.frames), name="frames"),
    path("hooks/<str:secret>", login_not_required(hooks.speak), name="hook"),
    path("hooks/<str:secret>/", login_not_required(hooks.speak)),
    path("metrics", login_not_required(metrics.metrics), name="metrics"),
    path("guest/", login_not_required(views.guest), name="guest"),
    path("people/<int:person>/<slug:version>.webp", pictures.picture, name="picture"),
    path("guest/leave/", login_not_required(views.leave), name="leave"),
]
