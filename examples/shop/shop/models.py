"""The shop's own model. Nothing in it is about chat."""

from django.conf import settings
from django.db import models


class Order(models.Model):
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    what = models.CharField(max_length=100)
    paid = models.BooleanField(default=False)
    closed = models.BooleanField(default=False)

    def __str__(self):
        return f"Order {self.pk}: {self.what}"
