"""The forms that the values of settings have: text in, value out, or a ValueError that shows the right form. Pure."""

from __future__ import annotations

import difflib
import ipaddress
import re
import zoneinfo
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict

from teahouse.conf import Limits
from teahouse.server.words import say

YES = {"yes", "on", "true", "1"}
NO = {"no", "off", "false", "0"}
LEVELS = ("debug", "info", "warning", "error")
LANGUAGES = {"en": "English", "zh-hans": "简体中文"}
SECRET_LENGTH = 32
TOKEN_LENGTH = 16


def split_url(text: str, schemes: Iterable[str], example: str) -> SplitResult:
    """The parts of a URL with one of these schemes and a port that is one."""
    wanted = ValueError(say(f"must be an address such as {example}", f"应是一个地址，例如 {example}"))
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number up to 65535
    except ValueError:
        raise wanted from None
    if parts.scheme not in schemes or re.search(r"\s", text):
        raise wanted
    return parts


def site_url(text: str) -> str:
    """The site's address without a final slash: scheme, host and perhaps a port, nothing else."""
    example = "https://chat.example.org"
    parts = split_url(text, ("http", "https"), example)
    host = _site_host(parts.hostname or "")
    if not host or parts.username is not None:
        raise ValueError(say(f"must be an address such as {example}", f"应是一个地址，例如 {example}"))
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        root = f"{parts.scheme}://{parts.netloc}"
        raise ValueError(
            say(f"must end after the host: {root}", f"主机名之后不能再有路径，应为 {root}"),
        )
    # The default port is left out, as browsers leave it out of Origin (RFC 6454, section 6.2).
    default = {"http": 80, "https": 443}[parts.scheme]
    port = f":{parts.port}" if parts.port not in (None, default) else ""
    return f"{parts.scheme}://{host}{port}"


def _site_host(name: str) -> str | None:
    """The host as browsers send it, 茶.example as xn--cl1a.example; None where no browser could ask for it."""
    try:
        return f"[{ipaddress.IPv6Address(name)}]"
    except ValueError:
        pass
    try:
        ascii_name = name.encode("idna").decode().lower()
    except UnicodeError:  # an empty label, or one that is too long
        return None
    return ascii_name if re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", ascii_name) else None


def database_url(text: str) -> str:
    example = "postgres://teahouse:PASSWORD@localhost/teahouse"
    parts = split_url(text, ("sqlite", "postgres", "postgresql"), example)
    if parts.scheme == "sqlite":
        if parts.netloc or parts.path in ("", "/"):
            form = "sqlite:////var/lib/teahouse/teahouse.sqlite3"
            raise ValueError(
                say(
                    f"must name a file after three slashes, such as {form}",
                    f"三个斜杠后应是文件，例如 {form}",
                )
            )
    elif parts.path in ("", "/"):
        raise ValueError(say(f"must name the database: {example}", f"应写明数据库名：{example}"))
    return text


def redis_url(text: str) -> str:
    example = "redis://localhost:6379/0"
    parts = split_url(text, ("redis", "rediss", "unix"), example)
    if not (parts.path if parts.scheme == "unix" else parts.hostname):
        raise ValueError(say(f"must be an address such as {example}", f"应是一个地址，例如 {example}"))
    return text


def mail_url(text: str) -> str:
    example = "smtp://USER:PASSWORD@mail.example.org:587"
    if not split_url(text, ("smtp", "smtps"), example).hostname:
        raise ValueError(say(f"must be an address such as {example}", f"应是一个地址，例如 {example}"))
    return text


def mail_address(text: str) -> str:
    if not re.fullmatch(r"([^<>@\r\n]+<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)", text):
        form = "Teahouse <teahouse@example.org>"
        raise ValueError(say(f"must be a mail address such as {form}", f"应是邮件地址，例如 {form}"))
    return text


def host(text: str) -> str:
    """What to listen on: an address or a name, without scheme and port."""
    bare = text.removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        pass
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?", text):
        raise ValueError(
            say(
                "must be an address to listen on, such as 127.0.0.1 (this machine only) or 0.0.0.0 (everyone)",
                "应是监听地址，例如 127.0.0.1（仅本机）或 0.0.0.0（所有人）",
            )
        )
    return text


def number(low: int, high: int, example: int, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text) or not low <= int(text) <= high:
        raise ValueError(
            say(
                f"must be a number from {low} to {high}, such as {example}",
                f"应是 {low} 到 {high} 的数，例如 {example}",
            )
        )
    return int(text)


def port(text: str) -> int:
    """0 means any free port."""
    return number(0, 65535, 8000, text)


def workers(text: str) -> int:
    return number(1, 256, 2, text)


def connections(text: str) -> int:
    # The writer and the readers of a process keep one each; pages need some more.
    return number(8, 1000, 16, text)


def seconds(text: str) -> int:
    return number(1, 3600, 25, text)


