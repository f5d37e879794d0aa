"""System checks in a host project: a real one, through its own `manage.py check`."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.doctor.conftest import Doctor
from tests.doctor.projects import Site
from tests.servers import of_project

pytestmark = pytest.mark.timeout(120)

PUBSUB = "channels_redis.pubsub.RedisPubSubChannelLayer"
CORE = "channels_redis.core.RedisChannelLayer"
SQLITE = 'DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 5}'
ASGI = """\
import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
pages = get_asgi_application()

from teahouse.routing import application as with_sockets

application = with_sockets(pages)
"""

URLS = """\
from django.urls import include, path

urlpatterns = [path("chat/", include("teahouse.urls"))]
"""
BARE_ASGI = """\
import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_asgi_application()
"""
ROUTER = """
class Router:
    def db_for_write(self, model, **hints):
        return "talk" if model._meta.app_label == "teahouse" else None

    def allow_migrate(self, db, app_label, **hints):
        return db == "default"
"""

Check = Callable[..., str]


def line_of(told: str, begins: str) -> str:
    """The line to add, as a reader would paste it."""
    (line,) = re.findall(rf"^\s+({begins}.*)$", told, re.MULTILINE)
    return str(line)


def findings(told: str) -> set[str]:
    return set(re.findall(r"teahouse\.[EW]\d+", told))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A host in order: Teahouse beside the project's own app."""
    apps = ("daphne", "channels", "django.contrib.staticfiles", "teahouse")
    site = Site(tmp_path / "site").apps(*apps).layer(PUBSUB).write("shop/urls.py", URLS)
    return site.settings(SQLITE).write("shop/asgi.py", ASGI)


@pytest.fixture
def check(site: Site) -> Check:
    """`manage.py check` with these arguments: all that it prints."""

    def run(*arguments: str) -> str:
        return of_project(site.folder, "manage.py", "check", *arguments)[1]

    return run


def test_a_host_in_order(check: Check) -> None:
    assert "System check identified no issues" in check()


def test_apps_and_middleware_that_teahouse_needs(check: Check, site: Site) -> None:
    site.settings('INSTALLED_APPS.remove("django.contrib.sessions")', "MIDDLEWARE = []")
    told = check()
    assert '(teahouse.E060) Teahouse needs "django.contrib.sessions" in INSTALLED_APPS.' in told
    assert told.count("(teahouse.E062)") == 2
    assert '\tINSTALLED_APPS += ["django.contrib.sessions"]' in told


OWN_APPS = """
from daphne.apps import DaphneConfig
from django.contrib.auth.apps import AuthConfig
from django.contrib.sessions.apps import SessionsConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class Users(AuthConfig): pass
class Sessions(SessionsConfig): pass
class Files(StaticFilesConfig): pass
class Server(DaphneConfig): pass
"""
OWN_MIDDLEWARE = """
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware


class Users(AuthenticationMiddleware): pass
class Sessions(SessionMiddleware): pass
"""


def test_apps_and_middleware_of_the_projects_own(check: Check, site: Site) -> None:
    """Made of Django's, they are as good."""
    own = {"auth": "Users", "sessions": "Sessions", "staticfiles": "Files"}
    apps = {f"django.contrib.{app}": f"shop.confs.{name}" for app, name in own.items()}
    apps["daphne"] = "shop.confs.Server"
    site.write("shop/confs.py", OWN_APPS).write("shop/who.py", OWN_MIDDLEWARE)
    site.settings(f"INSTALLED_APPS = [{apps}.get(app, app) for app in INSTALLED_APPS]")
    site.settings('MIDDLEWARE = ["shop.who.Sessions", "shop.who.Users", *MIDDLEWARE[2:]]')
    assert "System check identified no issues" in check()
    assert "(teahouse.W060)" in check("--deploy")


