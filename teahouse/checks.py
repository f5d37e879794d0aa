"""Django's system checks: what in a project's settings and versions keeps Teahouse from working, or from its promises.

`manage.py check` runs them; those that ask the database need `manage.py check --database default`, and run
with `migrate`. docs/doctor.md explains every id. What is looked at and how it is judged is in `teahouse/fit/`.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import Error as DatabaseError
from django.utils.translation import get_language
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from teahouse import middleware
from teahouse.conf import Conf, conf
from teahouse.fit import judge, project
from teahouse.fit.facts import Asgi, Database, Installation, Layer, Package, Project, Python, Values
from teahouse.fit.findings import Finding, Words, found
from teahouse.fit.probe import installation as installed
from teahouse.fit.probe import project as looks
from teahouse.fit.project import Context
from teahouse.fit.versions import own_requirement

APPS = ("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions")
# PRAGMA synchronous: https://www.sqlite.org/pragma.html#pragma_synchronous
SYNCHRONOUS = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}

FEWEST_CONNECTIONS = 8
"""The writer, four readers, and a few requests at once."""

Check = Callable[..., Iterable[Finding]]


def message(finding: Finding, *, stops: bool = True) -> CheckMessage:
    """A finding as Django shows it, in Chinese where that is the project's language. Errors are warnings where they
    do not stop the command that runs."""
    language = "zh" if (get_language() or settings.LANGUAGE_CODE).lower().startswith("zh") else "en"
    words = finding.words(language)
    error = checks.Error if stops else checks.Warning
    kind = {"error": error, "warning": checks.Warning}.get(finding.level, checks.Info)
    return kind(words.say, hint=_hint(words), id=finding.id)


def _hint(words: Words) -> str | None:
    lines = [line for line in (" ".join(part for part in (words.why, words.do) if part), *words.type) if line]
    return "\n\t\t".join(lines) or None


def registered(*tags: str, deploy: bool = False, serving: bool = False) -> Callable[[Check], Check]:
    """Registers a function that yields findings; those that say that all is well are left out.

    Args:
        deploy: asked by `manage.py check --deploy` only.
        serving: about what serves the project. Whoever has come half-way may make the tables, so that stops no
            `migrate`.
    """

    def decorate(check: Check) -> Check:
        def run(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
            stops = not (serving and migrates())
            return [
                message(one, stops=stops) for one in check(**options) if one.level in {"error", "warning"}
            ]

        run.__name__ = check.__name__
        register(run, *tags, deploy=deploy)
        return check

    return decorate


def migrates() -> bool:
    """Whether the command that runs is `migrate`."""
    return sys.argv[1:2] == ["migrate"]


def installation() -> Installation:
    """What is installed for this very process."""
    packages = {name: Package.model_validate(facts) for name, facts in installed.package_facts().items()}
    return Installation(python=Python.model_validate(installed.python_facts()), packages=packages)


def context() -> Context:
    name = getattr(settings, "SETTINGS_MODULE", None) or "settings"
    return Context(installation(), str(name))


@registered(Tags.compatibility)
def fitting_versions(**options: Any) -> Iterator[Finding]:
    """Python, Django, Channels and their relatives."""
    yield from judge.environment(installation())


def project_seen() -> Project:
    """What the doctor's probe sees of a project, of this one."""
    return Project(
        values=Values.model_validate(looks.setting_values(settings)),
        asgi=Asgi.model_validate(looks.asgi_facts(settings)),
        layers={alias: Layer.model_validate(facts) for alias, facts in looks.layer_facts(settings).items()},
    )


@registered(Tags.compatibility, serving=True)
def asgi(**options: Any) -> Iterator[Finding]:
    """ASGI_APPLICATION, its routes, the servers, the channel layers."""
    seen, where = project_seen(), context()
    for finding in project.application(seen, where):
        yield _with_our_sockets(finding)
    yield from _our_routes(seen)
    yield from project.servers(seen, where)
    if "uvicorn" not in where.seen.packages:
        yield found("W062", requirement=own_requirement("uvicorn"))
    if settings.DEBUG:
        yield from project.runserver(seen, where)
    # A layer that lives in one process is right where one process is all there is.
    layers = {alias: layer for alias, layer in seen.layers.items() if layer.backend != project.IN_MEMORY}
    yield from project.layers(layers if settings.DEBUG else seen.layers, where, used=False)
    for alias, layer in layers.items():
        if layer.backend in project.CORE:
            yield found("W042", alias=alias)


def _with_our_sockets(finding: Finding) -> Finding:
    """The doctor speaks of any project; here it is Teahouse that no socket reaches."""
    return found("W071", **finding.values) if finding.key == "E024" else finding


def _our_routes(seen: Project) -> Iterator[Finding]:
    from teahouse.live.addresses import own_address  # Needs the models, which are not there yet.

    routes = seen.asgi.routes if seen.asgi is not None else None
    if routes and not any(route.consumer.startswith("teahouse.live.") for route in routes):
        yield found("W072", prefix=(own_address("home") or "/chat/").lstrip("/"))


@registered(Tags.compatibility, deploy=True)
def wire(**options: Any) -> Iterator[Finding]:
    """Daphne as the app is for development; what serves a site cannot be seen, so this is said before deploying."""
    if apps.is_installed("daphne"):
        path = getattr(settings, "ASGI_APPLICATION", None) or f"{context().package}.asgi.application"
        yield found("W060", module=path.rpartition(".")[0])


@registered()
def needed_apps(**options: Any) -> Iterator[Finding]:
    """Who somebody is comes from Django's own accounts and sessions."""
    for app in APPS:
        if not apps.is_installed(app):
            yield found("E060", app=app)


