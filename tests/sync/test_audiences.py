"""Audiences are refreshed of what their inputs published, and never pretend that an input is as it should be."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.errors import HeldError, ProjectError, TemporaryError
from remote_segments.membership.guards import Guards
from remote_segments.sync.audiences import refresh_audience
from remote_segments.sync.deciding import Choice, decide
from remote_segments.sync.erasing import erase
from remote_segments.sync.history import members_at, stays
from remote_segments.sync.pruning import leftovers
from remote_segments.sync.results import Published
from remote_segments.sync.snapshots import get, record
from remote_segments.sync.status import SegmentStatus, read_status
from remote_segments.warehouses.base import Warehouse
from tests.support.memberships import NUMBER, START, Segment, members, people, plan_of
from tests.support.projects import kept_in

HOUR = timedelta(hours=1)
SOURCE = {
    "model": "contacts",
    "source": {"connection": "klaviyo", "segment_id": "X"},
    "identifiers": [{"external_id": "contact_id"}],
    "refresh_frequency": "1 hour",
}
"""Inputs are stale 2.5 hours after they were fetched."""


@dataclass
class Desk:
    """A project with the inputs a and b, which stand in a real warehouse, and audiences made of them."""

    folder: Path
    warehouse: Warehouse
    inputs: dict[str, Segment] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "segments").mkdir()
        (self.folder / "audiences").mkdir()
        models = {
            "contacts": {"table": "crm.contacts", "key": "contact_id"},
            "users": {"table": "crm.users", "key": "user_id", "same_key_as": "contacts"},
        }
        document = {
            "version": "1",
            "timezone": "Europe/Paris",
            "start": "2026-11-01",
            "warehouse": {"kind": "duckdb", "path": "warehouse.duckdb"},
            "connections": {"klaviyo": {"platform": "klaviyo", "api_key": {"env": "KEY"}}},
            "models": models,
        }
        (self.folder / "project.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
        for name in ("a", "b"):
            (self.folder / "segments" / f"{name}.yaml").write_text(yaml.safe_dump(SOURCE))
            plan = plan_of(segment=name, entries=(NUMBER,), guards=Guards(max_left=90))
            self.inputs[name] = Segment(self.warehouse, plan)
        self.inputs["a"].model(people(range(1, 21)))

    def write(self, name: str, **content: Any) -> None:
        """Writes an audience file."""
        document = {"model": "contacts", **content}
        (self.folder / "audiences" / f"{name}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))

    @property
    def project(self) -> Project:
        """The project as it is written now, in the test's warehouse."""
        return kept_in(load_project(self.folder), self.warehouse)  # type: ignore[arg-type]

    def fetch(self, name: str, numbers: Any, at: datetime = START) -> None:
        """Refreshes an input at an instant."""
        segment = self.inputs[name]
        segment.now = at - HOUR
        segment.refresh(members(numbers))

    def combine(self, name: str, at: datetime) -> Published:
        """Refreshes an audience."""
        return refresh_audience(self.project, name, run_id="run", now=at)

    def shown(self, name: str) -> set[int]:
        """Who the published table shows."""
        with self.warehouse.read() as session:
            rows = session.rows(f'SELECT contact_id FROM "{session.schema}"."{name}"')
        assert len(rows) == len(set(rows))
        return {row[0] for row in rows}

    def events(self, name: str, snapshot_id: str) -> set[tuple[str, str, str]]:
        """The events of a snapshot."""
        sought = replace(self.inputs["a"], plan=plan_of(segment=name))
        return sought.events(snapshot_id)

    def status(self, name: str, at: datetime) -> SegmentStatus:
        """How something stands at an instant."""
        return next(one for one in read_status(self.project, at) if one.name == name)

    def fail(self, name: str, at: datetime) -> None:
        """Records a failed fetch."""
        with self.warehouse.write() as session:
            record(session, name, state="failed", reason="rate-limited", message="It was.", partition_key=None,
                   run_id=None, now=at)  # fmt: skip

    def hold(self, name: str, at: datetime) -> None:
        """Fetches so few that a guard holds them."""
        segment = self.inputs[name]
        segment.plan = replace(segment.plan, guards=Guards(max_left=1))
        segment.now = at - HOUR
        segment.map(segment.fetch([]))
        with pytest.raises(HeldError):
            segment.publish()


