"""Each example as whoever tries it starts it: by its `run`, with a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

import pytest
from playwright.async_api import expect

from tests.browser.person import Cast, Person
from tests.processes import Process, free_port, temporary_folder
from tests.servers import ROOT, Browser, environment

expect.set_options(timeout=20_000)


@contextmanager
def running(name: str) -> Iterator[str]:
    """The example at an address of its own."""
    with temporary_folder(name) as folder:
        url, log = f"http://127.0.0.1:{(port := free_port())}", folder / "log"
        env = environment(EXAMPLE_DATABASE=str(folder / "db.sqlite3"), PYTHONWARNINGS="")
        env.pop("DJANGO_SETTINGS_MODULE", None)

        def answers() -> bool:
            try:
                return Browser(url).get("/").status == 200
            except OSError:
                return False

        process = Process([ROOT / "examples" / name / "run", str(port)], log=log, env=env, cwd=folder)
        try:
            process.wait_until(answers, "answering")
            yield url
        except BaseException:
            print(log.read_text(errors="replace")[-5000:])
            raise
        finally:
            process.kill()


@pytest.fixture
def example() -> Iterator[Callable[[str], str]]:
    """Starts one by its name; its address."""
    with ExitStack() as started:
        yield lambda name: started.enter_context(running(name))


class Visitors(Cast):
    """People who try an example, each with a browser of their own."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, *error: object) -> None:
        await self.close()
        if kind is None:
            self.check()

    async def who_is(self, name: str) -> Person:
        """One of the people of the example, whom its first page lets one be."""
        person = await self.person()
        await person.open("/")
        await person.page.get_by_role("button", name=name).click()
        await expect(person.page.get_by_text(f"You are {name}")).to_be_visible()
        return person
