"""A project of somebody who follows a page of the documentation literally."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import Cookie
from pathlib import Path
from typing import Final

from tests.docs.blocks import INDENTED, Block
from tests.processes import Process, free_port, temporary_folder
from tests.servers import Browser, environment, process_of, script

# What a page lets its reader type, and what becomes of it here; all else is somebody else's program.
RUN: Final = ("django-admin", "python manage.py", "rm ")


@contextmanager
def followed(name: str, *blocks: Block) -> Iterator[Project]:
    """What `startproject` makes, with what a reader of these blocks has done, served."""
    with temporary_folder(name) as folder:
        made = Project(folder)
        made.run("django-admin startproject shop .")
        for block in blocks:
            made.follow(block)
        made.run("python manage.py migrate")
        made.run("python manage.py createsuperuser")
        try:
            made.serve()
            yield made
        finally:
            made.stop()


class Project:
    """The folder in which the reader works, and the server that `runserver` started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = environment(DJANGO_SUPERUSER_PASSWORD="a pot of tea")
        self.server: Process | None = None

    def follow(self, block: Block) -> None:
        """Does what the block says: puts it into its file, or types it."""
        if block.file is not None:
            path = self.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            before = "" if block.whole or not path.exists() else path.read_text()
            path.write_text(before + block.text)
        elif block.language == INDENTED:
            for line in block.text.splitlines():
                if line.endswith("runserver"):
                    self.serve()
                elif line.startswith(RUN):
                    self.run(line)

    def run(self, line: str) -> str:
        """A command that the page tells; what it printed."""
        words = shlex.split(line, comments=True)
        if words[0] == "django-admin":
            words[:1] = [sys.executable, "-m", "django"]
        if words[-1] == "createsuperuser":
            # What it asks a reader for.
            words += ["--no-input", "--username", "ada", "--email", "ada@example.org"]
        if words[0] == "python":
            status, said = script(words[1], *words[2:], env=self.env, cwd=self.folder)
        else:
            done = subprocess.run(words, cwd=self.folder, env=self.env, capture_output=True, text=True)
            status, said = done.returncode, done.stdout + done.stderr
        assert status == 0, f"{line}\n{said}"
        return said

    def python(self, code: str) -> str:
        """What the code prints, in a process of the project."""
        return self.run(f"python manage.py shell --no-imports -c {shlex.quote(code)}").strip()

    def serve(self) -> None:
        """As `manage.py runserver` does, at a free port; the server before it is gone."""
        self.stop()
        words = ["runserver", "--noreload", str(self.port)]
        log = self.folder / "log"
        self.server = process_of("manage.py", *words, log=log, env=self.env, cwd=self.folder)
        self.server.wait_until(self._answers, "answering")

    def stop(self) -> None:
        if self.server is not None:
            self.server.kill()
            self.server = None

    def browser(self, session: str = "") -> Browser:
        """One that has no script, signed in by this session's key, if there is one."""
        browser = Browser(self.url)
        if session:
            browser.cookies.set_cookie(
                Cookie(
                    *(0, "sessionid", session, None, False, "127.0.0.1", True, False, "/", True),
                    *(False, None, False, None, None, {}),
                )
            )
        return browser

    def sign_up(self, *names: str, and_then: str = "") -> list[str]:
        """Session keys of new users. `and_then` is run with them there."""
        code = (
            "from django.contrib.auth.models import User\n"
            "from django.test import Client\n"
            f"for name in {names!r}:\n"
            "    client = Client()\n"
            "    client.force_login(User.objects.create_user(name))\n"
            "    print(client.cookies['sessionid'].value)\n"
        )
        return self.python(code + and_then).splitlines()[-len(names) :]

    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace")[-5000:] if path.exists() else ""

    def _answers(self) -> bool:
        try:
            return self.browser().get("/").status > 0
        except OSError:
            return False
