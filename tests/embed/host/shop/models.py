"""What the shop is about. Nothing here knows of Teahouse."""

from django.conf import settings
from django.db import models


class Order(models.Model):
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    closed = models.BooleanField(default=False)
    paid = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"Order {self.pk}"
