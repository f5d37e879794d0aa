"""What a project may have instead of what Django brings: a cache, a mail server and a storage that take nothing."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.base import BaseCache
from django.core.files.storage import Storage
from django.core.mail.backends.base import BaseEmailBackend


class Refused(Exception):
    """Somebody has asked for it."""


def _refuse(*_: Any, **__: Any) -> Any:
    raise Refused("nothing of Teahouse's needs this")


class Cache(BaseCache):
    def __init__(self, _location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    add = get = set = touch = delete = clear = has_key = incr = _refuse


class Mail(BaseEmailBackend):
    send_messages = _refuse


class Files(Storage):
    _open = _save = delete = exists = listdir = size = url = _refuse
