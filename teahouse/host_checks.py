"""System checks that lead through the set-up in a host project: what is not there yet, and the very lines to add.

As `checks.py`, which looks at versions, ASGI and databases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import Tags
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.utils import Error as DatabaseError
from django.template import engines
from django.template.backends.django import DjangoTemplates
from django.urls import NoReverseMatch, URLResolver, get_resolver, reverse
from pydantic import ValidationError

from teahouse import middleware
from teahouse.checks import alias, migrates, registered, takes_writers
from teahouse.conf import conf
from teahouse.fit.findings import Finding, found

REQUEST = "django.template.context_processors.request"

PASSES = 20
"""Django rewrites imports one step of the way from module to module in each pass, at worst; our longest way has 14."""


@registered()
def addresses(**options: Any) -> Iterator[Finding]:
    """`include("teahouse.urls")`."""
    urls = getattr(settings, "ROOT_URLCONF", None)
    if not urls:
        return
    try:
        reverse("teahouse:home")
    except NoReverseMatch:
        file = f"{str(urls).replace('.', '/')}.py"
        inside = next(_namespaces(get_resolver(), ()), None)
        yield found("W080", namespace=":".join(inside), urls=file) if inside else found("W063", urls=file)


def _namespaces(below: URLResolver, around: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Those round `teahouse.urls`, wherever the project has it."""
    for one in below.url_patterns:
        if isinstance(one, URLResolver) and one.app_name == "teahouse":
            yield around
        elif isinstance(one, URLResolver):
            yield from _namespaces(one, (*around, one.namespace) if one.namespace else around)


@registered()
def request_in_templates(**options: Any) -> Iterator[Finding]:
    """The tags ask it who looks at the page."""
    engines_of_django = [one.engine for one in engines.all() if isinstance(one, DjangoTemplates)]
    if not any(REQUEST in engine.context_processors for engine in engines_of_django):
        yield found("W081", processor=REQUEST)


@registered()
def static_files(**options: Any) -> Iterator[Finding]:
    """Modules and pictures of the browser part."""
    if not apps.is_installed("django.contrib.staticfiles"):
        missing = '"django.contrib.staticfiles" is not in INSTALLED_APPS'
        yield found("W064", missing=missing, line='INSTALLED_APPS += ["django.contrib.staticfiles"]')
    if not settings.STATIC_URL:
        yield found("W064", missing="STATIC_URL is not set", line='STATIC_URL = "static/"')


@registered(deploy=True)
def gathered_files(**options: Any) -> Iterator[Finding]:
    """`runserver` serves them by itself, other servers need them in one place."""
    if not apps.is_installed("django.contrib.staticfiles"):
        return
    from django.contrib.staticfiles.storage import StaticFilesStorage, staticfiles_storage

    # Another storage, such as one of a content delivery network, has a place of its own.
    if isinstance(staticfiles_storage, StaticFilesStorage) and not settings.STATIC_ROOT:
        yield found("W073")
    passes = getattr(staticfiles_storage, "max_post_process_passes", PASSES)
    if getattr(staticfiles_storage, "support_js_module_import_aggregation", False) and passes < PASSES:
        yield found("W079", passes=passes, needed=PASSES)


@registered(deploy=True)
def site_address(**options: Any) -> Iterator[Finding]:
    """Pages of the site may open sockets where something names it; "*" in ALLOWED_HOSTS does not."""
    hosts = settings.ALLOWED_HOSTS
    with suppress(ValidationError):  # Told of by the check of the settings.
        if conf().URL is None and set(hosts) == {"*"} and not settings.CSRF_TRUSTED_ORIGINS:
            yield found("W078")


@registered()
def guests(**options: Any) -> Iterator[Finding]:
    """Where each page wants a login, guests are perhaps not meant."""
    with suppress(ValidationError):  # Told of by the check of the settings.
        if conf().GUESTS and middleware.has(middleware.LOGIN_REQUIRED):
            yield found("W082")


@registered(serving=True)
def metrics(**options: Any) -> Iterator[Finding]:
    """Who set a token for them means to have them."""
    with suppress(ValidationError):  # Told of by the check of the settings.
        if conf().METRICS_TOKEN is not None and find_spec("prometheus_client") is None:
            yield found("W074")


@registered()
def database_router(**options: Any) -> Iterator[Finding]:
    """Tables are made where they are looked for."""
    from teahouse.models import Room  # Not there yet when this module is imported.

    name = alias()
    if not router.allow_migrate_model(name, Room):
        yield found("E066", alias=name, routers=", ".join(map(str, settings.DATABASE_ROUTERS)))


@registered()
def project_outbox(**options: Any) -> Iterator[Finding]:
    """What is said in a transaction of the project is part of it, in a database of its own too."""
    from teahouse import elsewhere  # Needs the models.

    name, others = alias(), elsewhere.databases()
    if name != DEFAULT_DB_ALIAS and not others:
        yield found("W075", alias=name, other=DEFAULT_DB_ALIAS)
    if others and connections[name].settings_dict["ATOMIC_REQUESTS"]:
        yield found("W077", alias=name)
    # A process of Teahouse writes there too, and its readers ask there for users.
    for other in others:
        yield from takes_writers(other)


@registered(serving=True)
def policy(**options: Any) -> Iterator[Finding]:
    """`TEAHOUSE["POLICY"]` names a policy."""
    from teahouse.verdicts import policy_class

    try:
        path = conf().POLICY
    except ValidationError:
        return  # `own_settings` says so.
    try:
        policy_class()
    except Exception as error:  # noqa: BLE001  Importing a project's module may end in anything.
        yield found("E067", path=path, error=f"{type(error).__name__}: {error}.")


@registered(Tags.database)
def tables(databases: Sequence[str] | None = None, **options: Any) -> Iterator[Finding]:
    """Whether `migrate` has been run; only where Django was told that the database may be asked."""
    name = alias()
    if name not in (databases or ()) or migrates():
        return  # It is being run.
    try:
        there = connections[name].introspection.table_names()
    except DatabaseError:
        return  # `database_itself` says so.
    if "teahouse_room" not in there:
        yield found("W065", alias=name)
    elif "teahouse_followerposition" in there:
        yield from _followers()


@registered(Tags.database)
def project_outbox_tables(databases: Sequence[str] | None = None, **options: Any) -> Iterator[Finding]:
    """Of `default` alone: whether it is meant to be in any other only the project knows."""
    from teahouse import elsewhere

    name = DEFAULT_DB_ALIAS
    if name not in (databases or ()) or migrates() or name not in elsewhere.databases():
        return
    with suppress(DatabaseError):  # `database_itself` says so.
        if not elsewhere.is_there(name):
            yield found("W076", alias=name)


def _followers() -> Iterator[Finding]:
    """What listens and what is told, and does not go on by itself."""
    from teahouse.followers.parked import parked  # Needs the models.

    for one in parked():
        key = "W069" if one.is_hook else "W068"
        since = f"{one.since:%Y-%m-%d %H:%M} UTC"
        error = f"{one.error.rstrip('.')}."
        yield found(key, name=one.name, title=one.title, rooms=one.rooms, since=since, error=error)
