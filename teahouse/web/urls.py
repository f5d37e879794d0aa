"""Addresses of the pages, in the namespace `teahouse`."""

from django.urls import path

from teahouse.web import pictures, views

urlpatterns = [
    path("", views.home, name="home"),
    path("rooms/<str:name>/", views.room, name="room"),
    path("guest/", views.guest, name="guest"),
    path("people/<int:person>/<slug:version>.webp", pictures.picture, name="picture"),
    path("guest/leave/", views.leave, name="leave"),
]
