"""The addresses of the example, and Teahouse's below /chat/."""

from django.urls import include, path

from support import views

urlpatterns = [
    path("", views.front, name="front"),
    path("as/<str:name>/", views.be, name="be"),
    path("ask/", views.ask, name="ask"),
    path("tickets/<uuid:pk>/", views.ticket, name="ticket"),
    path("tickets/<uuid:pk>/close/", views.close, name="close"),
    path("desk/", views.desk, name="desk"),
    path("chat/", include("teahouse.urls")),
]
