"""How the scripts of `bin/` get their environment on a machine that has Python and little else."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.processes import free_port
from tests.tooling.checkout import Checkout, Index

SYNC = "sync --frozen --inexact --python"


def test_it_makes_the_environment_and_starts_the_program(checkout: Checkout) -> None:
    done = checkout.run("serve", "--port", "8001", cwd=checkout.root / "bin")
    assert (done.returncode, done.stdout) == (0, "teahouse serve --port 8001\n"), done.stderr
    assert [call[: len(SYNC)] for call in checkout.said_to_uv()] == [SYNC]
    assert "Fetching uv 9.9.9" in done.stderr


def test_the_second_start_goes_straight_to_the_program(checkout: Checkout) -> None:
    checkout.run("serve")
    calls = checkout.said_to_uv()
    # Nothing but a shell's own helpers is left to be called.
    (checkout.path / "python3").unlink()
    before = os.times()
    done = checkout.run("serve")
    after = os.times()
    assert (done.returncode, done.stdout, done.stderr) == (0, "teahouse serve\n", "")
    assert checkout.said_to_uv() == calls
    # About 10 ms of the processor; a start of the program has 3 s, of which this may not take a noticeable part.
    used = after.children_user + after.children_system - before.children_user - before.children_system
    assert used < 0.5


def test_it_makes_the_environment_again_where_the_lock_changed(checkout: Checkout) -> None:
    checkout.run("serve")
    with (checkout.root / "uv.lock").open("a") as file:
        file.write("# changed\n")
    done = checkout.run("serve")
    assert done.returncode == 0, done.stderr
    assert len(checkout.said_to_uv()) == 2


def test_it_makes_the_environment_again_where_the_system_replaced_its_python(checkout: Checkout) -> None:
    checkout.run("serve")
    python = checkout.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/usr/bin/python3.0-gone")
    done = checkout.run("serve")
    assert done.returncode == 0, done.stderr
    assert len(checkout.said_to_uv()) == 2


def test_it_makes_the_environment_anew_in_a_moved_checkout(checkout: Checkout) -> None:
    """The programs in an environment name its path in their first line."""
    checkout.run("serve")
    (checkout.root / ".venv" / "left over").touch()
    checkout.root = checkout.root.rename(checkout.root.parent / "moved")
    done = checkout.run("serve")
    assert (done.returncode, done.stdout) == (0, "teahouse serve\n"), done.stderr
    assert not (checkout.root / ".venv" / "left over").exists()


def test_what_tests_have_installed_stays_when_the_program_is_served(checkout: Checkout) -> None:
    checkout.run("bench")
    assert "--group dev" in checkout.said_to_uv()[0]
    assert checkout.run("serve").returncode == 0
    assert len(checkout.said_to_uv()) == 1, "dev holds all that the program needs"
    with (checkout.root / "uv.lock").open("a") as file:
        file.write("# changed\n")
    checkout.run("serve")
    assert "--group dev" in checkout.said_to_uv()[1]


def test_it_takes_the_uv_on_the_path_where_that_is_new_enough(checkout: Checkout) -> None:
    uv = '#!/bin/sh\n[ "$1" = --version ] && echo "uv {version}" && exit\necho "own $*" >> "$CALLS"\nexit 1\n'
    checkout.write_program(checkout.path / "uv", uv.format(version="0.9.0"))
    done = checkout.run("serve")
    assert done.returncode == 1
    assert "The environment could not be made" in done.stderr
    assert checkout.said_to_uv()[0].startswith("own sync")

    checkout.write_program(checkout.path / "uv", uv.format(version="0.4.30"))
    assert checkout.run("serve").returncode == 0
    assert checkout.said_to_uv()[1].startswith("sync")


def test_it_refuses_a_uv_that_is_not_the_one_in_the_lock(checkout: Checkout, index: Index) -> None:
    checkout.lock(index.address, "0" * 64)
    done = checkout.run("serve")
    assert done.returncode == 1
    assert "not the file that uv.lock names" in done.stderr
    assert "Traceback" not in done.stderr
    assert checkout.said_to_uv() == []
    assert not list((checkout.root / ".uv").glob("uv-*"))


def test_it_says_what_to_do_where_uv_cannot_be_fetched(checkout: Checkout) -> None:
    checkout.lock(f"http://127.0.0.1:{free_port()}", "0" * 64)
    done = checkout.run("serve")
    assert done.returncode == 1
    assert "Connection refused" in done.stderr
    assert "install uv yourself" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_takes_everything_from_the_mirror_that_pip_is_set_up_for(checkout: Checkout, index: Index) -> None:
    lock = (checkout.root / "uv.lock").read_text()
    (checkout.root / "uv.lock").write_text(lock.replace(index.address, f"http://127.0.0.1:{free_port()}"))
    settings = checkout.root / "pip.conf"
    settings.write_text(f"[global]\nindex-url = {index.address.replace('//', '//alice:secret@')}/simple/\n")
    done = checkout.run("serve", PIP_CONFIG_FILE=str(settings))
    assert done.returncode == 0, done.stderr
    assert [call.split()[0] for call in checkout.said_to_uv()] == ["export", "pip", "pip"]
    assert "--require-hashes" in checkout.said_to_uv()[1]
    assert index.address in done.stderr
    assert "secret" not in done.stderr
    assert set(index.logins) == {"Basic YWxpY2U6c2VjcmV0"}


def test_it_falls_back_to_the_locks_addresses_where_the_mirror_lacks_something(checkout: Checkout) -> None:
    mirror = f"http://127.0.0.1:{free_port()}/simple"
    done = checkout.run("serve", PIP_INDEX_URL=mirror, MIRROR_LACKS_SOMETHING="1")
    assert (done.returncode, done.stdout) == (0, "teahouse serve\n"), done.stderr
    assert [call.split()[0] for call in checkout.said_to_uv()] == ["export", "sync"]


def test_two_first_starts_at_once_make_one_environment(checkout: Checkout, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with checkout.start("serve", "first", GATE=str(gate)) as first:
        assert first.stderr is not None
        while not checkout.said_to_uv():
            time.sleep(0.01)
        with checkout.start("serve", "second") as second:
            assert second.stderr is not None
            assert "waiting" in second.stderr.readline()
            gate.touch()
            assert second.communicate(timeout=20)[0] == "teahouse serve second\n"
        assert first.communicate(timeout=20)[0] == "teahouse serve first\n"
    assert len(checkout.said_to_uv()) == 1


def test_a_first_start_that_was_broken_off_is_made_good_by_the_next(
    checkout: Checkout, tmp_path: Path
) -> None:
    with checkout.start("serve", GATE=str(tmp_path / "never")) as first:
        while not checkout.said_to_uv():
            time.sleep(0.01)
        first.kill()
        first.wait()
        (tmp_path / "never").touch()  # lets the uv that is left go on to its end
    done = checkout.run("serve")
    assert (done.returncode, done.stdout) == (0, "teahouse serve\n"), done.stderr


def test_it_needs_no_home(checkout: Checkout) -> None:
    home = checkout.root.parent / "home"
    home.write_text("not a folder: nobody, not even root, can write into it")
    done = checkout.run("serve", HOME=str(home))
    assert done.returncode == 0, done.stderr
    assert f"cache in {checkout.root}/.uv/cache" in checkout.said_to_uv()


def test_it_leaves_uvs_cache_where_it_can_be_written(checkout: Checkout) -> None:
    assert checkout.run("serve").returncode == 0
    assert not any("cache" in call for call in checkout.said_to_uv())


def test_a_checkout_that_cannot_be_written_is_named(checkout: Checkout) -> None:
    done = serve_as_a_stranger(checkout)
    assert done.returncode == 1
    assert f"{checkout.root} cannot be written by " in done.stderr
    assert "Traceback" not in done.stderr


def test_another_user_can_serve_from_a_finished_checkout(checkout: Checkout) -> None:
    checkout.run("serve")
    done = serve_as_a_stranger(checkout)
    assert (done.returncode, done.stdout) == (0, "teahouse serve\n"), done.stderr


def serve_as_a_stranger(checkout: Checkout) -> subprocess.CompletedProcess[str]:
    """Somebody who may read the checkout, not write to it: for root no folder is read-only."""
    checkout.root.chmod(0o555)
    try:
        return subprocess.run(
            [checkout.root / "bin" / "serve"],
            env=checkout.environment,
            user="nobody" if os.geteuid() == 0 else None,
            capture_output=True,
            text=True,
        )
    finally:
        checkout.root.chmod(0o755)


@pytest.mark.parametrize("version", ["Python 3.9.2", None])
def test_an_old_python_is_told_what_to_install(checkout: Checkout, version: str | None) -> None:
    (checkout.path / "python3").unlink()
    if version:
        old = f'#!/bin/sh\n[ "$1" = -V ] && echo "{version}" && exit\nexit 1\n'
        checkout.write_program(checkout.path / "python3", old)
    done = checkout.run("serve")
    assert done.returncode == 1
    assert f"Teahouse needs Python 3.11 or newer; found: {version or 'no python3 at all'}." in done.stderr
    assert "apt-get install python3" in done.stderr


def test_a_newer_python_beside_an_old_one_is_found(checkout: Checkout) -> None:
    checkout.provide("python3.12", (checkout.path / "python3").resolve())
    (checkout.path / "python3").unlink()
    checkout.write_program(checkout.path / "python3", "#!/bin/sh\nexit 1\n")
    assert checkout.run("serve").returncode == 0
