"""What follows from a project's settings: its ASGI application, routes, servers and channel layers. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from teahouse.fit import judge, pins, versions
from teahouse.fit.facts import Asgi, Error, Installation, Layer, Project, Route, short
from teahouse.fit.findings import Finding, found
from teahouse.fit.versions import Version

IN_MEMORY = "channels.layers.InMemoryChannelLayer"
CORE = ("channels_redis.core.RedisChannelLayer", "channels_redis.sentinel.RedisSentinelChannelLayer")
# What signs a WebSocket in by the login cookie, and what looks at the Origin first.
BY_COOKIE = ("channels.auth.AuthMiddleware", "channels.sessions.SessionMiddleware")
ORIGIN = "channels.security.websocket.OriginValidator"
# What a server is called, what makes it speak WebSocket, if it needs more than itself.
SERVERS = {"daphne": (), "uvicorn": ("websockets", "wsproto"), "hypercorn": (), "granian": ()}


@dataclass(frozen=True)
class Context:
    """Where the project is: `settings` the module's name, `folder` its folder, `processes` 0 if not known."""

    seen: Installation
    settings: str
    folder: str = ""
    processes: int = 0

    @property
    def channels(self) -> Version:
        return self.seen.numbers("channels") or ()

    @property
    def package(self) -> str:
        """The project's package, as startproject lays it out."""
        return self.settings.partition(".")[0]


def judge_project(project: Project, where: Context) -> list[Finding]:
    """Everything that the settings lead to, in the order in which a request meets it."""
    for key, error in (("E010", project.settings_error), ("E011", project.setup_error)):
        if error is not None:
            return [failed(key, error, where, settings=where.settings)]
    assert project.values is not None, "the probe tells the values with settings that load"
    return [
        found("ok_settings", settings=where.settings),
        *application(project, where),
        *servers(project, where),
        *runserver(project, where),
        # Teahouse alone in one process needs no layer.
        *layers(
            project.layers, where, used=_uses_channels(project, where) and "teahouse" not in _apps(project)
        ),
        *persistent_connections(project),
        *connections(project),
    ]


def failed(key: str, error: Error, where: Context, **values: object) -> Finding:
    return found(key, error=error.text(), place=error.place(where.folder), **values)


def hidden(packages: Mapping[str, str], where: Context) -> Iterator[Finding]:
    """Files of the project that Python imports in place of an installed package."""
    for name, file in packages.items():
        if name.replace("_", "-") in where.seen.packages:
            yield found("E006", package=name, folder=short(file.removesuffix("/__init__.py"), where.folder))


def _uses_channels(project: Project, where: Context) -> bool:
    routed = project.asgi is not None and project.asgi.protocols is not None
    return bool(where.channels) and (
        routed or not {"channels", "daphne", "teahouse"}.isdisjoint(_apps(project))
    )


# The application ----------------------------------------------------------------------------------------


def application(project: Project, where: Context) -> Iterator[Finding]:
    """ASGI_APPLICATION and what it serves."""
    asgi = project.asgi
    if asgi is None:
        return
    if asgi.path is None:
        yield found(_without_application(project, where), package=where.package)
    elif asgi.malformed:
        yield found("E021", path=asgi.path, package=where.package)
    elif asgi.error is not None:
        yield _not_imported(asgi.path, asgi.error, where)
    elif asgi.no_attribute is not None:
        there = ": " + ", ".join(asgi.candidates) if asgi.candidates else ""
        yield found("E023", path=asgi.path, file=_file(asgi, where), name=asgi.no_attribute, candidates=there)
    else:
        yield from routing(asgi, where)


def _without_application(project: Project, where: Context) -> str:
    """An ASGI runserver refuses to start without the setting; uvicorn is told the module on its command line."""
    if _runserver_app(where) in _apps(project):
        return "E020"
    return "W023" if _uses_channels(project, where) else "I021"


def fresh(asgi: Asgi, where: Context) -> Iterator[Finding]:
    """What only a server sees, which imports the application before anything has set Django up."""
    if asgi.error is not None:
        yield failed("E028", asgi.error, where, path=asgi.path or "", file=_where_asgi(asgi, where))


def _where_asgi(asgi: Asgi, where: Context) -> str:
    return (asgi.path or f"{where.package}.asgi.application").rpartition(".")[0].replace(".", "/") + ".py"


def _not_imported(path: str, error: Error, where: Context) -> Finding:
    """An error of the project's own, or one that other packages would mend."""
    missing = (error.missing or "").partition(".")[0]
    if (
        "as_asgi" in error.message
        or "LANGUAGE_SESSION_KEY" in error.message
        or missing in {"channels", "daphne"}
    ):
        pip = judge.pip_line(where.seen)
    elif missing in {"channels_redis", "redis"}:
        pip = f'pip install "channels-redis{_fitting_layer(where)}" "redis{pins.REDIS}"'
    else:
        return failed("E022", error, where, path=path)
    return failed("E029", error, where, path=path, pip=pip)


def _fitting_layer(where: Context) -> str:
    line = versions.channels_line(where.channels)
    return line.layer if line else ">=4.3,<5"


def _file(asgi: Asgi, where: Context) -> str:
    return short(asgi.file or "asgi.py", where.folder)