@pytest.fixture
def desk(tmp_path: Path, warehouse: Warehouse) -> Desk:
    """Two inputs: a has 1 to 10, b has 6 to 15."""
    desk = Desk(tmp_path, warehouse)
    desk.fetch("a", range(1, 11), START)
    desk.fetch("b", range(6, 16), START + HOUR / 2)
    return desk


NOW = START + HOUR


def test_an_audience_is_published_as_a_segment_is(desk: Desk) -> None:
    """Its keys, events, table and history stand where a segment's stand; the first snapshot is a baseline."""
    desk.write("loyal", all=["a"], none=["b"], columns={"include": ["contact_id", "city"]})
    done = desk.combine("loyal", NOW)
    assert desk.shown("loyal") == {1, 2, 3, 4, 5}
    assert (done.kind, done.state, done.fetched, done.mapped, done.replaced) == ("combination", "published", 5, 5, True)
    assert desk.events("loyal", done.snapshot_id) == {(str(n), "joined", "baseline") for n in range(1, 6)}
    assert set(members_at(desk.project, "loyal", NOW)["contact_id"]) == {"1", "2", "3", "4", "5"}
    assert leftovers(desk.project) == []


def test_who_joins_and_leaves_an_audience_by_their_own_doing_is_counted(desk: Desk) -> None:
    """Promise 15: what moved a person in an input is why they moved here."""
    desk.write("loyal", all=["a"], none=["b"])
    desk.combine("loyal", NOW)
    desk.fetch("a", range(2, 12), NOW + HOUR)  # 1 left, 11 joined but is in b
    desk.fetch("b", range(7, 12), NOW + HOUR)  # 6, 12 and others left
    done = desk.combine("loyal", NOW + 2 * HOUR)
    assert desk.shown("loyal") == {2, 3, 4, 5, 6}
    assert desk.events("loyal", done.snapshot_id) == {("1", "left", "remote"), ("6", "joined", "remote")}
    assert (done.joined, done.left) == (1, 1)
    (stay,) = stays(desk.project, "loyal", ["1"])
    assert (stay.cause, stay.left_cause) == ("baseline", "remote")


def test_nobody_joins_because_an_input_was_defined_otherwise_or_is_new(desk: Desk) -> None:
    """Promise 15: an edited input, a model's row and a first snapshot of an input are no joining of the audience."""
    desk.write("either", any=["a", "b", "never"], inputs={"policy": "last_good"})
    (desk.folder / "segments" / "never.yaml").write_text(yaml.safe_dump(SOURCE))
    desk.combine("either", NOW)
    a, b = desk.inputs["a"], desk.inputs["b"]
    a.plan = replace(a.plan, definition_hash="second")
    desk.fetch("a", [*range(1, 11), 16], NOW + HOUR)
    b.model(people([*range(1, 15), *range(16, 21)]))
    desk.fetch("b", range(6, 16), NOW + HOUR)  # 15 is fetched, and not in the model any more
    desk.inputs["never"] = Segment(desk.warehouse, plan_of(segment="never", entries=(NUMBER,)))
    desk.fetch("never", [17], NOW + HOUR)
    done = desk.combine("either", NOW + 2 * HOUR)
    assert desk.events("either", done.snapshot_id) == {
        ("15", "left", "model"),
        ("16", "joined", "definition"),
        ("17", "joined", "definition"),
    }
    assert (done.joined, done.left) == (0, 0)


def test_an_edited_audience_makes_nobody_join_or_leave(desk: Desk) -> None:
    """Promise 15: everything that an edited file moves has the cause `definition`."""
    desk.write("loyal", all=["a"], none=["b"])
    desk.combine("loyal", NOW)
    desk.write("loyal", all=["a"], guards={"max_left": "90%"})
    done = desk.combine("loyal", NOW + HOUR / 2)
    assert desk.shown("loyal") == set(range(1, 11))
    assert {cause for _, _, cause in desk.events("loyal", done.snapshot_id)} == {"definition"}


