"""The site of the documentation, made with zensical. Called by `docs`.

The pages are written for whoever reads them in the repository: plain Markdown, links to files beside them. What a site
needs besides is done on a copy: README, CHANGELOG and so on become pages too, and links to files that are no page
lead to the source.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What zensical.toml calls docs_dir.
STAGED = Path("build", "docs")
SOURCE = "https://github.com/teahouse-chat/teahouse"
# Pages that stand outside docs/, and what they are called on the site.
OUTSIDE = {
    "README.md": "index.md",
    "README.zh-CN.md": "zh.md",
    "CHANGELOG.md": "changes.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
# Glyphs and line breaks of a page in another language than the site's.
LANGUAGES = {"zh.md": "zh-CN"}
LINK = re.compile(r'(?P<before>\]\(|src="|href=")(?P<target>[^)"\s#]+)(?=[)"#\s])')
CODE = re.compile(r"(^```.*?^```$|^(?: {4}|\t).*?$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)


class DeadLink(Exception):
    """A page leads to a file that is not there."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/docs", description="Makes the site of the documentation.")
    parser.add_argument("--serve", action="store_true", help="show it, and make it anew with each change")
    parser.add_argument("--into", type=Path, default=ROOT, metavar="FOLDER", help="where site/ goes")
    given = parser.parse_args()
    try:
        stage(ROOT, given.into / STAGED)
    except DeadLink as error:
        print(error, file=sys.stderr)
        return 1
    if given.into != ROOT:
        shutil.copy(ROOT / "zensical.toml", given.into)
    return serve(given.into) if given.serve else build(given.into)


def build(folder: Path) -> int:
    return subprocess.run([zensical(), "build", "--clean", "--strict"], cwd=folder, check=False).returncode


def serve(folder: Path) -> int:
    with subprocess.Popen([zensical(), "serve"], cwd=folder) as server:
        try:
            while server.poll() is None:
                time.sleep(0.5)
                stage(ROOT, folder / STAGED)
        except KeyboardInterrupt:
            pass
        finally:
            server.terminate()
    return 0


def zensical() -> str:
    return str(Path(sys.executable).parent / "zensical")


def stage(root: Path, folder: Path) -> None:
    """Copies what makes the site from the checkout `root` to `folder`; writes only what has changed."""
    pages = {path.relative_to(root).as_posix(): path for path in (root / "docs").rglob("*") if path.is_file()}
    pages |= {name: root / name for name in OUTSIDE}
    kept = set()
    for name, path in pages.items():
        place = place_of(name)
        content = path.read_bytes()
        if path.suffix == ".md":
            text = turned(content.decode(), name, root)
            content = in_its_language(text, LANGUAGES.get(place)).encode()
        target = folder / place
        kept.add(target)
        if not target.exists() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    for left in [path for path in folder.rglob("*") if path.is_file() and path not in kept]:
        left.unlink()
    for empty in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        if not any(empty.iterdir()):
            shutil.rmtree(empty)


def place_of(name: str) -> str:
    """Where a file of the checkout stands on the site."""
    return OUTSIDE.get(name) or name.removeprefix("docs/")


def turned(text: str, name: str, root: Path) -> str:
    """The page with its links as they are on the site. Code is left alone: a link in it is none."""

    def turn(match: re.Match[str]) -> str:
        target = match["target"]
        if re.match(r"[a-z]+:|/", target):
            return match[0]
        file = os.path.normpath(Path(name).parent / target)
        if not (root / file).exists():
            raise DeadLink(f"{name} leads to {target}, which is not there.")
        if file in OUTSIDE or (file.startswith("docs/") and (root / file).is_file()):
            there = os.path.relpath(place_of(file), Path(place_of(name)).parent)
        else:
            there = f"{SOURCE}/{'tree' if (root / file).is_dir() else 'blob'}/main/{file}"
        return match["before"] + there

    pieces = CODE.split(text)
    pieces[::2] = [LINK.sub(turn, piece) for piece in pieces[::2]]
    return "".join(pieces)


def in_its_language(text: str, language: str | None) -> str:
    return f'<div lang="{language}" markdown>\n\n{text}\n</div>\n' if language else text


if __name__ == "__main__":
    sys.exit(main())
