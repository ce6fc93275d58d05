"""`analyze`: questions about published segments, as a person types them and as a script reads them."""

from pathlib import Path

import pytest

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.simulator import Simulator
from tests.support.analysed import identifiers_of, named
from tests.support.commands import command, edit
from tests.support.fetching import Refresher
from tests.support.projects import VIP, write_segment

QUESTIONS = (
    ("funnel",),
    ("breakdown", "vip", "--by", "country"),
    ("breakdown", "vip", "--by", "lifetime_value", "--against", "paying"),
    ("trend",),
    ("trend", "--every", "snapshot"),
    ("overlap",),
    ("pressure",),
    ("coverage",),
)


@pytest.fixture
def refreshed(project: Project, simulator: Simulator) -> Project:
    """Two segments, refreshed twice."""
    desk = Refresher(project, simulator)
    for name in ("vip", "paying", "vip", "paying"):
        desk.refresh(name)
    return project


@pytest.mark.parametrize("words", QUESTIONS, ids=" ".join)
def test_each_question_has_a_table_and_a_document(refreshed: Project, words: tuple[str, ...]) -> None:
    """Both are printed, with and without small groups, and neither names a person."""
    people = identifiers_of(refreshed)
    assert len(people) > 1_000
    for more in ((), ("--smallest", "5")):
        shown, document = command("analyze", *words, *more), command("analyze", *words, *more, "--json")
        assert (shown.code, document.code) == (0, 0), shown.err + document.err
        assert shown.out.count("\n") > 2
        assert isinstance(document.document, dict)
        assert "vip" in shown.out or words[0] == "pressure"
        assert named(shown.out + document.out, people) == set()


def test_numbers_of_the_funnel_are_those_of_status(refreshed: Project) -> None:
    """One truth: what `status` says is fetched and mapped."""
    found = command("analyze", "funnel", "vip", "--json").document["funnel"]
    steps = {row["step"]: row["members"] for row in found if row["reason"] is None}
    status = next(one for one in command("status", "--json").document["segments"] if one["name"] == "vip")
    assert (steps["fetched"], steps["mapped"]) == (status["fetched"], status["mapped"])


def test_many_segments_are_shown_as_their_most_alike_pairs(refreshed: Project, simulator: Simulator) -> None:
    """A matrix has room for few; the others are a list."""
    for number in range(8):
        write_segment(
            refreshed.folder, f"copy_{number}", {**VIP, "source": {"connection": "klaviyo", "segment_id": "VIPOPN"}}
        )
    desk = Refresher(load_project(refreshed.folder), simulator)
    for number in range(8):
        desk.refresh(f"copy_{number}")
    assert "similarity" in command("analyze", "overlap").out
    assert "similarity" not in command("analyze", "overlap", "vip", "paying").out


def test_what_is_not_published_is_said(refreshed: Project) -> None:
    """A segment without a snapshot is named below the others; alone it is an error that says what to do."""
    write_segment(refreshed.folder, "later", {**VIP, "source": {"connection": "klaviyo", "segment_id": "WINBCK"}})
    assert "Nothing is published yet of 1: later" in command("analyze", "pressure").out
    shown = command("analyze", "funnel", "later")
    assert shown.code == 2
    assert "remote-segments run later" in shown.err


def test_nothing_published_at_all_is_an_error(project: Project) -> None:
    """Not an empty table."""
    shown = command("analyze", "overlap")
    assert (shown.code, "[segment-never-published]" in shown.err) == (2, True)


def test_segments_of_different_models_are_not_compared(refreshed: Project, tmp_path: Path) -> None:
    """Their keys are not the same people: no pair, two tables of pressure, and a breakdown is refused."""
    models = {"contacts": {"table": "analytics.contacts", "key": "contact_id"}}
    models["customers"] = {"table": "analytics.contacts", "key": "hubspot_id"}
    edit(refreshed.folder / "project.yaml", models=models)
    edit(refreshed.folder / "segments" / "paying.yaml", model="customers")
    assert command("run", "paying").code == 0
    assert command("analyze", "overlap", "--json").document["pairs"] == []
    assert {row["model"] for row in command("analyze", "pressure", "--json").document["pressure"]} == set(models)
    shown = command("analyze", "breakdown", "vip", "--by", "country", "--against", "paying")
    assert (shown.code, "[models-differ]" in shown.err) == (2, True)


def test_a_model_with_another_key_than_was_published_is_refused(refreshed: Project) -> None:
    """Its rows would be joined by the wrong column."""
    edit(refreshed.folder / "project.yaml", models={"contacts": {"table": "analytics.contacts", "key": "hubspot_id"}})
    shown = command("analyze", "breakdown", "vip", "--by", "country")
    assert (shown.code, "[model-changed]" in shown.err) == (2, True)
