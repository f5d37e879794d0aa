"""The program's settings: read from the environment and files, checked, with an error that shows the right form.

A setting comes from the first of: the command line, the environment, the file named by `--config` or
TEAHOUSE_CONFIG, DATA/teahouse.env. `NAME_FILE` in place of `NAME` names a file that holds the value.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from teahouse.server import forms
from teahouse.server.words import Refused, program, say

FILE_SUFFIX: Final = "_FILE"
SECRET: Final = {
    "TEAHOUSE_SECRET_KEY",
    "DATABASE_URL",
    "REDIS_URL",
    "TEAHOUSE_MAIL_URL",
    "TEAHOUSE_METRICS_TOKEN",
}
"""Their values are never shown."""


class Environment(BaseModel):
    """Every setting of the program. A field's alias is its name in the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    config: Annotated[Path | None, BeforeValidator(forms.path)] = Field(
        None, alias="TEAHOUSE_CONFIG", description="File with settings, one NAME=value a line."
    )
    data: Annotated[Path, BeforeValidator(forms.path)] = Field(
        alias="TEAHOUSE_DATA", description="Folder of the database, the secret key and the backups."
    )
    url: Annotated[str | None, BeforeValidator(forms.site_url)] = Field(
        None, alias="TEAHOUSE_URL", description="The site's address, as people type it."
    )
    host: Annotated[str, BeforeValidator(forms.host)] = Field(
        "127.0.0.1", alias="TEAHOUSE_HOST", description="Address to listen on."
    )
    port: Annotated[int, BeforeValidator(forms.port)] = Field(
        8000, alias="TEAHOUSE_PORT", description="Port to listen on; 0 takes any free one."
    )
    workers: Annotated[int, BeforeValidator(forms.workers)] = Field(
        1,
        alias="TEAHOUSE_WORKERS",
        description="Processes that serve; more than one needs PostgreSQL and Redis.",
    )
    proxies: Annotated[tuple[str, ...], BeforeValidator(forms.networks)] = Field(
        (),
        alias="TEAHOUSE_PROXIES",
        description="Proxies in front whose X-Forwarded-For and -Proto are believed.",
    )
    database_url: Annotated[str | None, BeforeValidator(forms.database_url)] = Field(
        None, alias="DATABASE_URL", description="The database; without it SQLite in the data folder."
    )
    database_connections: Annotated[int, BeforeValidator(forms.connections)] = Field(
        16,
        alias="TEAHOUSE_DATABASE_CONNECTIONS",
        description="PostgreSQL connections of one process, at most.",
    )
    allow_data_loss: Annotated[bool, BeforeValidator(forms.yes_or_no)] = Field(
        False,
        alias="TEAHOUSE_ALLOW_DATA_LOSS",
        description="Serve also from a PostgreSQL that forgets what it has confirmed (fsync off).",
    )
    redis_url: Annotated[str | None, BeforeValidator(forms.redis_url)] = Field(
        None,
        alias="REDIS_URL",
        description="Redis, which several processes need to hear of each other at once.",
    )
    secret_key: Annotated[str | None, BeforeValidator(forms.secret_key)] = Field(
        None,
        alias="TEAHOUSE_SECRET_KEY",
        description="Signs sign-ins and tickets; without it made once and kept.",
    )
    guests: Annotated[bool, BeforeValidator(forms.yes_or_no)] = Field(
        True, alias="TEAHOUSE_GUESTS", description="People without an account may speak in open rooms."
    )
    guest_rooms: Annotated[bool, BeforeValidator(forms.yes_or_no)] = Field(
        True, alias="TEAHOUSE_GUEST_ROOMS", description="Guests may make open rooms by visiting them."
    )
    people: Annotated[str, BeforeValidator(forms.people)] = Field(
        "everyone",
        alias="TEAHOUSE_PEOPLE",
        description="Whom a signed-in person finds: everyone, or those who share one of their rooms.",
    )
    invitations: Annotated[str, BeforeValidator(forms.inviters)] = Field(
        "owner",
        alias="TEAHOUSE_INVITATIONS",
        description="Who may invite people: owner or everyone (with an account).",
    )
    limits: Annotated[forms.ChosenLimits, BeforeValidator(forms.limits)] = Field(
        forms.ChosenLimits(),
        alias="TEAHOUSE_LIMITS",
        description="Limits that differ from the defaults; off lifts the rates (not the sizes).",
    )
    ping: Annotated[int, BeforeValidator(forms.seconds)] = Field(
        25, alias="TEAHOUSE_PING", description="Seconds between two pings of a session."
    )
    compression: Annotated[bool, BeforeValidator(forms.yes_or_no)] = Field(
        False,
        alias="TEAHOUSE_COMPRESSION",
        description="Compress what goes over WebSockets, for clients on slow or metered networks.",
    )
    hooks_inner: Annotated[tuple[str, ...], BeforeValidator(forms.networks)] = Field(
        (),
        alias="TEAHOUSE_HOOKS_INNER",
        description="Networks inside that webhooks may reach; without it none.",
    )
    metrics_token: Annotated[str | None, BeforeValidator(forms.metrics_token)] = Field(
        None,
        alias="TEAHOUSE_METRICS_TOKEN",
        description="What Prometheus brings to read the figures at /metrics; owners may without it.",
    )
    language: Annotated[str, BeforeValidator(forms.language)] = Field(
        "en", alias="TEAHOUSE_LANGUAGE", description="Language of pages for browsers that ask for neither."
    )
    time_zone: Annotated[str, BeforeValidator(forms.time_zone)] = Field(
        "UTC",
        alias="TEAHOUSE_TIME_ZONE",
        description="Time zone of what the server itself shows, as in /admin/.",
    )
    log_level: Annotated[str, BeforeValidator(forms.log_level)] = Field(
        "INFO", alias="TEAHOUSE_LOG_LEVEL", description="Least severe kind of line in the log."
    )
    access_log: Annotated[bool, BeforeValidator(forms.yes_or_no)] = Field(
        False, alias="TEAHOUSE_ACCESS_LOG", description="Write a line for every request."
    )
    mail_url: Annotated[str | None, BeforeValidator(forms.mail_url)] = Field(
        None,
        alias="TEAHOUSE_MAIL_URL",
        description="Server that sends mail; without it mail goes to the log.",
    )
    mail_from: Annotated[str, BeforeValidator(forms.mail_address)] = Field(
        "teahouse@localhost", alias="TEAHOUSE_MAIL_FROM", description="Sender of that mail."
    )


