"""Real environments examined through their own interpreters: do the versions fit, and does it say so?"""

import os
from pathlib import Path

import pytest

from teahouse.server.doctor import main
from tests.doctor.conftest import Doctor
from tests.doctor.environments import Environments, pythons, series
from tests.doctor.projects import Site

# An environment may have to be built first.
pytestmark = pytest.mark.timeout(240)

CORE = "channels_redis.core.RedisChannelLayer"
PUBSUB = "channels_redis.pubsub.RedisPubSubChannelLayer"


def number(python: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in series(python).split("."))


def test_the_seeds_own_versions_fit(environments: Environments, doctor: Doctor, site: Site) -> None:
    python = environments.python("seed")
    site.layer(CORE)
    told = doctor("--python", python, "--project", site.folder)
    assert told.status == 0
    assert told.errors == []
    assert told.says("Channels 3.0.3 runs with Django 3.2.3")
    assert told.says("start together")
    assert told.says("WebSocket routes: /wsmsg/")
    # Fit means on a Python that they were made for; on another the doctor says that too.
    assert ("W004" in told.ids) == (number(python) > (3, 9))


def test_django_4_with_channels_3_0_3_does_not_start(
    environments: Environments, doctor: Doctor, site: Site
) -> None:
    python = environments.python("misfit")
    told = doctor("--python", python, "--project", site.folder)
    assert told.status == 1
    # First of all what an installation of Teahouse would do there.
    first = told.findings[0]
    assert first["type"] == ["uvx teahouse serve"]
    if number(python) < (3, 11):
        assert first["id"] == "teahouse.I001"
    else:
        assert first["id"] == "teahouse.W001"
        assert "upgrade Django 4.0" in first["say"]
    assert told["E001"]["say"] == "Channels 3.0.3 does not start with Django 4.0."
    assert told["E001"]["type"][0].startswith("pip install django~=4.0.0 channels~=4.0.0 ")
    # The true error, which Channels hides, with its place and the project's line that led there.
    true = told["E029"]["why"]
    assert "cannot import name 'LANGUAGE_SESSION_KEY'" in true
    assert "channels/auth.py:15 ← shop/asgi.py:" in true
    # Once: the import is not reported again beside E001.
    assert "E005" not in told.ids


def test_an_upgrade_of_django_is_said(environments: Environments, doctor: Doctor) -> None:
    """On a Python that Teahouse itself runs on: nothing but pip's own resolving stands between."""
    told = doctor("--python", environments.python("headless"))
    assert told.findings[0]["id"] == "teahouse.W001"
    assert "would upgrade Django 4.2 to" in told.findings[0]["say"]


def test_channels_2_has_no_as_asgi(environments: Environments, doctor: Doctor, site: Site) -> None:
    site.replace("shop/asgi.py", "from django.core.asgi import get_asgi_application\n", "import django\n")
    site.replace("shop/asgi.py", "get_asgi_application()", "django.setup()")
    site.replace("shop/asgi.py", '        "http": django_application,\n', "")
    told = doctor("--python", environments.python("channels2"), "--project", site.folder)
    assert "has no attribute 'as_asgi'" in told["E029"]["why"]
    assert "chat/routing.py:6" in told["E029"]["why"]

    # And its opposite: given as a class, as Channels 2 wants it.
    site.replace("chat/routing.py", ".as_asgi()", "")
    told = doctor("--python", environments.python("channels2"), "--project", site.folder)
    assert told.errors == []
    assert told.says("WebSocket routes: /wsmsg/")


def test_redis_py_8_with_the_core_layer(environments: Environments, doctor: Doctor, site: Site) -> None:
    python = environments.python("redis8")
    told = doctor("--python", python, "--project", site.layer(CORE).folder)
    assert told.status == 1
    assert "#422" in told["E004"]["why"]
    assert told["E004"]["type"] == ['pip install "redis>=4.6,<8"']


@pytest.mark.parametrize(
    ("layer", "hosts"),
    [
        (PUBSUB, '["redis://127.0.0.1:6379/0"]'),
        (CORE, '[{"address": "redis://127.0.0.1:6379/0", "socket_timeout": None}]'),
    ],
)
def test_redis_py_8_is_fine_where_nothing_times_out(
    environments: Environments, doctor: Doctor, site: Site, layer: str, hosts: str
) -> None:
    told = doctor("--python", environments.python("redis8"), "--project", site.layer(layer, hosts).folder)
    assert "E004" not in told.ids
    assert told.says(f'The channel layer "default" ({layer}) fits.')


