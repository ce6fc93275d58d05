"""Random lives of a segment, each step in a real warehouse and in plain Python sets.

`make lives` plays 1,000 on DuckDB and 100 on Postgres; the suite plays some of them, always the same.
"""

import itertools
import os
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from remote_segments.config.loader import load_project
from remote_segments.errors import HeldError
from remote_segments.membership.compile import Scope
from remote_segments.membership.guards import Guards
from remote_segments.membership.history import keys_at
from remote_segments.membership.literals import literal
from remote_segments.simulator import Simulator
from remote_segments.sync.erasing import erase
from remote_segments.sync.since import members_at_instant
from remote_segments.sync.snapshots import published_at, record
from tests.reference.lives import Life
from tests.support.memberships import Segment, plan_of
from tests.support.projects import VIP, kept_in, write_project

NUMBERS = st.integers(1, 6)
SOME = st.frozensets(NUMBERS, max_size=5)
STEP = st.one_of(
    st.tuples(st.just("refresh"), SOME),
    st.tuples(st.just("refresh"), SOME),
    st.tuples(st.just("overtaken"), SOME, SOME),
    st.tuples(st.just("fail")),
    st.tuples(st.just("repeat")),
    st.tuples(st.just("rebuild"), st.integers(0, 9)),
    st.tuples(st.just("model"), st.frozensets(NUMBERS, min_size=2)),
    st.tuples(st.just("remap")),
    st.tuples(st.just("edit")),
    st.tuples(st.just("erase"), NUMBERS),
)
LIVES = st.lists(STEP, min_size=3, max_size=7)
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
PHASES = (Phase.explicit, Phase.generate)
"""A life is short; shrinking one takes minutes."""

MANY = int(os.environ.get("REMOTE_SEGMENTS_LIVES", "6"))

counter = itertools.count()


def people(numbers):
    """Rows of the model."""
    return [{"contact_id": n, "email": f"p{n}@example.com", "city": "Lyon"} for n in sorted(numbers)]


def members(numbers):
    """Fetched members, by their numbers."""
    return [{"id": f"m{n}", "external_id": str(n)} for n in sorted(numbers)]


