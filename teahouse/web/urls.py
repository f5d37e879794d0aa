"""Addresses of the pages, in the namespace `teahouse`."""

from django.urls import path

from teahouse.web import views

urlpatterns = [
    path("", views.home, name="home"),
    path("rooms/<str:name>/", views.room, name="room"),
    path("rooms/<str:name>/<int:seq>/", views.message, name="message"),
    path("guest/", views.guest, name="guest"),
    path("guest/leave/", views.leave, name="leave"),
]
