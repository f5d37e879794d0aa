"""The pure modules of the browser part, tested by Node's own runner: state, queue, closes."""

import shutil
import subprocess
from pathlib import Path

from tests.services import MissingProgram

HERE = Path(__file__).parent


def test_the_pure_modules() -> None:
    node = shutil.which("node")
    if node is None:
        raise MissingProgram("node", "nodejs")
    files = sorted(str(path) for path in HERE.glob("*.test.js"))
    done = subprocess.run([node, "--test", *files], capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 0" not in done.stdout