def yes_or_no(text: str) -> bool:
    if text.lower() not in YES | NO:
        raise ValueError(say("must be yes or no", "应为 yes 或 no"))
    return text.lower() in YES


def people(text: str) -> str:
    if text.lower() not in ("everyone", "rooms"):
        raise ValueError(say("must be everyone or rooms", "应为 everyone 或 rooms"))
    return text.lower()


def inviters(text: str) -> str:
    if text.lower() not in ("owner", "everyone"):
        raise ValueError(say("must be owner or everyone", "应为 owner 或 everyone"))
    return text.lower()


def networks(text: str) -> tuple[str, ...]:
    """Addresses and networks, separated by commas or spaces."""
    found = []
    for word in re.split(r"[\s,]+", text.strip()):
        try:
            found.append(str(ipaddress.ip_network(word, strict=False)))
        except ValueError:
            raise ValueError(
                say(
                    f"must be addresses or networks such as 127.0.0.1, 10.0.0.0/8; {word!r} is none",
                    f"应是地址或网段，例如 127.0.0.1, 10.0.0.0/8；{word!r} 不是",
                )
            ) from None
    return tuple(found)


def language(text: str) -> str:
    asked = text.lower().replace("_", "-")
    if asked in ("zh", "zh-cn", "zh-sg"):
        return "zh-hans"
    if asked not in LANGUAGES:
        raise ValueError(say("must be en or zh-hans", "应为 en 或 zh-hans"))
    return asked


def time_zone(text: str) -> str:
    if text not in zoneinfo.available_timezones():
        raise ValueError(say("must be a time zone such as Asia/Shanghai", "应是时区，例如 Asia/Shanghai"))
    return text


def log_level(text: str) -> str:
    if text.lower() not in LEVELS:
        allowed = ", ".join(LEVELS)
        raise ValueError(say(f"must be one of {allowed}", f"应为 {allowed} 之一"))
    return text.upper()


def secret_key(text: str) -> str:
    if len(text) < SECRET_LENGTH:
        raise ValueError(
            say(
                f"must have at least {SECRET_LENGTH} characters: python3 -c "
                "'import secrets; print(secrets.token_urlsafe(48))' makes one",
                f"至少 {SECRET_LENGTH} 个字符；可用 python3 -c "
                "'import secrets; print(secrets.token_urlsafe(48))' 生成",
            )
        )
    return text


def metrics_token(text: str) -> str:
    if len(text) < TOKEN_LENGTH or not all("!" <= one <= "~" for one in text):
        raise ValueError(
            say(
                f"must have at least {TOKEN_LENGTH} ASCII characters and no blanks: openssl rand -hex 24 makes one",
                f"至少 {TOKEN_LENGTH} 个 ASCII 字符，没有空格；可用 openssl rand -hex 24 生成",
            )
        )
    return text


def path(text: str) -> Path:
    return Path(text).expanduser().absolute()


class ChosenLimits(BaseModel):
    """What TEAHOUSE_LIMITS says: whether rates hold, and limits that differ from the defaults."""

    model_config = ConfigDict(frozen=True)

    rates: bool = True
    values: dict[str, int] = {}


def limits(text: str) -> ChosenLimits:
    """`off` lifts the rates; `text=5000 per_second=20` sets limits, by the names of `conf.Limits`."""
    rates, values = True, {}
    for word in re.split(r"[\s,]+", text.strip()):
        name, equals, value = word.partition("=")
        if not equals:
            if name.lower() not in ("off", "on"):
                raise ValueError(_limits_form(word))
            rates = name.lower() == "on"
            continue
        if name not in Limits.model_fields or not re.fullmatch(r"[0-9]{1,10}", value) or int(value) == 0:
            raise ValueError(_limits_form(word))
        values[name] = int(value)
    return ChosenLimits(rates=rates, values=values)


def _limits_form(word: str) -> str:
    names = ", ".join(Limits.model_fields)
    close = difflib.get_close_matches(word.partition("=")[0], Limits.model_fields, 1)
    hint = say(f"; did you mean {close[0]}?", f"；是不是 {close[0]}？") if close else ""
    return say(
        f"must be off, or limits such as text=5000,per_second=20, not {word!r}{hint or '.'} There are: {names}",
        f"应为 off，或如 text=5000,per_second=20 的限制，而不是 {word!r}{hint or '。'}可用的有：{names}",
    )


def without_password(url: str) -> str:
    """The URL as it may be shown: `postgres://teahouse:***@db/teahouse`.

    A parameter may hold the password too, as in `unix:///run/redis.sock?password=…`, and libpq's `sslpassword`.
    """
    hidden = re.sub(r"(://[^:/@\s]*):[^/\s]*@", r"\1:***@", url)
    return re.sub(r"([?&][a-z]*password=)[^&\s]*", r"\1***", hidden, flags=re.IGNORECASE)
