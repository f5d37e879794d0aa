"""The addresses of a project with the chat's pages in it."""

from django.urls import include, path

urlpatterns = [path("chat/", include("teahouse.urls"))]
