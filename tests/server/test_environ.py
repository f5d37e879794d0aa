"""Settings from the environment and files: each right form is taken, each wrong one named, and nothing else starts."""

from pathlib import Path

import pytest

from teahouse.server import environ
from teahouse.server.environ import Environment, WrongSettings

DATA = "/tmp/no-such-folder-of-teahouse"


def read(**settings: str) -> Environment:
    return environ.read({"TEAHOUSE_DATA": DATA, **settings})


def refused(**settings: str) -> str:
    with pytest.raises(WrongSettings) as caught:
        read(**settings)
    assert caught.value.status == 2
    return str(caught.value)


def test_without_any_setting_there_are_defaults() -> None:
    settings = environ.read({"HOME": "/home/mei"})
    assert settings.host == "127.0.0.1"
    assert settings.port == 8000
    assert settings.workers == 1
    assert settings.url is None
    assert settings.limits.rates
    assert settings.data == Path.home() / ".local" / "share" / "teahouse"


def test_the_data_folder_follows_xdg() -> None:
    assert environ.read({"XDG_DATA_HOME": "/srv/mei"}).data == Path("/srv/mei/teahouse")
    assert environ.read({"XDG_DATA_HOME": "relative"}).data.is_absolute()
    assert environ.read({"XDG_DATA_HOME": "relative"}).data != Path("relative/teahouse").absolute()


