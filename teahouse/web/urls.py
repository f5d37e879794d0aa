"""Addresses of the pages, in the namespace `teahouse`."""

from django.urls import path

from teahouse.web import frames, hooks, installed, metrics, pictures, rooms, saying, views

urlpatterns = [
    path("", views.home, name="home"),
    path("rooms/", rooms.rooms, name="rooms"),
    path("rooms/<str:name>/", views.room, name="room"),
    path("rooms/<str:name>/say/", saying.say, name="say"),
    path("rooms/<str:name>/<int:seq>/", views.message, name="message"),
    path("manifest.webmanifest", installed.manifest, name="manifest"),
    path("worker.js", installed.worker, name="worker"),
    path("offline/", installed.offline, name="offline"),
    path("frames/", frames.frames, name="frames"),
    path("hooks/<str:secret>", hooks.speak, name="hook"),
    path("hooks/<str:secret>/", hooks.speak),
    path("metrics", metrics.metrics, name="metrics"),
    path("guest/", views.guest, name="guest"),
    path("people/<int:person>/<slug:version>.webp", pictures.picture, name="picture"),
    path("guest/leave/", views.leave, name="leave"),
]
