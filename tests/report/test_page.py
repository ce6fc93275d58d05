"""The report: one file that says everything, loads nothing, and names nobody."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.report import page, read_content
from remote_segments.report.charts import PALETTE
from remote_segments.report.style import DARK, style
from remote_segments.simulator import Simulator
from remote_segments.warehouses.duckdb import DuckDBWarehouse
from tests.support.analysed import Analysed, analysed, identifiers_of, named
from tests.support.fetching import NOW, Refresher
from tests.support.projects import PAYING, VIP, ready_project
from tests.support.simulator import simulator

__all__ = ["simulator"]

LATER = {**VIP, "source": {"connection": "klaviyo", "segment_id": "WINBCK"}}
LARGEST = 3 * 1024 * 1024
"""Bytes that the report of 50 segments may have."""

FIGURE = re.compile(r"<figure>.*?</figure>", re.DOTALL)
COLOUR = re.compile(r'(?:fill|stroke)="(?!none|transparent)([^"]+)"')


@pytest.fixture
def project(tmp_path: Path, simulator: Simulator) -> Project:
    """Two segments refreshed twice, and one that was never fetched."""
    found = ready_project(tmp_path, simulator, {"vip": VIP, "paying": PAYING, "later": LATER})
    desk = Refresher(found, simulator)
    for name in ("vip", "paying", "vip", "paying"):
        desk.refresh(name)
    return found


def report(project: Project, names: list[str] | None = None, **options: object) -> str:
    """The page of some segments, or of all."""
    return page(read_content(project, names, now=NOW, **options))  # type: ignore[arg-type]


def test_every_segment_is_in_it_and_every_picture_has_its_table(project: Project) -> None:
    """Whoever sees no pictures reads the tables; each picture says what it is."""
    text = report(project)
    figures = FIGURE.findall(text)
    assert len(figures) >= 2 * 4 + 2
    for figure in figures:
        assert figure.count("<svg ") == figure.count('role="img" aria-label="') == 1
        assert "<details>" in figure
        assert "<tbody><tr>" in figure
    for name in ("vip", "paying"):
        assert f'<section id="{name}">' in text
        assert f'<a href="#{name}">' in text
    assert "never fetched" in text
    assert '<section id="later">' not in text


def test_nothing_is_loaded_and_no_script_runs(project: Project) -> None:
    """No address, no script, no style from elsewhere: it is read in a mail, and tells nobody that it was opened."""
    text = report(project)
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|src=|javascript:| on\w+=", text)
    assert set(re.findall(r"https?://[^\"'\s<]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in text


def test_nobody_is_named(project: Project) -> None:
    """Promise 29: no identifier of anybody is in the page, and no column that may name people, unless asked for."""
    text = report(project)
    assert named(text, identifiers_of(project)) == set()
    assert "first_name" not in text
    assert "By country" in text
    assert "By first_name" in report(project, ["vip"], by=["first_name"])
    with pytest.raises(ProjectError) as error:
        report(project, ["vip"], by=["email"])
    assert error.value.code == "attribute-identifies"


def test_every_colour_of_a_picture_has_one_for_the_dark(project: Project) -> None:
    """The style maps each colour that is drawn; a reader's own theme decides."""
    drawn = set(COLOUR.findall("".join(FIGURE.findall(report(project)))))
    assert drawn
    assert drawn <= set(PALETTE.values())
    assert PALETTE.keys() == DARK.keys()
    assert all(f'svg [fill="{shade}"]' in style() for shade in PALETTE.values())


def test_one_segment_has_its_own_page(project: Project) -> None:
    """Only what was asked for is in it."""
    text = report(project, ["vip"])
    assert '<section id="vip">' in text
    assert "paying" not in text
    with pytest.raises(ProjectError, match="no segment"):
        report(project, ["vpi"])


def test_small_groups_are_left_out(project: Project) -> None:
    """The threshold is said, and no smaller number of people is in any table of groups."""
    text = report(project, smallest=20)
    assert "Groups of fewer than 20 people" in text
    content = read_content(project, None, now=NOW, smallest=20)
    for frames in content.profiles.values():
        for frame in frames.values():
            assert not any(0 < people < 20 for people in frame.people.dropna())
    assert content.intersections is not None
    assert not any(0 < people < 20 for people in content.intersections.people)


def test_a_project_without_anything_published_has_a_page(tmp_path: Path, simulator: Simulator) -> None:
    """It says so."""
    text = report(ready_project(tmp_path, simulator, {"vip": VIP}))
    assert "never fetched" in text
    assert "<figure>" not in text


def test_without_the_extra_the_error_says_what_to_install(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pictures' library is large, and only needed for them."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(ProjectError, match="remote-segments\\[report\\]") as error:
        report(project)
    assert error.value.code == "report-extra-missing"


def many(folder: Path, warehouse: DuckDBWarehouse, number: int) -> Analysed:
    """Segments with 30 days of history, on a model of several attributes."""
    desk = analysed(folder, warehouse, [f"segment_{place:02}" for place in range(number)])
    desk.people(
        [
            {
                "contact_id": key, "email": f"p{key}@e.test", "country": f"country {key % 25}", "spent": key * 1.5,
                "orders": key % 7, "signed_up": f"20{10 + key % 15}-03-01", "seen_at": datetime(2026, 1, 1, tzinfo=UTC),
                "active": key % 2 == 0,
            }
            for key in range(600)
        ]
    )  # fmt: skip
    for place in range(number):
        desk.publish(f"segment_{place:02}", [str(key) for key in range(place, 600, 2 + place % 5)])
    return desk


def test_fifty_segments_are_less_than_three_megabytes(tmp_path: Path, duckdb_warehouse: DuckDBWarehouse) -> None:
    """A page that can be mailed: most of it are pictures of some kilobytes, without what a browser does not need."""
    text = report(many(tmp_path, duckdb_warehouse, 50).project)
    assert text.count("<section id=") == 50
    assert len(text.encode()) < LARGEST
