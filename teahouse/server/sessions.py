"""Sign-in sessions in the database: under a digest of their key, and written through the one writer."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from django.contrib.sessions.backends import db
from django.utils import timezone

from teahouse import database

KEY_LENGTH: Final = 40
"""Of the column: 160 bits in hexadecimal."""


def kept(key: str) -> str:
    """What stands in the database for a session's key, which is a cookie somebody has: who reads the database, or an
    export of it, cannot use the login. The keys are random, so nothing can be guessed from it."""
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:KEY_LENGTH]


class SessionStore(db.SessionStore):
    """Django's, but for the digest, and that no page's write competes with the journal for SQLite's file."""

    @classmethod
    def get_model_class(cls) -> Any:
        return db.SessionStore.get_model_class()

    # Under its digest

    def _get_session_from_db(self) -> Any:
        found = self._rows(self.session_key).filter(expire_date__gt=timezone.now()).first()
        return self._found(found)

    async def _aget_session_from_db(self) -> Any:
        found = await self._rows(self.session_key).filter(expire_date__gt=timezone.now()).afirst()
        return self._found(found)

    def _found(self, found: Any) -> Any:
        if found is None:
            self._session_key = None
        return found

    def _rows(self, key: str | None) -> Any:
        return self.model.objects.filter(session_key=kept(key or ""))

    def exists(self, session_key: str) -> bool:
        return bool(self._rows(session_key).exists())

    async def aexists(self, session_key: str) -> bool:
        return bool(await self._rows(session_key).aexists())

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        made = super().create_model_instance(data)
        made.session_key = kept(made.session_key)
        return made

    async def acreate_model_instance(self, data: dict[str, Any]) -> Any:
        made = await super().acreate_model_instance(data)
        made.session_key = kept(made.session_key)
        return made

    # Through the writer

    def save(self, must_create: bool = False) -> None:
        save = super().save
        database.write(lambda: save(must_create))

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            database.write(lambda: self._rows(key).delete())

    async def asave(self, must_create: bool = False) -> None:
        save = super().save
        await database.awrite(lambda: save(must_create))

    async def adelete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            await database.awrite(lambda: self._rows(key).delete())