@pytest.mark.parametrize(
    ("name", "value", "field", "meaning"),
    [
        ("TEAHOUSE_URL", "https://chat.example.org", "url", "https://chat.example.org"),
        ("TEAHOUSE_URL", "https://Chat.Example.org:443/", "url", "https://chat.example.org"),
        ("TEAHOUSE_URL", "http://10.0.0.5:8000", "url", "http://10.0.0.5:8000"),
        ("TEAHOUSE_URL", "http://[fd00::5]:8000", "url", "http://[fd00::5]:8000"),
        ("TEAHOUSE_URL", "https://茶.example", "url", "https://xn--cl1a.example"),
        ("TEAHOUSE_HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("TEAHOUSE_HOST", "[::1]", "host", "::1"),
        ("TEAHOUSE_PORT", "0", "port", 0),
        ("TEAHOUSE_PORT", "65535", "port", 65535),
        ("TEAHOUSE_WORKERS", "4", "workers", 4),
        ("TEAHOUSE_PROXIES", "127.0.0.1, 10.0.0.0/8", "proxies", ("127.0.0.1/32", "10.0.0.0/8")),
        ("TEAHOUSE_GUESTS", "No", "guests", False),
        ("TEAHOUSE_GUEST_ROOMS", "off", "guest_rooms", False),
        ("TEAHOUSE_PEOPLE", "Rooms", "people", "rooms"),
        ("TEAHOUSE_INVITATIONS", "Everyone", "invitations", "everyone"),
        ("TEAHOUSE_ALLOW_DATA_LOSS", "yes", "allow_data_loss", True),
        ("TEAHOUSE_ACCESS_LOG", "on", "access_log", True),
        ("TEAHOUSE_LANGUAGE", "zh_CN", "language", "zh-hans"),
        ("TEAHOUSE_TIME_ZONE", "Asia/Shanghai", "time_zone", "Asia/Shanghai"),
        ("TEAHOUSE_LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("TEAHOUSE_PING", "5", "ping", 5),
        ("TEAHOUSE_COMPRESSION", "yes", "compression", True),
        ("TEAHOUSE_HOOKS_INNER", "10.0.0.0/8 ::1", "hooks_inner", ("10.0.0.0/8", "::1/128")),
        ("TEAHOUSE_METRICS_TOKEN", "0123456789abcdef", "metrics_token", "0123456789abcdef"),
        ("TEAHOUSE_DATABASE_CONNECTIONS", "20", "database_connections", 20),
        ("DATABASE_URL", "postgres://mei:secret@db/tea", "database_url", "postgres://mei:secret@db/tea"),
        ("DATABASE_URL", "sqlite:///tea.sqlite3", "database_url", "sqlite:///tea.sqlite3"),
        ("REDIS_URL", "rediss://:secret@cache:6380/1", "redis_url", "rediss://:secret@cache:6380/1"),
        ("TEAHOUSE_SECRET_KEY", "k" * 32, "secret_key", "k" * 32),
        ("TEAHOUSE_MAIL_URL", "smtp://mail.example.org", "mail_url", "smtp://mail.example.org"),
        ("TEAHOUSE_MAIL_FROM", "Tea <tea@example.org>", "mail_from", "Tea <tea@example.org>"),
    ],
)
def test_a_right_value_is_taken(name: str, value: str, field: str, meaning: object) -> None:
    assert getattr(read(**{name: value}), field) == meaning


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("TEAHOUSE_URL", "chat.example.org", "such as https://chat.example.org"),
        ("TEAHOUSE_URL", "https://chat.example.org/tea", "must end after the host: https://chat.example.org"),
        ("TEAHOUSE_URL", "https://mei@chat.example.org", "such as https://chat.example.org"),
        ("TEAHOUSE_URL", "https://chat.example.org:70000", "such as https://chat.example.org"),
        ("TEAHOUSE_URL", "https://*.example.org", "such as https://chat.example.org"),
        ("TEAHOUSE_URL", "https://tea_house", "such as https://chat.example.org"),
        ("TEAHOUSE_URL", "https://a..org", "such as https://chat.example.org"),
        ("TEAHOUSE_HOST", "http://0.0.0.0", "such as 127.0.0.1"),
        ("TEAHOUSE_PORT", "80o0", "a number from 0 to 65535"),
        ("TEAHOUSE_PORT", "65536", "a number from 0 to 65535"),
        ("TEAHOUSE_PORT", "-1", "a number from 0 to 65535"),
        ("TEAHOUSE_WORKERS", "0", "a number from 1 to 256"),
        ("TEAHOUSE_PROXIES", "127.0.0.1, nginx", "'nginx' is none"),
        ("TEAHOUSE_GUESTS", "maybe", "must be yes or no"),
        ("TEAHOUSE_GUEST_ROOMS", "2", "must be yes or no"),
        ("TEAHOUSE_PEOPLE", "nobody", "must be everyone or rooms"),
        ("TEAHOUSE_INVITATIONS", "guests", "must be owner or everyone"),
        ("TEAHOUSE_ALLOW_DATA_LOSS", "please", "must be yes or no"),
        ("TEAHOUSE_ACCESS_LOG", "loud", "must be yes or no"),
        ("TEAHOUSE_LANGUAGE", "fr", "must be en or zh-hans"),
        ("TEAHOUSE_TIME_ZONE", "Peking", "such as Asia/Shanghai"),
        ("TEAHOUSE_LOG_LEVEL", "chatty", "debug, info, warning, error"),
        ("TEAHOUSE_PING", "0", "a number from 1 to 3600"),
        ("TEAHOUSE_COMPRESSION", "gzip", "must be yes or no"),
        ("TEAHOUSE_HOOKS_INNER", "inside", "'inside' is none"),
        ("TEAHOUSE_METRICS_TOKEN", "short", "at least 16 ASCII characters"),
        ("TEAHOUSE_METRICS_TOKEN", "0123456789 abcdef", "no blanks"),
        ("TEAHOUSE_DATABASE_CONNECTIONS", "3", "a number from 8 to 1000"),
        ("DATABASE_URL", "mysql://db/tea", "such as postgres://teahouse:PASSWORD@localhost/teahouse"),
        ("DATABASE_URL", "postgres://db", "must name the database"),
        ("DATABASE_URL", "sqlite://tea.sqlite3", "after three slashes"),
        ("REDIS_URL", "localhost:6379", "such as redis://localhost:6379/0"),
        ("TEAHOUSE_SECRET_KEY", "short", "at least 32 characters"),
        ("TEAHOUSE_MAIL_URL", "mail.example.org", "such as smtp://"),
        ("TEAHOUSE_MAIL_FROM", "nobody", "such as Teahouse <teahouse@example.org>"),
        ("TEAHOUSE_LIMITS", "none", "must be off, or limits such as text=5000"),
        ("TEAHOUSE_LIMITS", "txt=5", "did you mean text?"),
        ("TEAHOUSE_LIMITS", "text=0", "must be off, or limits"),
    ],
)
def test_a_malformed_value_is_named_with_the_right_form(name: str, value: str, right: str) -> None:
    said = refused(**{name: value})
    assert name in said
    assert right in said
    assert "Nothing was started." in said


def test_every_setting_has_a_wrong_and_a_right_value_above() -> None:
    def names(test: object) -> set[str]:
        (mark,) = test.pytestmark  # type: ignore[attr-defined]
        return {case[0] for case in mark.args[1]}

    anything_goes = {"TEAHOUSE_DATA", "TEAHOUSE_CONFIG", "TEAHOUSE_LIMITS"}  # Tried below, or a path.
    assert names(test_a_right_value_is_taken) | anything_goes == set(environ.NAMES)
    assert names(test_a_malformed_value_is_named_with_the_right_form) | anything_goes == set(environ.NAMES)


def test_limits_are_lifted_and_set() -> None:
    assert not read(TEAHOUSE_LIMITS="off").limits.rates
    both = read(TEAHOUSE_LIMITS="off, text=5000 per_second=3").limits
    assert not both.rates
    assert both.values == {"text": 5000, "per_second": 3}
    assert read(TEAHOUSE_LIMITS="text=5000").limits.rates


def test_an_unknown_setting_is_named_with_the_likely_one() -> None:
    assert "Did you mean TEAHOUSE_URL?" in refused(TEAHOUSE_ULR="https://chat.example.org")
    assert "Did you mean TEAHOUSE_SECRET_KEY?" in refused(TEAHOUSE_SECRETKEY_FILE="/run/secrets/key")
    assert "teahouse serve --help" in refused(TEAHOUSE_XYZ="1")


