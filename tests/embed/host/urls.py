from django.contrib import admin
from django.urls import include, path

from tests.embed.host.shop import views

urlpatterns = [
    path("orders/<int:pk>/", views.order, name="order"),
    path("orders/<int:pk>/pay/<str:how>/", views.pay),
    path("orders/<int:pk>/change/", views.change),
    path("orders/<int:pk>/hand-over/<str:to>/", views.hand_over),
    path("orders/<int:pk>/hook/<str:how>/", views.hook),
    path("orders/<int:pk>/delete/", views.delete),
    path("accounts/", include("django.contrib.auth.urls")),
    path("admin/", admin.site.urls),
    path("talk/", include("teahouse.urls")),
]
