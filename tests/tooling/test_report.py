"""The page of measurements: a run puts its own section in the place of the old one and leaves the others alone."""

from __future__ import annotations

from pathlib import Path

from benchmarks.tools.curves import curve
from benchmarks.tools.report import Section, put


def test_a_section_takes_the_place_of_the_one_with_its_name(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("# Performance\n\nWritten by hand.\n")
    put(page, Section("one", "## One\n\nold", {"one.svg": "<svg/>"}))
    put(page, Section("two", "## Two", {}))
    before = page.read_text()

    put(page, Section("one", "## One\n\nnew", {"one.svg": "<svg>new</svg>"}))

    assert page.read_text() == before.replace("old", "new")
    assert before.startswith(
        "# Performance\n\nWritten by hand.\n\n<!-- bin/bench writes: one -->\n\n## One\n"
    )
    assert before.index("## One") < before.index("## Two")
    assert (tmp_path / "images" / "one.svg").read_text() == "<svg>new</svg>"


def test_a_curve_places_each_point_between_its_decades() -> None:
    picture = curve("Growth", [(10, 500), (1000, 50_000)], "members", "deliveries/s")

    assert picture.count("<circle") == 2
    assert '<polyline class="line" points="70.0,' in picture, "the first point is on the left edge"
    assert ">500</text>" in picture
    assert ">50,000</text>" in picture
    assert "prefers-color-scheme:dark" in picture