NAMES: Final = tuple(str(field.alias) for field in Environment.model_fields.values())


@dataclass(frozen=True)
class Given:
    """A value as somebody wrote it, and where."""

    value: str
    where: str


class WrongSettings(Refused):
    """One line for each setting that is unknown or malformed."""

    def __init__(self, problems: list[str]) -> None:
        lines = "\n".join(f"  {problem}" for problem in problems)
        end = say("Nothing was started.", "什么都没有启动。")
        head = say("These settings are not right:", "下列设置有误：")
        super().__init__(f"{head}\n{lines}\n{end}", status=2)


def default_data(environ: Mapping[str, str]) -> str:
    """$XDG_DATA_HOME/teahouse or ~/.local/share/teahouse, as the XDG Base Directory Specification says."""
    base = environ.get("XDG_DATA_HOME", "")
    # "All paths must be absolute"; a relative one is to be ignored.
    return str((Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "share") / "teahouse")


def read(environ: Mapping[str, str]) -> Environment:
    """All settings, checked.

    Raises:
        WrongSettings: names every setting that is unknown, malformed or unreadable, with the right form.
    """
    problems: list[str] = []
    own = {name: value for name, value in environ.items() if _concerns_us(name)}
    where = say("in the environment", "在环境变量中")
    given = _resolve({name: Given(value, where) for name, value in own.items()}, problems)
    if "TEAHOUSE_CONFIG" in given:
        given = _read_file(forms.path(given["TEAHOUSE_CONFIG"].value), problems) | given
    given.setdefault("TEAHOUSE_DATA", Given(default_data(environ), say("by default", "默认值")))
    beside = forms.path(given["TEAHOUSE_DATA"].value) / "teahouse.env"
    with suppress(PermissionError):  # A folder of somebody else: folder.prepare says so, and what to do.
        if beside.is_file():
            given = _read_file(beside, problems, {"TEAHOUSE_DATA"}) | given
    settings = _check(given, problems)
    if problems or settings is None:
        raise WrongSettings(problems)
    return settings


@cache
def current() -> Environment:
    """The settings of this process."""
    return read(os.environ)


def override(name: str, value: object) -> None:
    """What the command line says, told to this process and those it starts; before the first `current`."""
    os.environ.pop(name + FILE_SUFFIX, None)
    os.environ[name] = str(value)


