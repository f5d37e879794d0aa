"""What becomes of a person whose user the project deletes. In: the signal. Out: rows that name the user no more."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models.signals import post_delete

from teahouse import database
from teahouse.models import Login, OneTimeLink, Person


def connect() -> None:
    """Hears of users and of those that are deleted as one of a proxy model, of which Django tells in the proxy's name
    alone. Of a model that has the user model's table for a parent it tells in both names.

    Of no other model: one that is listened to loses Django's short way of deleting many rows.
    """
    users = get_user_model()._meta.concrete_model
    for model in apps.get_models():
        if model._meta.concrete_model is users:
            post_delete.connect(forget_user, sender=model, dispatch_uid="teahouse.forget_user")


def forget_user(instance: Any, **_: Any) -> None:
    """A user of the project was deleted: the person stays, with what they said, and nobody signs in as them. What the
    database would do by itself, where the users were in the same one for certain."""

    def forget() -> None:
        using = database.alias()
        Person.objects.using(using).filter(user=instance.pk).update(user=None)
        Login.objects.using(using).filter(user=instance.pk).delete()
        OneTimeLink.objects.using(using).filter(user=instance.pk).delete()

    database.write(forget)
