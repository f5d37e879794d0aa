"""Projects that people write, each spoiled in one way; each finding has its opposite in `test_a_right_project`."""

import sys
from pathlib import Path

import pytest

from tests.doctor.conftest import Doctor, Told
from tests.doctor.projects import Site

pytestmark = pytest.mark.timeout(120)

PUBSUB = "channels_redis.pubsub.RedisPubSubChannelLayer"
IN_MEMORY = "channels.layers.InMemoryChannelLayer"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """On Channels 4, in the environment of these very tests."""
    return Site(tmp_path / "site", "daphne").layer(PUBSUB)


@pytest.fixture
def look(doctor: Doctor, site: Site) -> "Look":
    return Look(doctor, site)


class Look:
    def __init__(self, doctor: Doctor, site: Site) -> None:
        self.doctor = doctor
        self.site = site

    def __call__(self, *arguments: str) -> Told:
        return self.doctor("--python", sys.executable, "--project", self.site.folder, *arguments)


def test_a_right_project(look: Look) -> None:
    told = look()
    assert told.ids == []
    assert told.status == 0
    assert told.facts["about"]["settings"] == "shop.settings"
    assert told.says("WebSocket routes: /wsmsg/  /wsmsg/(?P<group>\\w+)/$")
    assert told.says("Servers that speak WebSocket: daphne")


def test_settings_that_cannot_be_read(look: Look, site: Site) -> None:
    site.settings("import nowhere_to_be_found")
    told = look()
    assert told.errors == ["E010"]
    assert "No module named 'nowhere_to_be_found' (shop/settings.py:" in told["E010"]["why"]


def test_settings_with_a_slip_of_the_pen(look: Look, site: Site) -> None:
    site.settings("X = [1, 2")
    told = look()
    assert "SyntaxError" in told["E010"]["why"]
    assert "shop/settings.py:" in told["E010"]["why"]


def test_settings_that_are_not_there(look: Look) -> None:
    told = look("--settings", "shop.production")
    assert "No module named 'shop.production'" in told["E010"]["why"]


def test_an_app_that_cannot_be_loaded(look: Look, site: Site) -> None:
    site.write("chat/models.py", "import missing_library\n")
    told = look()
    assert told.errors == ["E011"]
    assert "No module named 'missing_library' (chat/models.py:1)" in told["E011"]["why"]


def test_the_true_error_behind_asgi_application(look: Look, site: Site) -> None:
    site.write("chat/consumers.py", "import missing_library\n")
    told = look()
    assert told.errors == ["E022"]
    assert "No module named 'missing_library' (chat/consumers.py:1)" in told["E022"]["why"]


def test_an_asgi_module_that_works_only_under_manage_py(look: Look, site: Site) -> None:
    """Models before get_asgi_application(): runserver has set Django up, uvicorn and daphne have not."""
    site.replace("shop/asgi.py", "from django.core.asgi", "import chat.models\nfrom django.core.asgi")
    told = look()
    assert told.errors == ["E028"]
    assert "AppRegistryNotReady" in told["E028"]["why"]
    assert "chat/models.py:4" in told["E028"]["why"]
    assert told["E028"]["type"] == ["django_application = get_asgi_application()"]


@pytest.mark.parametrize(
    ("line", "key", "right"),
    [
        ("del ASGI_APPLICATION", "E020", 'ASGI_APPLICATION = "shop.asgi.application"'),
        ('ASGI_APPLICATION = "shop"', "E021", 'ASGI_APPLICATION = "shop.asgi.application"'),
        ('ASGI_APPLICATION = "shop.asgi:application"', "E021", 'ASGI_APPLICATION = "shop.asgi.application"'),
        ('ASGI_APPLICATION = "99.Django_Server"', "E022", "No module named '99'"),
        ('ASGI_APPLICATION = "shop.asgi.app"', "E023", "application, django_application"),
        ('ASGI_APPLICATION = "shop.asgi.django_application"', "E024", "shop/asgi.py"),
    ],
)
def test_asgi_application_itself(look: Look, site: Site, line: str, key: str, right: str) -> None:
    """Each wrong form is answered with the right one."""
    site.settings(line)
    told = look()
    assert told.errors == [key]
    assert right in "\n".join([told[key]["why"], told[key]["do"], *told[key]["type"]])


def test_no_websocket_in_the_router(look: Look, site: Site) -> None:
    site.replace("shop/asgi.py", '"websocket": AllowedHosts', '"ws": AllowedHosts')
    told = look()
    assert told.errors == ["E024"]
    assert "shop/asgi.py" in told["E024"]["do"]


def test_no_http_in_the_router(look: Look, site: Site) -> None:
    site.replace("shop/asgi.py", '        "http": django_application,\n', "")
    assert look()["E026"]["type"] == ['"http": get_asgi_application(),']


def test_routes_that_never_work(look: Look, site: Site) -> None:
    """A consumer without .as_asgi(), two paths that begin with a slash; and the user known to any web site."""
    site.write(
        "chat/routing.py",
        "from django.urls import path, re_path\nfrom chat.consumers import WsData\nwebsocket_urlpatterns = [\n"
        'path("bare/", WsData),\npath("/slash/", WsData.as_asgi()),\nre_path(r"^/hat/$", WsData.as_asgi()),\n]\n',
    )
    site.replace("shop/asgi.py", "AllowedHostsOriginValidator(AuthMiddlewareStack(", "AuthMiddlewareStack((")
    told = look()
    assert told.ids == ["E025", "E027", "E027", "W021"]
    assert (
        told["E025"]["say"]
        == 'The route "bare/" gives the consumer chat.consumers.WsData without .as_asgi().'
    )
    assert told["E025"]["type"] == ["WsData.as_asgi()"]
    assert [one["type"] for one in told.findings if one["id"] == "teahouse.E027"] == [["slash/"], ["hat/$"]]


