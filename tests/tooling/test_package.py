"""What people get who install Teahouse, and what they get who clone it."""

import os
import re
import resource
import shutil
import subprocess
import sys
import tarfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Process, free_port, temporary_folder
from tests.tooling.checkout import ROOT

pytestmark = pytest.mark.timeout(240)  # the network is asked for packages where uv's cache lacks them

UV = str(Path(sys.executable).parent / "uv")
# As in bin/_bootstrap.py: trust what the system trusts.
ENVIRONMENT = {"UV_SYSTEM_CERTS": "true", **os.environ}


def project_files(*folders: str) -> set[str]:
    """What git has or would take, so that a new file is tried before it is committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *folders]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {name for name in listed.splitlines() if (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def dist() -> Iterator[Path]:
    """The source distribution, and the wheel that was built from it and from nothing else."""
    with temporary_folder("dist") as folder:
        clone = copy_of_the_project(folder / "source")
        subprocess.run(
            [UV, "build", "--quiet", "--out-dir", str(folder / "dist"), str(clone)],
            env=ENVIRONMENT,
            check=True,
        )
        yield folder / "dist"


def copy_of_the_project(target: Path) -> Path:
    """As a fresh clone would be, of the files as they are now."""
    for name in project_files():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    return target


def wheel_in(dist: Path) -> Path:
    (wheel,) = dist.glob("*.whl")
    return wheel


def test_the_wheel_holds_the_whole_package_and_nothing_else(dist: Path) -> None:
    with zipfile.ZipFile(wheel_in(dist)) as archive:
        names = set(archive.namelist())
    inside = {name for name in names if ".dist-info/" not in name}
    assert inside == project_files("teahouse")
    kinds = {Path(name).suffix for name in inside}
    assert {".py", ".html", ".js", ".css"} <= kinds, "the pages must be there for this test to mean anything"
    assert "teahouse/py.typed" in inside
    assert any(name.startswith("teahouse/migrations/0") for name in inside)


def test_the_wheel_names_its_licence_and_carries_it(dist: Path) -> None:
    with zipfile.ZipFile(wheel_in(dist)) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        (licence,) = (name for name in archive.namelist() if name.endswith(".dist-info/licenses/LICENSE"))
        assert "License-Expression: BSD-3-Clause\n" in archive.read(metadata).decode()
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_the_source_distribution_can_be_tested(dist: Path) -> None:
    (source,) = dist.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "uv.lock", "bin/test", "tests/conftest.py", "teahouse/py.typed"} <= names


def test_the_wheel_runs_without_the_checkout(dist: Path, tmp_path: Path) -> None:
    """`uvx teahouse`: an environment of its own, dependencies and program out of the wheel alone."""
    command = [UV, "tool", "run", "--isolated", "--from", str(wheel_in(dist)), "teahouse", "--help"]
    done = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "serve" in done.stdout
    assert "doctor" in done.stdout


def bare_machine(folder: Path) -> dict[str, str]:
    """Python and a shell; no pip, no venv, no uv, an empty home."""
    path, home = folder / "path", folder / "home"
    path.mkdir()
    home.mkdir()
    for program in ("sh", "cat", "cksum", "dirname", "readlink"):
        (path / program).symlink_to(shutil.which(program) or f"/bin/{program}")
    (path / "python3").symlink_to(Path(sys.executable).resolve())
    environment = {"PATH": str(path), "HOME": str(home)}
    # Certificates and proxies are the machine's, not the user's.
    return environment | {
        name: value for name, value in os.environ.items() if re.search("CERT|PROXY", name, re.I)
    }


def test_a_fresh_clone_is_served_on_a_bare_machine_with_one_command(tmp_path: Path) -> None:
    checkout = copy_of_the_project(tmp_path / "tea house")
    environment = bare_machine(tmp_path)
    port = free_port()

    def serve() -> tuple[float, str]:
        """Seconds of the processor until the page was there and all had ended, and what was printed."""
        log = tmp_path / f"log-{time.monotonic_ns()}"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command: list[str | Path] = [
            checkout / "bin" / "serve",
            "--port",
            str(port),
            "--data",
            tmp_path / "data",
        ]
        process = Process(command, log=log, env=environment, cwd=tmp_path)
        try:
            process.wait_until(lambda: answers(port), "serving", timeout=200)
            printed = process.output()
        finally:
            process.stop()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, printed

    _, printed = serve()
    assert "Fetching uv" in printed
    assert f"http://127.0.0.1:{port}/" in printed
    seconds, printed = serve()
    assert "environment" not in printed
    # 1.2 s, and as long by the clock on an idle core. That of a machine which does other things as well says nothing.
    assert seconds < 3, "the second start takes less than three seconds"


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
            return bool(page.status == 200)
    except OSError:
        return False
