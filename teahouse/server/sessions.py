"""Sign-in sessions in the database, written through the one writer."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db

from teahouse import database


class SessionStore(db.SessionStore):
    """Django's, but that no write of an HTTP request competes with the journal for SQLite's file."""

    @classmethod
    def get_model_class(cls) -> Any:
        return db.SessionStore.get_model_class()

    def save(self, must_create: bool = False) -> None:
        save = super().save
        database.write(lambda: save(must_create))

    def delete(self, session_key: str | None = None) -> None:
        delete = super().delete
        database.write(lambda: delete(session_key))

    async def asave(self, must_create: bool = False) -> None:
        save = super().save
        await database.awrite(lambda: save(must_create))

    async def adelete(self, session_key: str | None = None) -> None:
        delete = super().delete
        await database.awrite(lambda: delete(session_key))
