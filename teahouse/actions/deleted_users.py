"""What becomes of a person whose user the project deletes. In: the signal. Out: rows that name the user no more."""

from __future__ import annotations

from typing import Any

from teahouse import database
from teahouse.models import Login, OneTimeLink, Person


def forget_user(instance: Any, **_: Any) -> None:
    """A user of the project was deleted: the person stays, with what they said, and nobody signs in as them. What the
    database would do by itself, where the users were in the same one for certain."""

    def forget() -> None:
        using = database.alias()
        Person.objects.using(using).filter(user=instance.pk).update(user=None)
        Login.objects.using(using).filter(user=instance.pk).delete()
        OneTimeLink.objects.using(using).filter(user=instance.pk).delete()

    database.write(forget)