OPERATORS: Mapping[str, tuple[dict[str, Any], set[int]]] = {
    "all": ({"all": ["a", "b"]}, set(range(6, 11))),
    "any": ({"any": ["a", "b"]}, set(range(1, 16))),
    "none": ({"all": ["a"], "none": ["b"]}, set(range(1, 6))),
    "at_least": ({"at_least": {"count": 2, "of": ["a", "b"]}}, set(range(6, 11))),
    "nested": ({"all": ["a", {"any": ["b", {"contact_id": {"<": "3"}}]}]}, {1, 2, *range(6, 11)}),
    "double": ({"all": ["a"], "none": [{"all": ["a"], "none": ["b"]}]}, set(range(6, 11))),
    "past": ({"all": ["a"], "none": [{"was_in": "b", "within": "30 days"}]}, set(range(1, 6))),
    "priority": ({"priority": ["b", "a"]}, set(range(1, 16))),
}
"""Audiences by operator, and who is in each by what the inputs published."""

DELICATE = ("none", "at_least", "double", "past", "priority")


def disturb(desk: Desk, state: str) -> datetime:
    """Brings b into a state; returns the instant to combine at. The newest of a stays fresh."""
    if state == "stale":
        at = NOW + 3 * HOUR
        desk.fetch("a", range(1, 11), at)
        return at
    at = NOW + HOUR / 4
    if state == "failed":
        desk.fail("b", at)
    elif state == "held":
        desk.hold("b", at)
    return at + HOUR / 4


ON_BOTH = pytest.mark.parametrize(
    ("warehouse", "state"),
    [("duckdb", "stale"), ("duckdb", "failed"), ("duckdb", "held"), ("postgres", "stale")],
    indirect=["warehouse"],
)
"""Each state of an input; what a state means is decided without the warehouse, so that one is enough for the second."""


@ON_BOTH
@pytest.mark.parametrize("operator", OPERATORS)
def test_an_input_that_is_not_as_it_should_be_never_lets_anybody_in(desk: Desk, operator: str, state: str) -> None:
    """Promise 17: under `none` and `at_least` the audience is refused; elsewhere the last good snapshot is used."""
    content, wanted = OPERATORS[operator]
    desk.write("audience", **content)
    at = disturb(desk, state)
    if operator in DELICATE:
        with pytest.raises(TemporaryError) as refused:
            desk.combine("audience", at)
        assert refused.value.code == f"input-{state}"
        standing = desk.status("audience", at)
        assert (standing.state, standing.reason, standing.snapshot_at) == ("failed", f"input-{state}", None)
        assert "`b`" in (standing.message or "")
    else:
        desk.combine("audience", at)
        assert desk.shown("audience") == wanted
        said = "`b` failed: its ids" if state == "failed" else f"`b` is {state}: its ids"
        assert said in (desk.status("audience", at).message or "")


