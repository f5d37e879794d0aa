"""The addresses of the example, and Teahouse's below /chat/."""

from django.urls import include, path

from dashboard import views

urlpatterns = [
    path("", views.front, name="front"),
    path("as/<str:name>/", views.be, name="be"),
    path("build/", views.build, name="build"),
    path("chat/", include("teahouse.urls")),
]