@registered(serving=True)
def needed_middleware(**options: Any) -> Iterator[Finding]:
    """Without them nobody is signed in."""
    for wanted in (middleware.SESSIONS, middleware.USERS):
        if not middleware.has(wanted):
            yield found("E062", middleware=wanted)


@registered()
def own_settings(**options: Any) -> Iterator[Finding]:
    """`settings.TEAHOUSE`, each wrong name and value."""
    try:
        conf()
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            yield _wrong_setting(problem)


@registered()
def time_zones(**options: Any) -> Iterator[Finding]:
    """What is stored has the time zone of UTC; without USE_TZ SQLite refuses such, and PostgreSQL gives back others."""
    if not settings.USE_TZ:
        yield found("E078")


def _wrong_setting(problem: ErrorDetails) -> Finding:
    place = [str(part) for part in problem["loc"]]
    if not place:
        return found("E079", value=repr(problem["input"])[:80])
    known = _fields(place[:-1])
    name = '"]["'.join(place)
    if problem["type"] == "extra_forbidden":
        return found("E061", name=name, right=", ".join(_meant(place[-1], known) or known))
    field = known.get(place[-1])
    example = (
        f'"{place[-1]}": {field.get_default(call_default_factory=True)!r}' if field else f'"{place[0]}": …'
    )
    if field and len(place) > 1:
        example = f'"{place[0]}": {{{example}}}'
    return found(
        "E063",
        name=name,
        value=repr(problem["input"])[:80],
        problem=problem["msg"].removeprefix("Value error, "),
        description=(field.description if field else None) or "",
        example=example,
    )


def _meant(name: str, known: Iterable[str]) -> list[str]:
    """The setting that is nearest to this name, whatever its letters' case."""
    by_letters = {one.lower(): one for one in known}
    return [by_letters[one] for one in difflib.get_close_matches(name.lower(), by_letters, 1)]


def _fields(place: list[str]) -> dict[str, Any]:
    """The fields of the model at this place: of TEAHOUSE itself, or of one setting that has some."""
    model: type[BaseModel] = Conf
    for name in place:
        kind = model.model_fields[name].annotation if name in model.model_fields else None
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return {}
        model = kind
    return dict(model.model_fields)


# The database ---------------------------------------------------------------------------------------------


def alias() -> str:
    from teahouse import database  # Needs the models, which are not there yet when this module is imported.

    return database.alias()


@registered()
def database_settings(**options: Any) -> Iterator[Finding]:
    """What the settings say of the database that holds Teahouse's tables."""
    name = alias()
    seen = Database.model_validate(looks.database_facts(settings)[name])
    if seen.conn_max_age != 0:
        yield found("W053", alias=name, age=seen.conn_max_age)
    if connections[name].vendor == "postgresql" and not seen.pool:
        yield found("W054", alias=name)
    yield from takes_writers(name)


def takes_writers(name: str) -> Iterator[Finding]:
    """Whether the database takes the connections of a process of Teahouse, and several that write."""
    seen = Database.model_validate(looks.database_facts(settings)[name])
    late = str(seen.transaction_mode).upper() not in {"IMMEDIATE", "EXCLUSIVE"}
    if connections[name].vendor == "sqlite" and late:
        yield found("W050", alias=name)
    size = _pool_size(connections[name].settings_dict["OPTIONS"].get("pool"))
    if size is not None and size < FEWEST_CONNECTIONS:
        yield found("W056", alias=name, size=size)


def _pool_size(pool: Any) -> int | None:
    """How many connections the pool gives at most; None where there is none."""
    if not pool:
        return None
    given = pool if isinstance(pool, dict) else {}
    # As psycopg_pool has it: four, and no more than it begins with.
    return int(given.get("max_size") or given.get("min_size", 4))


@registered(Tags.database)
def database_itself(databases: Sequence[str] | None = None, **options: Any) -> Iterator[Finding]:
    """What the database says of itself; only where Django was told that it may be asked."""
    name = alias()
    if name not in (databases or ()):
        return
    try:
        if connections[name].vendor == "sqlite":
            yield from _sqlite(connections[name], name)
        elif connections[name].vendor == "postgresql":
            yield from _postgres(connections[name])
    except DatabaseError as error:
        yield found("E050", alias=name, error=" ".join(str(error).split()))


def _sqlite(database: BaseDatabaseWrapper, name: str) -> Iterator[Finding]:
    with database.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        journal = str(cursor.fetchone()[0])
        cursor.execute("PRAGMA synchronous")
        synchronous = int(cursor.fetchone()[0])
    # A database in memory has no journal to set; tests use such.
    if journal not in {"wal", "memory"}:
        yield found("W051", alias=name)
    if synchronous < 2:
        yield found("W052", alias=name, synchronous=SYNCHRONOUS[synchronous])


def _postgres(database: BaseDatabaseWrapper) -> Iterator[Finding]:
    """P1 holds only where a commit has reached the disk (PostgreSQL's manual, section 19.5)."""
    remedies = {
        "fsync": "ALTER SYSTEM SET fsync = on;",
        "full_page_writes": "ALTER SYSTEM SET full_page_writes = on;",
        "synchronous_commit": f'ALTER DATABASE "{database.settings_dict["NAME"]}" SET synchronous_commit = on;',
    }
    for setting, remedy in remedies.items():
        with database.cursor() as cursor:
            cursor.execute("SELECT current_setting(%s)", [setting])
            value = str(cursor.fetchone()[0])
        if value == "off":
            yield found("W055", setting=setting, value=value, remedy=remedy)