def test_middleware_that_is_none_of_these(check: Check, site: Site) -> None:
    """One that cannot be imported, and one that is no class."""
    site.write("shop/broken.py", "import missing_library\n").write("shop/plain.py", "def one(answer): ...\n")
    site.settings('MIDDLEWARE = ["shop.broken.One", "shop.gone.Two", "shop.plain.one"]')
    told = check()
    assert told.count("(teahouse.E062)") == 2
    assert "Traceback" not in told


def test_the_setting_teahouse(check: Check, site: Site) -> None:
    """Each wrong name and value, with the right ones."""
    site.settings('TEAHOUSE = {"GEUSTS": True, "PING": "often", "LIMITS": {"txet": 1, "text": -1}}')
    told = check()
    for words in (
        *("(teahouse.E061)", 'TEAHOUSE["GEUSTS"]: there is no such setting', "Right would be: GUESTS."),
        *("(teahouse.E063)", "TEAHOUSE[\"PING\"] is 'often'", "Seconds between two pings", '"PING": 25}'),
        *('TEAHOUSE["LIMITS"]["txet"]', "Right would be: text."),
        *('TEAHOUSE["LIMITS"]["text"] is -1', '{"LIMITS": {"text": 10000}}'),
    ):
        assert words in told


@pytest.mark.parametrize("value", ["None", "['GUESTS']", "'https://shop.example'"])
def test_the_setting_teahouse_that_is_no_dictionary(check: Check, site: Site, value: str) -> None:
    site.settings(f"TEAHOUSE = {value}")
    told = check()
    assert f"(teahouse.E079) TEAHOUSE is {value}, and has to be a dictionary." in told
    assert told.count("(teahouse.E0") == 1
    line = line_of(told, "TEAHOUSE = ")
    site.settings(line)
    assert "(teahouse.E079)" not in check()


def test_a_setting_in_small_letters(check: Check, site: Site) -> None:
    site.settings('TEAHOUSE = {"url": "https://shop.example", "limits": {}, "xyz": 1}')
    told = check()
    for name, right in (("url", "URL"), ("limits", "LIMITS"), ("xyz", "URL, PROXIES, LOOPBACK")):
        assert re.search(
            rf'TEAHOUSE\["{name}"\]: there is no such setting.\s+HINT: Right would be: {right}', told
        )


def test_addresses_inside_another_namespace(check: Check, site: Site) -> None:
    """Which of the project's includes that is."""
    inner = URLS.replace("urlpatterns", 'app_name = "talk"\nurlpatterns')
    site.write("shop/inner.py", inner).write("shop/middle.py", URLS.replace("teahouse.urls", "shop.inner"))
    outer = URLS.replace('include("teahouse.urls")', 'include(("shop.middle", "store"), namespace="shops")')
    site.write("shop/urls.py", outer)
    told = check()
    assert '(teahouse.W080) teahouse.urls is included inside the namespace "shops:talk"' in told
    assert "in shop/urls.py, below any prefix" in told
    assert "(teahouse.W063)" not in told
    (line,) = re.findall(r"^\s+(path\(.*),$", told, re.MULTILINE)
    site.write("shop/urls.py", f"{outer}urlpatterns.insert(0, {line})\n")
    assert "(teahouse.W080)" not in check()
    # A name of its own is no other namespace round it.
    named = URLS.replace('include("teahouse.urls")', 'include("teahouse.urls", namespace="chat")')
    assert not {"teahouse.W063", "teahouse.W080"} & findings(_with(site, named, check))


def _with(site: Site, urls: str, check: Check) -> str:
    site.write("shop/urls.py", urls)
    return check()


def test_templates_without_the_request(check: Check, site: Site) -> None:
    processors = 'TEMPLATES[0]["OPTIONS"]["context_processors"]'
    site.settings(f"{processors} = {processors}[1:]")
    told = check()
    assert "(teahouse.W081) Templates do not have the request: {% teahouse_room %} cannot know" in told
    (line,) = re.findall(r'^\s+("django\.template.*"),$', told, re.MULTILINE)
    site.settings(f"{processors}.append({line})")
    assert "(teahouse.W081)" not in check()


