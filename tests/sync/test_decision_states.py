"""Holding, releasing and deciding in any order, in real warehouses, against plain Python."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from remote_segments.errors import HeldError, ProjectError
from remote_segments.sync.deciding import Choice, decide_with
from remote_segments.sync.decisions import read_decisions
from tests.reference.desk import Desk, Entry
from tests.support.memberships import START, Segment, plan_of

BLOCKS = tuple(frozenset(range(start, start + 10)) for start in (1, 11, 21, 31))
STRANGERS = frozenset(range(900, 905))

PEOPLE = st.sets(st.sampled_from(BLOCKS)).map(lambda blocks: frozenset().union(*blocks))
FETCHED = st.one_of(PEOPLE, PEOPLE, st.just(STRANGERS), PEOPLE.map(lambda people: people | STRANGERS))
MODELS = PEOPLE.filter(bool)

counter = itertools.count()


def members(numbers):
    """Fetched members that the model may know by their number."""
    return [{"id": f"m{n}", "external_id": str(n)} for n in sorted(numbers)]


class Deciding(RuleBasedStateMachine):
    """One segment in a warehouse, and the same in plain Python."""

    warehouse = None

    @initialize(fetched=PEOPLE)
    def begin(self, fetched):
        self.segment = Segment(self.warehouse, plan_of(segment=f"vip_{next(counter)}"))
        everybody = frozenset().union(*BLOCKS)
        self.desk = Desk(everybody)
        self.recorded = []
        self.set_model(everybody)
        self.refresh(fetched)

    def set_model(self, people):
        self.desk.model = people
        self.segment.model([{"contact_id": n, "email": None, "city": None} for n in sorted(people)])

    @property
    def hour(self):
        return round((self.segment.now - START) / timedelta(hours=1))

    def publish(self, name, expected):
        """Maps and publishes; it is held where plain Python holds it."""
        self.segment.map(name)
        if expected is None:
            assert self.segment.publish(name).state == "published"
            return
        with pytest.raises(HeldError) as held:
            self.segment.publish(name)
        assert held.value.code == expected

    @rule(fetched=FETCHED)
    def refresh(self, fetched):
        """A fetch, mapped and published or held."""
        name = self.segment.fetch(members(fetched))
        self.desk.entries[name] = Entry(fetched)
        self.publish(name, self.desk.publish(name, self.hour))

    @rule(fetched=FETCHED)
    def fetch_only(self, fetched):
        """A fetch that is under way to its publication, or was stopped there."""
        name = self.segment.fetch(members(fetched))
        self.desk.entries[name] = Entry(fetched)

    @precondition(lambda self: self.desk.entries[self.desk.newest()].state in ("fetched", "held"))
    @rule()
    def go_on(self):
        """The newest ids that are not published are mapped again, and judged again."""
        name = self.desk.newest()
        self.publish(name, self.desk.publish(name, self.hour))

    @rule(people=MODELS)
    def remodel(self, people):
        """The model loses or gains people; nothing looks at it yet."""
        self.set_model(people)

    @rule(by=st.sampled_from(("anna", "ben")), raise_for=st.sampled_from((0, 0, 3)))
    def approve(self, by, raise_for):
        """Somebody wants the held one published."""
        until = self.segment.now + timedelta(hours=raise_for) if raise_for else None
        self.decide(Choice(approve=True, by=by, reason="why not", raise_until=until), raise_for)

    @rule()
    def reject(self):
        """Somebody does not."""
        self.decide(Choice(approve=False, by="ben", reason="broken"))

    def decide(self, choice, raise_for=0):
        expected = self.desk.decide(approve=choice.approve, by=choice.by, hour=self.hour, raise_for=raise_for)
        try:
            decide_with(self.segment.warehouse, self.segment.plan, choice, now=self.segment.now)
            found = None
        except ProjectError as refused:
            found = refused.code
        assert found == expected

    @invariant()
    def the_states_agree(self):
        """Each snapshot has the state that it has in plain Python; at most one is held."""
        rows = self.segment.rows(
            f"SELECT snapshot_id, state, approved_by FROM {{s}}.snapshots WHERE segment = '{self.segment.plan.segment}'"
        )
        assert {name: (state, by) for name, state, by in rows} == {
            name: (entry.state, entry.approved_by) for name, entry in self.desk.entries.items()
        }
        assert sum(state == "held" for _, state, _ in rows) <= 1

    @invariant()
    def what_is_read_agrees(self):
        """The table, the history and the counts are those of the snapshot that is shown; a held one is not in them."""
        if self.desk.shown is None:
            return
        shown = self.desk.entries[self.desk.shown].mapped
        assert self.segment.published() == sorted(shown)
        assert self.segment.at(self.segment.now) == {str(n) for n in shown}

    @invariant()
    def decisions_are_only_added(self):
        """Nothing that was recorded changes, and everything that was decided is there."""
        with self.segment.warehouse.read() as session:
            found = read_decisions(session, self.segment.plan.segment)
        assert found[: len(self.recorded)] == self.recorded
        self.recorded = found
        assert [(one.snapshot_id, one.decision, one.decided_by, one.guard) for one in found] == self.desk.decisions


@pytest.mark.parametrize(("name", "examples"), [("duckdb", 5), ("postgres", 2)])
def test_any_order_of_refreshes_and_decisions(request, name, examples):
    """Promise 27: in whatever order, at most one snapshot waits, and only a person's word publishes it."""
    machine = type("Machine", (Deciding,), {"warehouse": request.getfixturevalue(f"{name}_warehouse")})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