def test_others_settings_do_not_concern_us() -> None:
    assert read(DJANGO_DEBUG="1", PORT="x").port == 8000


def test_all_that_is_wrong_is_said_at_once() -> None:
    said = refused(TEAHOUSE_PORT="x", TEAHOUSE_HOST="a b", TEAHOUSE_NONSENSE="1")
    assert all(name in said for name in ("TEAHOUSE_PORT", "TEAHOUSE_HOST", "TEAHOUSE_NONSENSE"))


def test_secrets_are_not_repeated() -> None:
    said = refused(
        TEAHOUSE_SECRET_KEY="oolong",
        DATABASE_URL="mysql://mei:oolong@db/x",
        REDIS_URL="oolong",
        TEAHOUSE_MAIL_URL="oolong",
    )
    assert "oolong" not in said


def test_an_empty_value_is_no_value() -> None:
    assert read(TEAHOUSE_URL="", DATABASE_URL=" ", TEAHOUSE_PORT_FILE="").url is None


def test_a_value_comes_from_the_file_that_is_named(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("s" * 40 + "\n")
    assert read(TEAHOUSE_SECRET_KEY_FILE=str(secret)).secret_key == "s" * 40
    address = tmp_path / "database"
    address.write_text("postgres://mei:oolong@db/tea\n")
    assert read(DATABASE_URL_FILE=str(address)).database_url == "postgres://mei:oolong@db/tea"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    said = refused(DATABASE_URL_FILE=str(tmp_path / "gone"))
    assert "DATABASE_URL_FILE" in said
    assert "No such file" in said
    assert "DATABASE_URL=" not in said, "one fault is said once"


def test_an_empty_file_is_not_taken_for_no_value(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    said = refused(DATABASE_URL_FILE=str(tmp_path / "key"))
    assert f"{tmp_path / 'key'} is empty" in said


def test_a_value_and_a_file_for_it_are_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s" * 40)
    said = refused(TEAHOUSE_SECRET_KEY="k" * 40, TEAHOUSE_SECRET_KEY_FILE=str(tmp_path / "key"))
    assert "keep one of them" in said


def test_a_file_of_settings_is_read_and_the_environment_goes_first(tmp_path: Path) -> None:
    config = tmp_path / "teahouse.conf"
    config.write_text(
        "# ours\n\nexport TEAHOUSE_PORT=9000\nTEAHOUSE_HOST = '0.0.0.0'\nTEAHOUSE_LANGUAGE=zh-hans\n"
    )
    settings = read(TEAHOUSE_CONFIG=str(config), TEAHOUSE_PORT="9001")
    assert (settings.port, settings.host, settings.language) == (9001, "0.0.0.0", "zh-hans")


def test_the_data_folders_own_file_comes_last(tmp_path: Path) -> None:
    (tmp_path / "teahouse.env").write_text("TEAHOUSE_PORT=9000\nTEAHOUSE_PING=7\n")
    config = tmp_path / "other"
    config.write_text(f"TEAHOUSE_PORT=9001\nTEAHOUSE_DATA={tmp_path}\n")
    settings = environ.read({"TEAHOUSE_CONFIG": str(config)})
    assert (settings.port, settings.ping) == (9001, 7)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("TEAHOUSE_PROT=9000", "Did you mean TEAHOUSE_PORT?"),
        ("DEBUG=1", "DEBUG"),
        ("just words", "must be NAME=value"),
        ("TEAHOUSE_CONFIG=/other", "cannot be set"),
        ("TEAHOUSE_PORT=x", "a number from 0 to 65535"),
    ],
)
def test_a_wrong_line_of_a_file_is_named_with_its_number(tmp_path: Path, line: str, said: str) -> None:
    config = tmp_path / "teahouse.conf"
    config.write_text(f"# first\n{line}\n")
    answer = refused(TEAHOUSE_CONFIG=str(config))
    assert f"{config}, line 2" in answer
    assert said in answer


def test_a_missing_file_of_settings_is_named(tmp_path: Path) -> None:
    assert "No such file" in refused(TEAHOUSE_CONFIG=str(tmp_path / "gone"))


def test_the_data_folder_is_not_named_inside_itself(tmp_path: Path) -> None:
    (tmp_path / "teahouse.env").write_text("TEAHOUSE_DATA=/elsewhere\n")
    assert "TEAHOUSE_DATA cannot be set" in refused(TEAHOUSE_DATA=str(tmp_path))


def test_the_command_line_goes_before_all(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setenv("TEAHOUSE_PORT_FILE", "/nowhere")
    monkeypatch.setenv("TEAHOUSE_PORT", "")
    environ.override("TEAHOUSE_PORT", 9002)
    assert environ.read({**os.environ, "TEAHOUSE_DATA": DATA}).port == 9002