def test_the_asgi_application(check: Check, site: Site) -> None:
    site.write("shop/asgi.py", "import missing_library\n")
    told = check()
    assert "(teahouse.E022)" in told
    assert "No module named 'missing_library'" in told
    assert "asgi.py:1)" in told


def test_the_set_up_is_led_through(check: Check, site: Site) -> None:
    """With the app alone, each missing piece is named with the lines to add."""
    site.apps("teahouse").write("shop/urls.py", "urlpatterns = []\n").write("shop/asgi.py", BARE_ASGI)
    site.settings("STATIC_URL = None", 'TEAHOUSE = {"POLICY": "shop.chat.Policy"}')
    told = check()
    for words in (
        "(teahouse.W071) No WebSocket reaches Teahouse: ASGIHandler answers pages only",
        "from teahouse.routing import application as with_teahouse",
        "application = with_teahouse(application)",
        "(teahouse.W063) Teahouse has no addresses: they are not in shop/urls.py",
        'path("chat/", include("teahouse.urls")),',
        '"django.contrib.staticfiles" is not in INSTALLED_APPS',
        'STATIC_URL = "static/"',
        '(teahouse.E067) TEAHOUSE["POLICY"] = "shop.chat.Policy" cannot be used',
        "No module named 'shop.chat'",
        "(teahouse.W030)",
        'INSTALLED_APPS = ["daphne", …]',
    ):
        assert words in told, told


def test_routes_that_lead_elsewhere(check: Check, site: Site) -> None:
    from tests.doctor.projects import ASGI as OWN

    site.write("shop/asgi.py", OWN)
    told = check()
    assert "(teahouse.W072)" in told
    assert 'path("chat/", URLRouter(websocket_urlpatterns)),' in told


def test_a_router_that_does_not_know_teahouse(check: Check, site: Site) -> None:
    site.settings(
        'DATABASES["talk"] = {**DATABASES["default"], "NAME": os.path.join(BASE_DIR, "talk.sqlite3")}'
    )
    site.settings('DATABASE_ROUTERS = ["shop.router.Router"]').write("shop/router.py", ROUTER)
    told = check()
    assert '(teahouse.E066) The database router does not let Teahouse\'s tables be made in "talk"' in told
    assert "python manage.py migrate --database talk" in told


def test_a_database_of_its_own_and_the_projects_transactions(check: Check, site: Site) -> None:
    """Its lines, followed: nothing is left to say of it."""
    site.settings(
        'DATABASES["talk"] = {**DATABASES["default"], "NAME": os.path.join(BASE_DIR, "talk.sqlite3")}'
    )
    router = ROUTER.replace('db == "default"', '(db == "talk") == (app_label == "teahouse")')
    site.settings('DATABASE_ROUTERS = ["shop.router.Router"]').write("shop/router.py", router)
    told = check()
    assert "(teahouse.E066)" not in told
    assert """(teahouse.W075) Teahouse's tables are in the database "talk",""" in told
    (line,) = re.findall(r"INSTALLED_APPS \+= .*", told)
    site.settings(line)
    told = check("--database", "default")
    assert "(teahouse.W075)" not in told
    assert "(teahouse.W077)" not in told
    assert '(teahouse.W076) The database "default" has no tables' in told
    status, said = of_project(site.folder, "manage.py", "migrate")
    assert status == 0, said
    assert "(teahouse.W076)" not in check("--database", "default")
    site.settings('DATABASES["talk"]["ATOMIC_REQUESTS"] = True')
    site.settings('DATABASES["default"]["OPTIONS"] = {}')
    told = check()
    assert '(teahouse.W077) ATOMIC_REQUESTS is on in DATABASES["talk"]' in told
    assert "(teahouse.W050)" in told, "the project's file is written to as well"
    everywhere = router.replace('app_label == "teahouse"', 'app_label.startswith("teahouse")')
    site.write("shop/router.py", everywhere)
    assert "(teahouse.W075)" in check(), "it is let in nowhere"