def test_routes_in_a_router_inside(look: Look, site: Site) -> None:
    site.replace(
        "shop/asgi.py", "from chat import routing", "from chat import routing\nfrom django.urls import path"
    )
    site.replace(
        "shop/asgi.py",
        "routing.websocket_urlpatterns",
        '[path("chat/", URLRouter(routing.websocket_urlpatterns))]',
    )
    assert look().says("/chat/wsmsg/")


def test_no_routes_at_all(look: Look, site: Site) -> None:
    site.write("chat/routing.py", "websocket_urlpatterns = []\n")
    assert look()["W022"]["level"] == "warning"


def test_another_framework_around_it(look: Look, site: Site) -> None:
    site.write("shop/asgi.py", "async def application(scope, receive, send): pass\n")
    assert look()["I020"]["level"] == "note"


def test_channels_4_without_daphne(look: Look, site: Site) -> None:
    site.apps("channels").layer(PUBSUB)
    told = look()
    assert told["W030"]["type"] == ['INSTALLED_APPS = ["daphne", …]']


def test_djangos_own_messages_are_passed_on(look: Look, site: Site) -> None:
    site.apps("django.contrib.staticfiles", "daphne").layer(PUBSUB)
    told = look()
    assert told.status == 1
    assert "daphne.E001" in told.ids


def test_checks_that_end_in_an_error(look: Look, site: Site) -> None:
    site.write("shop/urls.py", "import missing_library\n")
    assert "shop/urls.py:1" in look()["E013"]["why"]


def test_the_in_memory_layer_of_one_process(look: Look, site: Site) -> None:
    site.layer(IN_MEMORY)
    assert look().ids == ["W040"]


@pytest.mark.parametrize("way", ["--processes", "WEB_CONCURRENCY"])
def test_the_in_memory_layer_of_several(
    look: Look, site: Site, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "WEB_CONCURRENCY":
        monkeypatch.setenv(way, "4")
    site.layer(IN_MEMORY)
    told = look(*(["--processes", "4"] if way == "--processes" else []))
    assert told.errors == ["E041"]
    assert "4 processes" in told["E041"]["say"]


def test_no_layer(look: Look, site: Site) -> None:
    site.settings("CHANNEL_LAYERS = {}")
    assert look().ids == ["W041"]


@pytest.mark.parametrize("backend", ["channels_rabbit.Layer", "channels_redis.pubsub.NoSuchLayer"])
def test_a_layer_that_cannot_be_made(look: Look, site: Site, backend: str) -> None:
    site.layer(backend)
    assert look()["E040"]["say"].endswith(f"{backend}.")


def test_connections_that_live_on(look: Look, site: Site) -> None:
    site.settings('DATABASES["default"]["CONN_MAX_AGE"] = 600')
    assert look()["W053"]["type"] == ['"CONN_MAX_AGE": 0,']


def test_a_file_of_the_project_that_hides_a_package(look: Look, site: Site) -> None:
    site.write("redis.py", "")
    told = look()
    assert "redis.py" in told["E006"]["say"]


def test_a_project_that_prints_and_exits(look: Look, site: Site) -> None:
    """What it prints is not taken for the probe's words, and what was seen before is still told."""
    site.replace("shop/asgi.py", "import os\n", 'import os\nprint(\'{"stage": "python"}\')\nos._exit(7)\n')
    told = look()
    assert "exit status 7" in told["E012"]["say"]
    assert told.facts["about"]["Django"]


def test_a_project_that_calls_sys_exit(look: Look, site: Site) -> None:
    site.replace("shop/asgi.py", "import os\n", "import sys\nsys.exit('no licence')\n")
    assert "SystemExit: no licence" in look()["E022"]["why"]


def test_without_a_manage_py_only_the_versions_are_looked_at(doctor: Doctor, tmp_path: Path) -> None:
    told = doctor("--python", sys.executable, "--project", tmp_path)
    assert told.ids == ["I010"]


def test_databases_and_layers_that_answer(look: Look, site: Site, redis_url: str) -> None:
    site.layer(PUBSUB, f'["{redis_url}"]')
    told = look("--connect")
    assert told.ids == []
    assert told.says('The database "default" answers.')
    assert told.says('The channel layer "default" reaches Redis.')


def test_databases_and_layers_that_do_not_answer(look: Look, site: Site, free_port: int) -> None:
    site.layer(PUBSUB, f'["redis://:oolong@127.0.0.1:{free_port}/0"]')
    site.settings('DATABASES["default"]["NAME"] = "/nowhere/at/all.sqlite3"')
    told = look("--connect")
    assert {"E050", "E051"} <= set(told.errors)
    assert "oolong" not in str(told.findings)


def test_nothing_is_connected_unasked(look: Look, site: Site, free_port: int) -> None:
    site.layer(PUBSUB, f'["redis://127.0.0.1:{free_port}/0"]')
    assert look().status == 0


def test_nothing_is_written(look: Look, site: Site) -> None:
    """Neither bytecode nor the log file that the settings open nor a database."""
    before = site.files()
    assert "shop.log" not in before
    assert look().status == 0
    assert site.files() == before
