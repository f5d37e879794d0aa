"""Functions that are read at a glance: none over 60 lines, no file over 450, of tests 500. Called by `check`.

A file is one idea. What is longer has two, or says the same thing twice. Lines are counted as they stand,
docstrings and comments included: they have to be read too.
"""

import ast
import sys
from pathlib import Path

FILE, TESTS, FUNCTION = 450, 500, 60
FOLDERS = ("teahouse", "tests", "benchmarks", "bin")
# Written by Django, not by us.
GENERATED = "migrations"


def main() -> int:
    paths = [path for folder in FOLDERS for path in sorted(Path(folder).rglob("*.py"))]
    found = [line for path in paths if GENERATED not in path.parts for line in too_long(path)]
    print("\n".join(found) or f"{len(paths)} files, none over {FILE} lines, no function over {FUNCTION}")
    return 1 if found else 0


def too_long(path: Path) -> list[str]:
    text = path.read_text()
    lines = len(text.splitlines())
    found = [f"{path}: {lines} lines"] if lines > (TESTS if path.parts[0] == "tests" else FILE) else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > FUNCTION:
                found.append(f"{path}:{node.lineno}: {node.name} has {length} lines")
    return found


if __name__ == "__main__":
    sys.exit(main())
