"""Teahouse's tables stand in a database of their own, as a project with a large one may want it."""

from typing import Any


class Router:
    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "talk" if model._meta.app_label == "teahouse" else "default"

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == "talk") == (app_label == "teahouse")
