"""The shop's addresses, and Teahouse's below /chat/."""

from django.urls import include, path

from shop import views

urlpatterns = [
    path("", views.front, name="front"),
    path("as/<str:name>/", views.be, name="be"),
    path("orders/<int:pk>/", views.order, name="order"),
    path("orders/<int:pk>/pay/", views.pay, name="pay"),
    path("orders/<int:pk>/close/", views.close, name="close"),
    path("orders/<int:pk>/hand-over/", views.hand_over, name="hand-over"),
    path("chat/", include("teahouse.urls")),
]