@ON_BOTH
@pytest.mark.parametrize("operator", OPERATORS)
def test_the_last_good_snapshot_is_used_where_the_file_says_so(desk: Desk, operator: str, state: str) -> None:
    """Promise 17: then it is named, and its age is that of the audience."""
    content, wanted = OPERATORS[operator]
    desk.write("audience", **content, inputs={"policy": "last_good", "max_age": "4 hours"})
    at = disturb(desk, state)
    done = desk.combine("audience", at)
    assert desk.shown("audience") == wanted
    assert (done.data_at, done.fetched_at) == (START if state != "stale" else START + HOUR / 2, at)
    with pytest.raises(TemporaryError) as refused:
        desk.combine("audience", at + 5 * HOUR)
    assert refused.value.code in ("input-too-old", "input-stale")
    assert desk.shown("audience") == wanted


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_input_that_was_never_published_lets_nobody_in(tmp_path: Path, warehouse: Warehouse, operator: str) -> None:
    """Promise 17: `a and not b` without any b is refused, or nobody; never all of a."""
    desk = Desk(tmp_path, warehouse)
    desk.fetch("a", range(1, 11))
    content, _ = OPERATORS[operator]
    desk.write("audience", **content)
    if operator in DELICATE:
        with pytest.raises(TemporaryError) as refused:
            desk.combine("audience", NOW)
        assert refused.value.code == "input-never-fetched"
    desk.write("audience", **content, inputs={"policy": "last_good", "max_age": "9 days"})
    with pytest.raises(TemporaryError) as refused:
        desk.combine("audience", NOW)
    assert refused.value.code == "input-never-fetched"
    desk.write("audience", **content, inputs={"policy": "last_good"})
    desk.combine("audience", NOW)
    certain = {"any": set(range(1, 11)), "priority": set(range(1, 11)), "nested": {1, 2}}.get(operator, set())
    assert desk.shown("audience") == certain


def test_an_audience_is_as_old_as_its_oldest_input(desk: Desk) -> None:
    """Promise 18: combining it again makes it no younger, and `status` names the input."""
    desk.write("either", any=["a", "b"])
    desk.fetch("b", range(6, 16), NOW + HOUR)
    for at in (NOW + HOUR, NOW + HOUR + HOUR / 2):
        assert desk.combine("either", at).data_at == START
        standing = desk.status("either", at)
        assert (standing.snapshot_at, standing.oldest_input) == (START, "a")
        assert "oldest are those of the input `a`" in standing.age_message
    assert desk.status("either", START + 3 * HOUR).age == "stale"


def test_an_audience_of_audiences_is_as_old_as_what_they_are_made_of(desk: Desk) -> None:
    """Promise 18: the age goes through, and so does a refusal."""
    desk.write("inner", any=["a", "b"])
    desk.write("outer", all=["inner"], where={"contact_id": {"<": "4"}})
    desk.combine("inner", NOW)
    assert desk.combine("outer", NOW).data_at == START
    assert desk.shown("outer") == {1, 2, 3}
    desk.write("strict", all=["a"], none=["inner"])
    at = START + 3 * HOUR
    desk.fetch("a", range(1, 11), at)
    with pytest.raises(TemporaryError) as refused:
        desk.combine("strict", at)
    assert refused.value.code == "input-stale"


def test_guards_hold_an_audience_and_a_person_approves_it(desk: Desk) -> None:
    """Promise 27: the same guards, the same decisions; what was held is what is published."""
    desk.write("both", all=["a", "b"], guards={"max_left": "10%"})
    desk.combine("both", NOW)
    desk.fetch("b", [15], NOW + HOUR)
    with pytest.raises(HeldError) as held:
        desk.combine("both", NOW + HOUR)
    assert held.value.code == "emptied"
    assert desk.shown("both") == set(range(6, 11))
    assert desk.status("both", NOW + HOUR).state == "held"
    choice = Choice(approve=True, by="Ada", reason="The campaign ended")
    done = decide(desk.project, "both", choice, now=NOW + 2 * HOUR)
    assert (done.snapshot.state, desk.shown("both")) == ("published", set())


def test_a_changed_salt_is_refused_unless_it_is_stated(desk: Desk) -> None:
    """Promise 19: nobody draws everybody anew by a slip; file and line are told."""
    split = {"salt": "spring", "groups": {"one": "50%", "two": "50%"}}
    desk.write("test", any=["a", "b"], split=split, guards={"max_left": "100%"})
    desk.combine("test_one", NOW)
    before = desk.shown("test_one")
    desk.write("test", any=["a", "b"], split={**split, "salt": "summer"}, guards={"max_left": "100%"})
    with pytest.raises(ProjectError) as refused:
        desk.combine("test_one", NOW + HOUR / 4)
    assert (refused.value.code, str(refused.value.problem.where)) == ("salt-changed", "audiences/test.yaml:6")
    assert desk.shown("test_one") == before
    stated = {**split, "salt": "summer", "former_salt": "spring"}
    desk.write("test", any=["a", "b"], split=stated, guards={"max_left": "100%"})
    desk.combine("test_one", NOW + HOUR / 2)
    assert desk.shown("test_one") != before


