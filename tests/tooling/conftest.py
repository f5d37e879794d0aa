from collections.abc import Iterator

import pytest

from tests.processes import temporary_folder
from tests.tooling.checkout import Checkout, Index, make_wheel, package_index


@pytest.fixture(scope="module")
def wheel() -> bytes:
    return make_wheel()


@pytest.fixture
def index(wheel: bytes) -> Iterator[Index]:
    with package_index(wheel) as index:
        yield index


@pytest.fixture
def checkout(index: Index, wheel: bytes) -> Iterator[Checkout]:
    """A checkout on a machine with Python, a shell and little more; its path has a blank in it."""
    with temporary_folder("checkout") as folder:
        folder.chmod(0o755)
        yield Checkout(folder, index.address, wheel)