def test_tables_that_are_not_there_yet(check: Check, site: Site) -> None:
    assert "(teahouse.W065)" in check("--database", "default")
    status, said = of_project(site.folder, "manage.py", "migrate", "teahouse")
    assert (status, "W065" in said) == (0, False), said
    assert "(teahouse.W065)" not in check("--database", "default")


def test_the_core_layer(check: Check, site: Site) -> None:
    site.layer(CORE)
    assert "(teahouse.W042)" in check()


@pytest.mark.parametrize("debug", [True, False])
def test_the_in_memory_layer(check: Check, site: Site, debug: bool) -> None:
    """While developing one process is all there is."""
    site.layer("channels.layers.InMemoryChannelLayer").settings(f"DEBUG = {debug}")
    assert ("(teahouse.W040)" in check()) != debug


def test_daphne_is_for_development(check: Check) -> None:
    assert "(teahouse.W060)" in check("--deploy")
    # test_a_host_in_order is its opposite


def test_static_files_are_in_one_place(check: Check, site: Site) -> None:
    assert "(teahouse.W073)" in check("--deploy")
    assert "(teahouse.W073)" not in check(), "runserver serves them by itself"
    site.settings('STATIC_ROOT = "/srv/static"')
    assert "(teahouse.W073)" not in check("--deploy")


def test_the_site_has_a_name(check: Check, site: Site) -> None:
    assert "(teahouse.W078)" not in check("--deploy")
    site.settings('ALLOWED_HOSTS = ["*"]')
    assert "(teahouse.W078)" not in check()
    told = check("--deploy")
    assert "(teahouse.W078) Nothing names the site" in told
    line = line_of(told, "TEAHOUSE = ")
    site.settings(line.replace("…", "shop.example"))
    assert "(teahouse.W078)" not in check("--deploy")


@pytest.mark.parametrize("address", ["shop.example", "//shop.example"])
def test_an_address_without_its_scheme(check: Check, site: Site, address: str) -> None:
    site.settings(f'TEAHOUSE = {{"URL": "{address}"}}')
    told = check()
    assert f"(teahouse.E063) TEAHOUSE[\"URL\"] is '{address}'" in told
    assert 'an address begins with its scheme, as "https://shop.example".' in told


def test_times_have_a_zone(check: Check, site: Site) -> None:
    site.settings("USE_TZ = False")
    told = check()
    assert "(teahouse.E078) USE_TZ is False: Teahouse can store nothing." in told
    line = line_of(told, "USE_TZ = ")
    site.settings(line)
    assert "(teahouse.E078)" not in check()


def test_a_login_for_each_page_and_guests(check: Check, site: Site) -> None:
    site.settings('MIDDLEWARE += ["django.contrib.auth.middleware.LoginRequiredMiddleware"]')
    told = check()
    assert "(teahouse.W082) LoginRequiredMiddleware wants a login for every page" in told
    line = line_of(told, "TEAHOUSE = ")
    site.settings(line)
    assert "(teahouse.W082)" not in check()


def test_figures_need_their_package(check: Check, site: Site) -> None:
    site.settings('TEAHOUSE = {"METRICS_TOKEN": "a-long-secret-for-those-who-watch"}')
    assert "(teahouse.W074)" not in check()
    site.settings('import sys\nsys.modules["prometheus_client"] = None  # As where it is not installed.')
    told = check()
    assert "(teahouse.W074)" in told
    assert 'pip install "teahouse[metrics]"' in told


def test_sqlite_as_django_makes_it(check: Check, site: Site) -> None:
    site.settings('DATABASES["default"]["OPTIONS"] = {"init_command": "PRAGMA synchronous=NORMAL"}')
    site.settings('DATABASES["default"]["CONN_MAX_AGE"] = None')
    told = check("--database", "default")
    for key in ("W050", "W051", "W052", "W053"):
        assert f"(teahouse.{key})" in told
    assert "synchronous is NORMAL" in told
    # The database itself is asked only where Django was told to.
    settings_only = check()
    assert "(teahouse.W050)" in settings_only
    assert "(teahouse.W051)" not in settings_only


