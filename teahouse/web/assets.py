"""Which modules a room's page will need, so that the browser asks for all of them at once."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from posixpath import dirname, join, normpath

from django.apps import apps
from django.contrib.staticfiles.storage import staticfiles_storage
from django.templatetags.static import static

ENTRY = "teahouse/whole.js"
IMPORT = re.compile(r"""^\s*(?:import|export)\b[^;'"]*?["'](\.[^"']+)["']""", re.MULTILINE)
# Vendored modules are minified: no space, several in a line.
PACKED = re.compile(r"""(?:from|import)["'](\.[^"']+)["']""")


@cache
def modules() -> tuple[str, ...]:
    """All that the entry imports, directly or not, relative to its folder, in the order found."""
    folder = files("teahouse") / "static" / "teahouse"
    found: dict[str, None] = {}
    waiting = ["whole.js"]
    while waiting:
        path = waiting.pop(0)
        source = _file(folder, path).read_text(encoding="utf-8")
        for name in [*IMPORT.findall(source), *PACKED.findall(source)]:
            target = normpath(join(dirname(path), name))
            if target not in found:
                found[target] = None
                waiting.append(target)
    return tuple(found)


def preloads() -> list[str]:
    """Addresses of the modules, as the browser will make them of the entry's own address.

    Through `static` only where the storage rewrites imports too: of another that puts hashes into names, the hashed
    name would be loaded in vain.
    """
    if _imports_are_rewritten():
        return [static(f"teahouse/{path}") for path in modules()]
    base = static(ENTRY).rpartition("/")[0]
    return [f"{base}/{path}" for path in modules()]


def _imports_are_rewritten() -> bool:
    if not apps.is_installed("django.contrib.staticfiles"):
        return False
    return bool(getattr(staticfiles_storage, "support_js_module_import_aggregation", False))


def _file(folder: Traversable, path: str) -> Traversable:
    for part in path.split("/"):
        folder = folder / part
    return folder