def test_the_groups_of_a_split_are_everybody_once(desk: Desk) -> None:
    """Promise 19: no person is in two groups, none in no group, and the holdout is not in the audience."""
    desk.write("test", any=["a", "b"], split={"salt": "spring", "holdout": "20%", "groups": {"x": "40%", "y": "40%"}})
    for name in ("test", "test_x", "test_y", "test_holdout"):
        desk.combine(name, NOW)
    x, y, holdout = (desk.shown(f"test_{part}") for part in ("x", "y", "holdout"))
    assert desk.shown("test") == x | y
    assert x | y | holdout == set(range(1, 16))
    assert len(x) + len(y) + len(holdout) == 15


def test_a_person_stays_in_the_first_of_a_list_of_priorities(desk: Desk) -> None:
    """The parts have nobody in common, and are the whole."""
    desk.write("mails", priority={"first": "b", "second": "a"})
    for name in ("mails", "mails_first", "mails_second"):
        desk.combine(name, NOW)
    assert desk.shown("mails_first") == set(range(6, 16))
    assert desk.shown("mails_second") == set(range(1, 6))
    assert desk.shown("mails") == set(range(1, 16))


def test_segments_of_another_model_are_combined_by_its_key(desk: Desk) -> None:
    """The other model's keys are texts; its columns are asked under its name."""
    with desk.warehouse.write() as session:
        session.execute("CREATE TABLE crm.users (user_id VARCHAR(10), plan VARCHAR(10))")
        session.execute("INSERT INTO crm.users VALUES ('1', 'pro'), ('2', 'free'), ('7', 'pro'), ('x', 'pro')")
    desk.write("pros", all=["a", {"users.plan": "pro"}])
    desk.combine("pros", NOW)
    assert desk.shown("pros") == {1, 7}


@pytest.mark.parametrize(
    ("condition", "code"),
    [({"contry": "FR"}, "unknown-column"), ({"contact_id": {"contains": "1"}}, "type-mismatch"),
     ({"contact_id": "many"}, "type-mismatch")],
)  # fmt: skip
def test_a_condition_that_does_not_fit_the_warehouse_is_told_with_its_line(
    desk: Desk, condition: dict[str, Any], code: str
) -> None:
    """Where project.yaml declares no columns, the first refresh says so, and nothing is published."""
    desk.write("audience", all=["a", condition])
    with pytest.raises(ProjectError) as refused:
        desk.combine("audience", NOW)
    assert refused.value.code == code
    assert "audiences/audience.yaml:4" in str(refused.value.problem.where)
    assert desk.status("audience", NOW).state == "failed"


def test_an_erased_person_does_not_come_back_by_a_column(desk: Desk) -> None:
    """Promise 32: whoever was erased is in no audience, though the model still has the row."""
    desk.write("everybody", where={"city": "Lyon"})
    desk.combine("everybody", NOW)
    assert 3 in desk.shown("everybody")
    erase(desk.project, "key", "3", by="Ada", reason="She asked for it", model="contacts", now=NOW + HOUR / 4)
    assert 3 not in desk.shown("everybody")
    done = desk.combine("everybody", NOW + HOUR / 2)
    assert 3 not in desk.shown("everybody")
    assert desk.events("everybody", done.snapshot_id) == set()


def test_what_an_audience_was_made_of_is_kept_with_its_snapshot(desk: Desk) -> None:
    """Each input with its snapshot, its state and its instants."""
    desk.write("both", all=["a", "b"])
    done = desk.combine("both", NOW)
    with desk.warehouse.read() as session:
        kept = get(session, "both", done.snapshot_id)
    assert kept is not None
    assert [one["name"] for one in desk.status("both", NOW).inputs] == ["a", "b"]
    assert kept.inputs is not None
    assert '"state": "fresh"' in kept.inputs
