"""The pages: `path("chat/", include("teahouse.urls"))` puts them below any prefix."""

from django.urls import include, path

app_name = "teahouse"
urlpatterns = [
    path("", include("teahouse.web.urls")),
    path("api/v1/", include("teahouse.api.urls")),
]