class Both:
    """One life, in a warehouse and in Python."""

    def __init__(self, warehouse, project):
        name = f"life_{next(counter)}"
        self.project = kept_in(project, warehouse)
        guards = Guards(allow_empty=True)
        self.segment = Segment(warehouse, plan_of(segment=name, model_name="contacts", guards=guards))
        self.life = Life()
        self.model(frozenset(range(1, 7)))
        self.refresh(frozenset({1, 2}))

    def model(self, numbers):
        """The team's table changes; nothing is mapped yet."""
        self.life.known = numbers
        self.segment.model(people(numbers))

    def _fetched(self, numbers):
        snapshot = self.segment.fetch(members(numbers))
        self.life.fetched[snapshot] = numbers
        return snapshot

    def _published(self, snapshot):
        if not self.life.publishable(snapshot):
            self.segment.map(snapshot)
            with pytest.raises(HeldError):
                self.segment.publish(snapshot)
            return
        self.segment.map(snapshot)
        self.segment.publish(snapshot)
        self.life.counts(snapshot, self.segment.row(snapshot).effective_at)

    def refresh(self, numbers):
        """A fetch, mapped and published."""
        self._published(self._fetched(numbers))

    def overtaken(self, first, second):
        """A fetch that is published before an earlier one is mapped: that one joins history late."""
        late = self._fetched(first)
        newer = self._fetched(second)
        self._published(newer)
        if newer not in self.life.instants or not self.life.publishable(late):
            return
        self.segment.map(late)
        self.life.counts(late, self.segment.row(late).effective_at)

    def fail(self):
        """A refresh that brought nobody."""
        with self.segment.warehouse.write() as session:
            record(
                session,
                self.segment.plan.segment,
                state="failed",
                reason="answer-cut",
                message="The answer was cut.",
                partition_key=None,
                run_id=None,
                now=self.segment.now,
            )

    def repeat(self):
        """What is published is published again."""
        try:
            self.segment.publish(self.life.latest)
        except HeldError:  # the model lost them all since: what is shown stays
            assert not self.life.publishable(self.life.latest)
        self._moved()

    def rebuild(self, number):
        """An older window is mapped with today's model."""
        older = sorted(set(self.life.instants) - {self.life.latest})
        if not older:
            return
        snapshot = older[number % len(older)]
        if not self.life.publishable(snapshot):
            with pytest.raises(HeldError):
                self.segment.map(snapshot)
            return
        self.segment.map(snapshot)
        self.life.counts(snapshot, self.life.instants[snapshot])

    def remap(self):
        """The published ids are mapped with today's model, as a snapshot of their own."""
        latest = self.life.latest
        self.segment.now += timedelta(minutes=10)
        if not self.life.publishable(latest):
            with pytest.raises(HeldError):
                self.segment.publish(self.segment.map().snapshot_id)
            return
        found = self.segment.publish(self.segment.map().snapshot_id).snapshot_id
        self.life.fetched[found] = self.life.fetched[latest]
        self.life.counts(found, self.segment.row(found).effective_at)

    def edit(self):
        """The segment's file says something else; the next snapshot is counted by it."""
        self.segment.plan = replace(self.segment.plan, definition_hash=f"edit {next(counter)}")

    def erase(self, number):
        """A person is erased from everything."""
        name = self.segment.plan.segment
        erase(
            replace(self.project, segments={name: self.project.segments["vip"].model_copy(update={"name": name})}),
            "key",
            str(number),
            by="dpo",
            reason="asked",
            now=self.segment.now,
            tombstone=False,
        )
        self.life.erase(number)

    def _moved(self):
        """Publishing again may have made a snapshot of its own, where model or definition changed since."""
        name = literal(self.segment.plan.segment)
        rows = self.segment.rows(
            f"SELECT snapshot_id, members_id, effective_at FROM {{s}}.snapshots WHERE segment = {name} "
            "AND state = 'published' AND kind = 'remap'"
        )
        for snapshot, source, instant in rows:
            if snapshot not in self.life.instants:
                self.life.fetched[snapshot] = self.life.fetched[source]
                self.life.counts(snapshot, instant)

    def compare(self):
        """Every instant, every person, the published rows, and the sums; in one session: opening takes longest."""
        name, latest = self.segment.plan.segment, self.life.latest
        counts = "fetched, mapped, unknown, ambiguous, invalid, duplicate"
        with self.segment.warehouse.read() as session:
            for instant in self.life.instants.values():
                scope = Scope(session.dialect, session.schema, name)
                stays = set(session.rows(scope.sql(keys_at(scope, instant, 1))))
                found = {key for key, _ in stays}
                in_force = published_at(session, name, instant)
                assert set(session.rows(scope.sql(members_at_instant(session, scope, in_force, instant)))) == stays
                assert found == {str(n) for n in self.life.at(instant)}
            own = f"segment = {literal(name)}"
            rows = session.rows(f'SELECT key, since, until FROM "{session.schema}".memberships WHERE {own}')
            shown = session.rows(f'SELECT contact_id FROM "{session.schema}"."{name}"')
            sums = session.rows(
                f"SELECT snapshot_id, {counts} FROM \"{session.schema}\".snapshots WHERE {own} AND state = 'published'"
            )
        stays = {(str(n), since, until) for n in range(1, 7) for since, until in self.life.stays(n)}
        assert set(rows) == stays
        assert len(rows) == len(stays)
        assert sorted(row[0] for row in shown) == sorted(self.life.keys[latest])
        assert {row[0] for row in sums} == set(self.life.instants)
        for snapshot, fetched, *outcomes in sums:
            assert fetched == sum(outcomes) == len(self.life.fetched[snapshot])


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose only parts that count are its model, and what its segment says of identifiers."""
    with Simulator(people=10) as simulator:
        loaded = load_project(write_project(tmp_path_factory.mktemp("lives"), simulator, {"vip": VIP}))
    return lambda: loaded  # what a failure shows stays readable


def play(warehouse, project, steps):
    """Lives a life and compares after every step."""
    both = Both(warehouse, project())
    for what, *arguments in steps:
        getattr(both, what)(*arguments)
        both.compare()


@settings(max_examples=MANY, deadline=None, derandomize=True, suppress_health_check=QUIET, phases=PHASES)
@given(steps=LIVES)
@example(steps=[("remap",), ("erase", 2), ("remap",)])  # one row of a fetch was counted once for each of its snapshots
@example(steps=[("model", frozenset({1, 2})), ("refresh", frozenset({1, 2, 3})), ("erase", 3)])  # nobody had known them
def test_duckdb_lives_as_plain_python(duckdb_warehouse, project, steps):
    """Promises 11, 12, 13, 14 and 32: whatever happens in whatever order, history is that of plain sets."""
    play(duckdb_warehouse, project, steps)


@settings(max_examples=max(1, MANY // 10), deadline=None, derandomize=True, suppress_health_check=QUIET, phases=PHASES)
@given(steps=LIVES)
def test_postgres_lives_as_plain_python(postgres_warehouse, project, steps):
    """Promises 11, 12, 13, 14 and 32: whatever happens in whatever order, history is that of plain sets."""
    play(postgres_warehouse, project, steps)