def test_sqlite_as_the_check_says(check: Check, site: Site) -> None:
    """Its line, pasted: nothing is left to say, of the database neither."""
    site.settings('DATABASES["default"]["OPTIONS"] = {}')
    (line,) = re.findall(r'^\s+("OPTIONS": .*),$', check("--database", "default"), re.MULTILINE)
    site.settings(f'DATABASES["default"].update({{{line}}})')
    assert findings(check("--database", "default")) == {"teahouse.W065"}


def test_sqlite_as_it_should_be(check: Check, site: Site) -> None:
    import sqlite3

    database = sqlite3.connect(site.folder / "db.sqlite3")
    database.execute("PRAGMA journal_mode=WAL")
    database.close()
    assert findings(check("--database", "default")) == {"teahouse.W065"}, "it has no tables yet"


def _postgres(site: Site, url: str, *lines: str) -> None:
    """The project on PostgreSQL, with further lines about its database."""
    given = psycopg.conninfo.conninfo_to_dict(url)
    entry = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": given["dbname"],
        **{name.upper(): str(given[name]) for name in ("host", "port", "user", "password")},
    }
    site.settings(f'DATABASES["default"] = {entry!r}', *lines)


def test_postgresql_that_forgets(check: Check, site: Site, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    _postgres(site, postgres_url)
    told = check("--database", "default")
    assert "(teahouse.W054)" in told
    assert "PostgreSQL's synchronous_commit is off" in told
    assert f'ALTER DATABASE "{name}" SET synchronous_commit = on;' in told


def test_postgresql_as_it_should_be(check: Check, site: Site, postgres_url: str) -> None:
    _postgres(site, postgres_url, 'DATABASES["default"]["OPTIONS"] = {"pool": {"max_size": 20}}')
    assert findings(check("--database", "default")) == {"teahouse.W065"}, "it has no tables yet"


def test_a_pool_that_is_too_small(check: Check, site: Site, postgres_url: str) -> None:
    """As Django's documentation has it: four connections, of which Teahouse itself keeps five."""
    _postgres(site, postgres_url, 'DATABASES["default"]["OPTIONS"] = {"pool": True}')
    assert '(teahouse.W056) The pool of DATABASES["default"] has 4 connections' in check()


def test_a_database_that_cannot_be_reached(check: Check, site: Site, free_port: int) -> None:
    _postgres(site, f"postgres://teahouse:oolong@127.0.0.1:{free_port}/shop")
    told = check("--database", "default")
    assert "(teahouse.E050)" in told
    assert "oolong" not in told


def test_chinese_where_the_project_is(check: Check, site: Site) -> None:
    site.settings('LANGUAGE_CODE = "zh-hans"', 'TEAHOUSE = {"GEUSTS": True}')
    assert "没有这个设置项" in check()


def test_a_check_can_be_silenced(check: Check, site: Site) -> None:
    site.settings('DATABASES["default"]["OPTIONS"] = {}', 'SILENCED_SYSTEM_CHECKS = ["teahouse.W050"]')
    assert "no issues" in check()


def test_the_doctor_passes_them_on(doctor: Doctor, site: Site) -> None:
    """With the lines to type, and each only once, though the doctor finds some of them by itself."""
    site.settings('DATABASES["default"]["OPTIONS"] = {}', 'DATABASES["default"]["CONN_MAX_AGE"] = 60')
    told = doctor("--python", sys.executable, "--project", site.folder, "--connect", "--lang", "zh")
    assert told["W050"]["type"] == [
        '"OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 5, "init_command": "PRAGMA journal_mode=WAL"},'
    ]
    assert "SQLite 的事务开始得太晚" in told["W050"]["say"]
    assert told["W051"]["level"] == "warning"
    assert told.ids.count("W053") == 1
