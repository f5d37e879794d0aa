"""The table of versions against the real packages, and the pip lines against pip's own kind of resolver."""

import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from teahouse.fit import pins, versions
from teahouse.fit.pins import Choice, Wants
from teahouse.fit.versions import CHANNELS, DJANGO, DjangoLine, allows, parse, text
from tests.doctor.environments import Environments, run, uv

pytestmark = pytest.mark.timeout(240)


# Each line's first release, or the first with a wheel, and the last one.
RELEASES: tuple[str, ...] = (
    "2.1.2",
    "2.1.7",
    "2.2.0",
    "2.3.0",
    "2.3.1",
    "2.4.0",
    "3.0.0",
    "3.0.3",
    "3.0.4",
    "3.0.5",
    "4.0.0",
)
RELEASES += ("4.1.0", "4.2.0", "4.2.2", "4.3.0", "4.3.1", "4.3.2")


@pytest.fixture(scope="module")
def metadata(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of every release of Channels in RELEASES, unpacked: small, and without what they ask for."""
    folder = tmp_path_factory.mktemp("channels")
    for release in RELEASES:
        run(
            "pip",
            "install",
            "--no-deps",
            "--python-version",
            "3.9",
            "--target",
            str(folder / release),
            f"channels=={release}",
        )
    return folder


@pytest.mark.parametrize("release", RELEASES)
def test_a_line_says_what_the_package_says(metadata: Path, release: str) -> None:
    line = versions.channels_line(parse(release))
    assert line is not None
    told = next((metadata / release).glob("*.dist-info/METADATA")).read_text("utf-8")
    asked = dict(
        versions.requirement(given)
        for given in re.findall(r"^Requires-Dist: (.*)$", told, re.M)
        if "extra" not in given
    )
    assert asked["django"] == line.django
    assert ("daphne" in asked) == line.daphne_required
    # What the table pins lies within what the package asks for: its lowest version and the next ones.
    for name, ours in (("asgiref", line.asgiref), ("daphne", line.daphne)):
        for version in _grid(ours):
            assert name not in asked or allows(asked[name], version), f"{name} {text(version)}"
    pythons = [
        parse(found)
        for found in re.findall(r"^Classifier: Programming Language :: Python :: (\d\.\d+)$", told, re.M)
    ]
    assert min(pythons) >= line.pythons[0]
    assert max(pythons) <= line.pythons[1]


def _grid(specifier: str) -> list[versions.Version]:
    every = [(major, minor, patch) for major in range(6) for minor in range(14) for patch in (0, 5, 10)]
    return [version for version in every if allows(specifier, version)]


def test_the_lines_leave_no_hole_and_do_not_overlap() -> None:
    for newer, older in pairwise(CHANNELS):
        assert newer.first > older.last
    for release in RELEASES:
        assert sum(line.covers(parse(release)) for line in CHANNELS) == 1
    assert [line.series for line in DJANGO] == sorted((line.series for line in DJANGO), reverse=True)


LINES = [line for line in DJANGO if line.series >= (2, 0)]


@pytest.fixture(scope="module")
def resolved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[DjangoLine, Future[list[str]]]]:
    """What uv says of each line. Most of that is waiting for the registry, so all are asked for at a time."""
    with ThreadPoolExecutor(len(LINES)) as several:
        yield {line: several.submit(_why_not, line, tmp_path_factory.mktemp("resolved")) for line in LINES}


@pytest.mark.parametrize("django", LINES, ids=lambda line: text(line.series))
def test_every_pip_line_can_be_installed(
    django: DjangoLine, resolved: dict[DjangoLine, Future[list[str]]]
) -> None:
    """uv finds releases for all that the line asks for, on the newest Python that it names; for LTS the oldest too."""
    assert resolved[django].result() == []


def _why_not(django: DjangoLine, folder: Path) -> list[str]:
    best = pins.choices(Wants({"django": f"=={text(django.series)}"}))[0]
    oldest = {max(best.pythons[0], (3, 7))} if django.series[1] == 2 else set()
    told = [_resolves(best, python, folder) for python in {best.pythons[1]} | oldest]
    return [error for error in told if error]


def _resolves(choice: Choice, python: versions.Version, folder: Path) -> str:
    wanted = folder / "wanted.txt"
    wanted.write_text("\n".join(choice.requirements))
    for options in (["--offline"], []):
        command = [uv(), "pip", "compile", "--quiet", *options, "--python-version", text(python), str(wanted)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            return ""
    return done.stderr


def test_what_the_table_calls_broken_is(environments: Environments) -> None:
    """The other side of it: the real Channels 3.0.3 on the real Django 4.0, without any doctor."""
    script = (
        "from django.conf import settings; settings.configure(INSTALLED_APPS=['django.contrib.auth', "
        "'django.contrib.contenttypes', 'django.contrib.sessions']); import django; django.setup(); "
        "import channels.auth"
    )
    broken = subprocess.run([environments.python("misfit"), "-c", script], capture_output=True, text=True)
    assert "LANGUAGE_SESSION_KEY" in broken.stderr
    sound = subprocess.run([environments.python("seed"), "-c", script], capture_output=True, text=True)
    assert sound.returncode == 0, sound.stderr
    assert versions.broken((3, 0, 3), (4, 0))
    assert not versions.broken((3, 0, 3), (3, 2, 3))
    assert not versions.broken((3, 0, 4), (4, 0))