def test_redis_py_8_is_mentioned_where_no_settings_say_which_layer(
    environments: Environments, doctor: Doctor
) -> None:
    assert doctor("--python", environments.python("redis8"))["W007"]["level"] == "warning"
    assert "W007" not in doctor("--python", environments.python("seed")).ids


def test_uvicorn_without_websockets_serves_none(
    environments: Environments, doctor: Doctor, site: Site
) -> None:
    told = doctor("--python", environments.python("redis8"), "--project", site.folder)
    assert told["E031"]["type"] == ["pip install websockets"]
    # And runserver would answer them with 404: Channels 4 leaves it to daphne, which is not there either.
    assert told["W030"]["type"] == ["pip install daphne", 'INSTALLED_APPS = ["daphne", …]']


def test_packages_that_quarrel_are_named(environments: Environments, doctor: Doctor) -> None:
    told = doctor("--python", environments.python("quarrel"))
    assert told["E002"]["say"] == "Channels 4.3.1 asks for asgiref >=3.9.0,<4, but 3.8.1 is installed."


def test_a_django_that_cannot_be_imported(environments: Environments, doctor: Doctor, site: Site) -> None:
    told = doctor("--python", environments.python("headless"), "--project", site.folder)
    assert told.status == 1
    assert "No module named 'asgiref'" in told["E005"]["why"]
    assert told["E005"]["say"] == "django cannot be imported."
    assert told.facts["about"]["Django"] == "4.2"


def test_a_broken_django_is_examined_all_the_same(
    environments: Environments, doctor: Doctor, tmp_path: Path
) -> None:
    """`import django` itself ends in an error: half of it is gone."""
    home = tmp_path / "broken"
    (home / "django").mkdir(parents=True)
    (home / "django" / "__init__.py").write_text("from django.utils.version import get_version\n")
    (home / "Django-4.2.dist-info").mkdir()
    (home / "Django-4.2.dist-info" / "METADATA").write_text("Name: Django\nVersion: 4.2\n")
    python = environments.python("empty")
    packages = next((python.parent.parent / "lib").glob("python*")) / "site-packages"
    (packages / "broken.pth").write_text(f"{home}\n")
    try:
        told = doctor("--python", python)
    finally:
        (packages / "broken.pth").unlink()
    assert told.facts["about"]["Django"] == "4.2"
    assert "No module named 'django.utils'" in told["E005"]["why"]


def test_an_empty_environment(environments: Environments, doctor: Doctor) -> None:
    told = doctor("--python", environments.python("empty"))
    assert told.status == 0
    assert told["I004"]["type"][0].startswith("pip install django~=")


@pytest.mark.parametrize("form", ["", "bin", "bin/python"])
def test_a_folder_of_the_environment_will_do(environments: Environments, doctor: Doctor, form: str) -> None:
    home = environments.python("empty").parent.parent
    told = doctor("--python", home / form)
    assert told.facts["about"]["executable"] == str(home / "bin" / "python")


def test_every_python_of_this_machine_gets_an_answer(doctor: Doctor) -> None:
    """From 2.7 on: with what is installed there, whatever it is, and never a traceback."""
    for name, python in pythons().items():
        told = doctor("--python", python)
        assert told.facts["about"]["Python"].startswith(name)
        if tuple(int(part) for part in name.split(".")) < (3, 5):
            assert told["E007"]["type"][0].startswith("pip install django~=1.11.0")


def test_what_is_no_python_is_said_plainly(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for wrong in ("/bin/ls", str(tmp_path / "nowhere"), str(tmp_path)):
        assert main(["--python", wrong]) == 2
        assert wrong in capsys.readouterr().err


def test_our_own_package_is_not_on_its_path(
    environments: Environments, doctor: Doctor, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where PYTHONPATH brought us here; what else is on PYTHONPATH stays."""
    checkout = Path(__file__).parents[2]
    assert (checkout / "teahouse" / "__init__.py").exists()
    theirs = site.folder.parent / "theirs"
    theirs.mkdir()
    (theirs / "their_own.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(checkout), str(theirs)]))
    site.settings("import their_own", "try:", "    import teahouse", "except ImportError:", "    pass")
    site.settings("else:", "    raise RuntimeError('teahouse is on the path')")
    told = doctor("--python", environments.python("seed"), "--project", site.folder)
    assert told.errors == []
    assert told.says("all their apps load")
