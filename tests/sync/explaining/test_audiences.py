"""Why a person is in an audience or not: judged by who is in its table, and by what each condition is about."""

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from remote_segments.config.loader import load_project
from remote_segments.membership.expressions import AtLeast, Every, No, Some, Within
from remote_segments.simulator import Simulator
from remote_segments.sync.audiences import refresh_audience
from remote_segments.sync.explaining import explain
from remote_segments.sync.explaining.audiences import fails, holds
from remote_segments.sync.explaining.told import Entry
from remote_segments.warehouses.duckdb import DuckDBWarehouse
from remote_segments.warehouses.postgres import PostgresWarehouse
from tests.support.fetching import NOW, Refresher
from tests.support.projects import PAYING, VIP, kept_in, ready_project
from tests.support.simulator import simulator

__all__ = ["simulator"]

AUDIENCES = {
    "openers": {"model": "contacts", "all": ["vip"], "none": ["paying"]},
    "offer": {
        "model": "contacts",
        "any": ["vip", "paying"],
        "where": {"country": ["FR", "DE"]},
        "split": {"salt": "spring", "holdout": "50%"},
    },
}
REFRESHED_AT = NOW + timedelta(minutes=30)


@pytest.fixture
def desk(tmp_path: Path, simulator: Simulator, warehouse: DuckDBWarehouse | PostgresWarehouse) -> Refresher:
    """Two segments, and two audiences of them; one of these is split."""
    ready_project(tmp_path, simulator, {"vip": VIP, "paying": PAYING})
    (tmp_path / "audiences").mkdir()
    for name, content in AUDIENCES.items():
        (tmp_path / "audiences" / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    from tests.support.projects import seed_contacts

    project = kept_in(load_project(tmp_path), warehouse)
    seed_contacts(project, simulator)
    found = Refresher(project, simulator)
    for name in ("vip", "paying"):
        found.refresh(name)
    for name in sorted(project.audiences):
        refresh_audience(project, name, run_id="run-2", now=REFRESHED_AT)
    return found


def told(desk: Refresher, key: str) -> dict[str, Entry]:
    """The audiences of a person by name."""
    found = explain(desk.project, "key", key, now=NOW + timedelta(hours=1))
    return {entry.name: entry for entry in found.sections[1].entries}


def keys(desk: Refresher, name: str) -> set[str]:
    """Who is in a segment or an audience."""
    with desk.project.open_warehouse().read() as session:
        return {row[0] for row in session.rows(f"SELECT contact_id FROM segments.{name}")}


def test_who_is_in_is_told_and_who_is_not_by_the_condition_that_fails(desk: Refresher) -> None:
    """An excluded segment, an attribute, a segment that is lacking, the other part of a split."""
    vip, paying, offer = (keys(desk, name) for name in ("vip", "paying", "offer"))
    with desk.project.open_warehouse().read() as session:
        country = dict(session.rows("SELECT contact_id, country FROM analytics.contacts"))
    held_out = keys(desk, "offer_holdout")
    everybody = sorted(country)
    some = [*sorted(vip & paying)[:2], *sorted(vip - paying)[:3], *sorted(paying - vip)[:2], *everybody[:2]]
    for key in dict.fromkeys([*some, *sorted(offer)[:2], *sorted(held_out)[:2]]):
        entries = told(desk, key)
        for name in desk.project.audiences:
            assert entries[name].inside == (key in keys(desk, name)), name
        openers = entries["openers"]
        if not openers.inside:
            expected = [] if key in vip else ["not in vip"]
            assert openers.facts["fails"] == expected + (["in paying, which is excluded"] if key in paying else [])
        if not entries["offer"].inside:
            text = entries["offer"].sentence
            assert ("none of these: in vip, in paying" in text) == (key not in vip | paying)
            assert ("not: country in FR, DE" in text) == (country[key] not in ("FR", "DE"))
            if key in held_out:
                assert "part of the split" in text


def test_somebody_whom_the_model_does_not_have(desk: Refresher) -> None:
    """No condition can be asked."""
    assert {entry.state for entry in told(desk, "nobody").values()} == {"not-in-model"}


def test_an_audience_that_was_never_combined_is_told(desk: Refresher) -> None:
    """Nothing can be said of it."""
    with desk.project.open_warehouse().write() as session:
        session.execute("DELETE FROM segments.snapshots WHERE segment = 'openers'")
    key = next(iter(keys(desk, "vip")))
    assert told(desk, key)["openers"].state == "not-published"


A, B, C = Within("a"), Within("b"), Within("c")


@pytest.mark.parametrize(
    ("expression", "holding", "missing", "lines"),
    [
        (Every((A, B)), "a", "", ["not in b"]),
        (Every((A, No((B, C)))), "abc", "", ["in b, which is excluded", "in c, which is excluded"]),
        (Every((A, No((B,)))), "a", "b", ["perhaps in b, which is excluded"]),
        (Some((A, B)), "c", "", ["none of these: in a, in b"]),
        (AtLeast(2, (A, B, C)), "a", "", ["only 1 of 2 needed: in a, in b, in c"]),
        (Every((A, B)), "a", "b", ["not in b, which is not known: it was never published"]),
        (Some((A, B)), "a", "b", []),
        (AtLeast(2, (A, B, C)), "ab", "c", []),
    ],
)
def test_what_keeps_somebody_out_is_what_decides(
    expression: Every | Some | AtLeast, holding: str, missing: str, lines: list[str]
) -> None:
    """Promise 17: what is missing never lets anybody in, and is named."""
    answers = {one: None if one.name in missing else one.name in holding for one in (A, B, C)}
    assert fails(expression, answers) == lines
    assert (holds(expression, answers) is True) == (not lines)
