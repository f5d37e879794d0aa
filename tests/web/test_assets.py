"""The browser part in a storage that rewrites the imports of modules, gathered as a project's `collectstatic` does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.management import call_command
from django.templatetags.static import static

from teahouse.host_checks import PASSES, gathered_files
from teahouse.web.assets import modules, preloads


class Rewriting(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = True
    max_post_process_passes = PASSES


class Hasty(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = True


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {"staticfiles": {"BACKEND": f"{__name__}.Rewriting"}}
    return tmp_path


def test_every_import_leads_to_a_file_with_a_hash(folder: Path) -> None:
    """Also those after comments that speak of types, which look like imports to Django."""
    call_command("collectstatic", interactive=False, verbosity=0)
    whole = static("teahouse/whole.js").removeprefix("/static/")
    found, waiting = set(), [whole]
    while waiting:
        file = waiting.pop()
        for name in re.findall(
            r"""^\s*(?:import|export)\b[^;'"(]*["'](\.[^"']+)["']""", _source(folder, file), re.M
        ):
            target = str((folder / file).parent.joinpath(name).resolve().relative_to(folder))
            if target not in found:
                found.add(target)
                waiting.append(target)
    ours = {address.removeprefix("/static/") for address in preloads()}
    assert found <= ours
    assert {file for file in ours if "/vendor/" not in file} <= found
    assert all(re.search(r"\.[0-9a-f]{12}\.js$", file) for file in ours)
    assert len(ours) == len(modules()) > 50


def _source(folder: Path, file: str) -> str:
    return (folder / file).read_text("utf-8")


def test_the_check_says_how_many_passes_they_need(folder: Path, settings: Any) -> None:
    assert _told() == []
    settings.STORAGES = {"staticfiles": {"BACKEND": f"{__name__}.Hasty"}}
    (told,) = _told()
    assert told.id == "teahouse.W079"
    assert told.words().type == ("max_post_process_passes = 20",)
    settings.STORAGES = {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    }
    assert _told() == []


def _told() -> list[Any]:
    return list(gathered_files())