def _concerns_us(name: str) -> bool:
    return name.startswith("TEAHOUSE_") or name.removesuffix(FILE_SUFFIX) in NAMES


def _resolve(given: dict[str, Given], problems: list[str]) -> dict[str, Given]:
    """Names checked, NAME_FILE read. An empty value counts as not set, as compose files pass them on."""
    found: dict[str, Given] = {}
    for name, one in given.items():
        plain = name.removesuffix(FILE_SUFFIX)
        if name not in NAMES and plain not in NAMES:
            problems.append(_unknown(name, one.where))
        elif not one.value.strip():
            continue
        elif name in NAMES:
            found[name] = Given(one.value.strip(), one.where)
        elif given.get(plain, one) is not one and given[plain].value.strip():
            problems.append(
                say(
                    f"{plain} and {name} are both set {one.where}; keep one of them.",
                    f"{one.where}同时设置了 {plain} 和 {name}；只保留一个。",
                )
            )
        else:
            value = _read_secret(name, one, problems)
            if value is not None:
                found[plain] = Given(value, say(f"in the file {one.value}", f"在文件 {one.value} 中"))
    return found


def _read_secret(name: str, one: Given, problems: list[str]) -> str | None:
    """What stands in the file; None where that is nothing, which is among the problems then."""
    try:
        value = forms.path(one.value.strip()).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        problems.append(
            say(
                f"{name} ({one.where}) must name a file that can be read: {one.value}: {_reason(error)}",
                f"{name}（{one.where}）应是可读的文件：{one.value}：{_reason(error)}",
            )
        )
        return None
    if not value:
        # Not as an empty variable, which says "not set": who mounts a secret means it to be used.
        problems.append(
            say(
                f"{name} ({one.where}) must name a file that holds the value: {one.value} is empty.",
                f"{name}（{one.where}）应指向写有值的文件：{one.value} 是空的。",
            )
        )
    return value or None


def _read_file(path: Path, problems: list[str], refused: set[str] = frozenset()) -> dict[str, Given]:  # type: ignore[assignment]
    """NAME=value lines; empty ones and those that begin with # say nothing."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        problems.append(
            say(
                f"The file of settings {path} cannot be read: {_reason(error)}",
                f"设置文件 {path} 无法读取：{_reason(error)}",
            )
        )
        return {}
    given: dict[str, Given] = {}
    for count, line in enumerate(lines, 1):
        where = say(f"in {path}, line {count}", f"在 {path} 第 {count} 行")
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        name = name.strip()
        if not name or name.startswith("#"):
            continue
        if not equals:
            problems.append(
                say(
                    f"{line.strip()!r} ({where}) must be NAME=value.",
                    f"{line.strip()!r}（{where}）应为 NAME=value。",
                )
            )
        elif name in refused | {"TEAHOUSE_CONFIG"}:
            problems.append(say(f"{name} cannot be set {where}.", f"{name} 不能{where}设置。"))
        else:
            given[name] = Given(_unquoted(value.strip()), where)
    return _resolve(given, problems)


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _unknown(name: str, where: str) -> str:
    # Without the common beginning, which would make all of them alike.
    ours = {own.removeprefix("TEAHOUSE_"): own for own in NAMES}
    short = name.removeprefix("TEAHOUSE_").removesuffix(FILE_SUFFIX)
    close = difflib.get_close_matches(short, ours, 1, 0.6)
    hint = say(f"Did you mean {ours[close[0]]}?", f"是不是 {ours[close[0]]}？") if close else ""
    return say(
        f"{name} ({where}) is no setting of Teahouse. {hint or f'All of them: {program()} serve --help'}",
        f"{name}（{where}）不是 Teahouse 的设置。{hint or f'全部设置见 {program()} serve --help'}",
    )


def _check(given: dict[str, Given], problems: list[str]) -> Environment | None:
    values: dict[str, Any] = {name: one.value for name, one in given.items()}
    try:
        return Environment.model_validate(values)
    except ValidationError as error:
        for problem in error.errors():
            name = str(problem["loc"][0])
            cause = problem.get("ctx", {}).get("error", problem["msg"])
            shown = f"{name}={'…' if name in SECRET else given[name].value}"
            problems.append(
                say(f"{shown} ({given[name].where}): {cause}.", f"{shown}（{given[name].where}）：{cause}。")
            )
        return None


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