def routing(asgi: Asgi, where: Context) -> Iterator[Finding]:
    """The protocols and the WebSocket routes of an application that was imported."""
    if asgi.protocols is None:
        if asgi.django:
            yield found("E024", application=asgi.type.rpartition(".")[2], file=_file(asgi, where))
        else:
            yield found("I020", application=asgi.type)
        return
    if "http" not in asgi.protocols and where.channels >= (4,):
        yield found("E026", channels=where.seen.version("channels"), file=_file(asgi, where))
    if "websocket" not in asgi.protocols:
        yield found("E024", application="ProtocolTypeRouter", file=_file(asgi, where))
        return
    if asgi.routes is None:
        yield found("I020", application=asgi.chain[-1] if asgi.chain else asgi.type)
        return
    yield from _routes(asgi.routes, where)
    if any(name in BY_COOKIE for name in asgi.chain) and not _looks_at_origin(asgi.chain):
        yield found("W021")


def _looks_at_origin(chain: list[str]) -> bool:
    """Anything that is called an origin validator, own ones too."""
    return any("origin" in name.lower() for name in chain)


def _routes(routes: list[Route], where: Context) -> Iterator[Finding]:
    if not routes:
        yield found("W022")
        return
    for route in routes:
        if route.is_class and where.channels >= (3,):
            name = route.consumer.rpartition(".")[2]
            yield found("E025", route=route.path, consumer=route.consumer, name=name)
        bare = route.path.lstrip("^")
        if bare.startswith(("/", "\\/")):
            yield found("E027", route=route.path, right=bare.lstrip("\\/"))
    shown = [f"/{route.path.lstrip('^')}" for route in routes[:6]]
    if len(routes) > len(shown):
        shown.append(f"… ({len(routes)})")
    yield found("ok_routes", routes="  ".join(shown))


# Servers ------------------------------------------------------------------------------------------------


def servers(project: Project, where: Context) -> Iterator[Finding]:
    """Whether something here can serve a WebSocket, and whether runserver can."""
    if not _uses_channels(project, where):
        return
    packages = where.seen.packages
    able = [
        f"{name} {where.seen.version(name)}"
        for name, needs in SERVERS.items()
        if name in packages and (not needs or any(need in packages for need in needs))
    ]
    if able:
        yield found("ok_server", servers=", ".join(able))
    if "uvicorn" in packages and not any(one.startswith("uvicorn") for one in able):
        yield found("W031" if able else "E031")
    elif not able:
        yield found("E030", module=f"{where.package}.asgi")


def runserver(project: Project, where: Context) -> Iterator[Finding]:
    """Whether the project's runserver speaks ASGI. Teahouse's own program has no use for it."""
    app = _runserver_app(where)
    if (
        app in _apps(project)
        or not _uses_channels(project, where)
        or where.settings.startswith("teahouse.server.")
    ):
        return
    install = "" if app in where.seen.packages else "pip install daphne\n"
    yield found("W030", app=app, channels=where.seen.version("channels"), install=install)


def _runserver_app(where: Context) -> str:
    """Channels 2 and 3 bring an ASGI runserver as the app "channels", Channels 4 leaves it to "daphne"."""
    return "daphne" if where.channels >= (4,) else "channels"


def _apps(project: Project) -> list[str]:
    return [app.partition(".apps.")[0] for app in project.values.INSTALLED_APPS] if project.values else []


# Channel layers -----------------------------------------------------------------------------------------


def layers(given: dict[str, Layer], where: Context, *, used: bool) -> Iterator[Finding]:
    if used and "default" not in given:
        yield found("W041")
    for alias, layer in given.items():
        yield from _layer(alias, layer, where)


def _layer(alias: str, layer: Layer, where: Context) -> Iterator[Finding]:
    if layer.error is not None or layer.no_attribute is not None:
        yield _broken_layer(alias, layer, where)
        return
    if layer.backend == IN_MEMORY:
        if where.processes > 1:
            yield found("E041", processes=where.processes)
        else:
            yield found("W040")
        return
    if layer.backend in CORE:
        if judge.redis_times_out(where.seen) and not layer.no_timeout:
            yield found("E004", redis=where.seen.version("redis"))
            return
        yield found("I040", capacity=layer.capacity)
    yield found("ok_layer", alias=alias, backend=layer.backend)


def _broken_layer(alias: str, layer: Layer, where: Context) -> Finding:
    redis = f'"redis{pins.REDIS}"' if where.channels >= (4,) else ""
    about = {"alias": alias, "backend": layer.backend, "fitting": _fitting_layer(where), "redis": redis}
    if layer.error is not None:
        return failed("E040", layer.error, where, **about)
    return found("E040", error=f"no {layer.no_attribute} there", place="", **about)


# Databases ----------------------------------------------------------------------------------------------


def persistent_connections(project: Project) -> Iterator[Finding]:
    """CONN_MAX_AGE under ASGI. A project that serves no ASGI may keep its connections."""
    if project.asgi is None or project.asgi.path is None:
        return
    for alias, database in project.databases.items():
        if database.conn_max_age != 0:
            yield found("W053", alias=alias, age=database.conn_max_age)


def connections(project: Project) -> Iterator[Finding]:
    """What came of opening them, where that was asked for."""
    if project.connections is None:
        return
    for alias, error in project.connections.databases.items():
        if error is None:
            yield found("ok_connected", alias=alias)
        else:
            yield found("E050", alias=alias, error=error.text())
    for alias, error in project.connections.layers.items():
        if error is not None:
            yield found("E051", alias=alias, error=error.text())
        elif project.layers[alias].backend != IN_MEMORY:
            yield found("ok_redis", alias=alias)
