"""DATABASE_URL and TEAHOUSE_MAIL_URL become Django's settings."""

import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from teahouse.server import databases, logs, mail, serve
from teahouse.server.forms import without_password
from teahouse.server.words import Refused

DATA = Path("/srv/tea")


def made(url: str | None) -> dict[str, Any]:
    return databases.django_database(url, DATA, 16)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (None, "/srv/tea/teahouse.sqlite3"),
        ("sqlite:///other.sqlite3", "/srv/tea/other.sqlite3"),
        ("sqlite:////var/lib/tea.sqlite3", "/var/lib/tea.sqlite3"),
        ("sqlite:///with%20space.sqlite3", "/srv/tea/with space.sqlite3"),
    ],
)
def test_sqlite(url: str | None, name: str) -> None:
    database = made(url)
    assert database["NAME"] == name
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert database["OPTIONS"]["timeout"] == 20
    assert "synchronous=FULL" in database["OPTIONS"]["init_command"]


def test_postgres() -> None:
    database = made("postgres://m%40i:p%2Fw%3A@db.example.org:5433/tea%20house?sslmode=verify-full")
    assert (database["USER"], database["PASSWORD"]) == ("m@i", "p/w:")
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example.org", "5433", "tea house")
    assert database["OPTIONS"]["sslmode"] == "verify-full"
    assert database["OPTIONS"]["pool"]["max_size"] == 16
    assert database["CONN_MAX_AGE"] == 0


def test_postgres_over_a_socket() -> None:
    database = made("postgresql:///tea?host=/run/postgresql")
    assert (database["HOST"], database["USER"], database["NAME"]) == ("/run/postgresql", "", "tea")


def test_a_parameter_that_libpq_does_not_know_is_refused() -> None:
    with pytest.raises(Refused, match="'sslmod' is no parameter"):
        made("postgres://db/tea?sslmod=require")


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    databases.need_driver("postgres://db/tea")
    databases.need_driver(None)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    databases.need_driver(None)
    databases.need_driver("sqlite:///tea.sqlite3")
    with pytest.raises(Refused, match=r"pip install .teahouse\[postgres\]"):
        databases.need_driver("postgres://db/tea")
    monkeypatch.setitem(sys.modules, "channels_redis", None)
    with pytest.raises(Refused, match=r"pip install .teahouse\[redis\]"):
        serve.need_redis("redis://localhost")


@pytest.mark.parametrize(
    ("url", "port", "ssl", "starttls"),
    [
        ("smtp://mail.example.org", 25, False, False),
        ("smtp://mei:p%40ss@mail.example.org", 587, False, True),
        ("smtp://mei:p%40ss@mail.example.org:2525", 2525, False, True),
        ("smtps://mei:p%40ss@mail.example.org", 465, True, False),
    ],
)
def test_mail(url: str, port: int, ssl: bool, starttls: bool) -> None:
    backend, settings = mail.backend(url)
    assert backend.endswith("smtp.EmailBackend")
    assert settings["EMAIL_HOST"] == "mail.example.org"
    assert (settings["EMAIL_PORT"], settings["EMAIL_USE_SSL"], settings["EMAIL_USE_TLS"]) == (
        port,
        ssl,
        starttls,
    )
    if "@mail" in url:
        assert (settings["EMAIL_HOST_USER"], settings["EMAIL_HOST_PASSWORD"]) == ("mei", "p@ss")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgres://mei:oolong@db/tea", "postgres://mei:***@db/tea"),
        ("redis://:oolong@cache:6379/0", "redis://:***@cache:6379/0"),
        (
            "cannot reach postgres://mei:oo@long@db/tea, sorry",
            "cannot reach postgres://mei:***@db/tea, sorry",
        ),
        ("unix:///run/redis.sock?db=1&password=oolong", "unix:///run/redis.sock?db=1&password=***"),
        (
            "postgres://mei@db/tea?sslpassword=oolong&sslmode=require",
            "postgres://mei@db/tea?sslpassword=***&sslmode=require",
        ),
        ("postgres://mei@db/tea", "postgres://mei@db/tea"),
        ("http://[::1]:8000/a@b", "http://[::1]:8000/a@b"),
    ],
)
def test_a_password_is_not_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_the_log_shows_neither_passwords_nor_one_time_links() -> None:
    formatter = logs.NoSecrets("{message}", style="{")
    try:
        int("redis://:oolong@cache:6379/0 is away")
    except ValueError:
        record = logging.LogRecord(
            "x", 40, "", 0, "GET /owner/abcdefghijklmnop/ %s", ("postgres://m:oolong@db",), sys.exc_info()
        )
    said = formatter.format(record)
    assert "oolong" not in said
    assert "abcdefghijklmnop" not in said
    assert "redis://:***@cache" in said
