"""Mapping some members without keeping anything: the code of a refresh, on temporary tables of a reading session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from remote_segments.membership.guards import Counts
from remote_segments.membership.literals import literal, quoted
from remote_segments.membership.tables import KEY_COLUMNS
from remote_segments.sync.deriving import derive, scope_of
from remote_segments.sync.plan import Plan
from remote_segments.sync.snapshots import Snapshot
from remote_segments.warehouses.base import Relation, Session

TEMPORARY = {"duckdb": "temp", "postgres": "pg_temp"}
"""The name by which each engine finds temporary tables where a schema is written."""

MEMBERS, TRIAL = "members", "trial"


class _Aside:
    """A session whose schema is that of temporary tables, so that it finds the members there, and nothing else."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.schema = TEMPORARY[session.dialect]

    def relation(self, name: str, schema: str | None = None) -> Relation | None:
        """Describes a temporary table; or one of another schema, which is named."""
        return self._session.relation(name, None if schema == self.schema else schema)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


def aside(session: Session) -> Session:
    """The same session, in which the table of members is a temporary one."""
    return cast("Session", _Aside(session))


@dataclass(frozen=True)
class Outcome:
    """What became of one member: the model's key and what matched, or the reason why it is not mapped."""

    key: tuple[str, ...] | None = None
    matched: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Tried:
    """What became of members that were tried, in the order given."""

    counts: Counts
    outcomes: tuple[Outcome, ...]


def stage_members(
    session: Session, segment: str, columns: Mapping[str, Sequence[str | None]], length: int, name: str = MEMBERS
) -> None:
    """Writes members into a temporary table of the shape of `members`, under the snapshot `TRIAL`.

    Args:
        session: a reading session.
        segment: the segment they are said to be of.
        columns: one list of texts per identifier, all of the length given.
        length: the number of members.
        name: the temporary table.
    """
    names = list(columns)
    inner = [f"column_{number}" for number in range(len(names))]
    rows = [[number + 1, *(_storable(columns[column][number]) for column in names)] for number in range(length)]
    values = rows or [[0, *(None for _ in names)]]  # VALUES needs one; it is filtered out below
    text = ", ".join("(" + ", ".join(literal(value) for value in row) + ")" for row in values)
    chosen = "".join(f", CAST({one} AS TEXT) AS {quoted(column)}" for one, column in zip(inner, names, strict=True))
    session.stage(
        name,
        f"SELECT CAST({literal(segment)} AS TEXT) AS segment, CAST({literal(TRIAL)} AS TEXT) AS snapshot_id, "
        f"CAST(number AS BIGINT) AS member_no, CAST(NULL AS TIMESTAMPTZ) AS remote_joined_at{chosen} "
        f"FROM (VALUES {text}) AS given({', '.join(['number', *inner])}) WHERE number > 0",
    )


def _storable(text: str | None) -> str | None:
    """A text with a NUL character cannot be stored, so it matches nothing."""
    return None if text is None or "\0" in text else text


def try_members(session: Session, plan: Plan, columns: Mapping[str, Sequence[str | None]], length: int) -> Tried:
    """Maps members as a refresh would, and says what became of each.

    Raises:
        ProjectError: what is wrong with the model: see `sync.mapping.map_segment`.
    """
    inner = aside(session)
    stage_members(session, plan.segment, columns, length)
    members = Snapshot(segment=plan.segment, snapshot_id=TRIAL, members_id=TRIAL, state="fetched", fetched=length)
    derived = derive(inner, plan, members, None)
    scope = scope_of(inner, plan)
    width = len(plan.key)
    found: dict[int, Outcome] = {}
    mapped = derived.current.select("member_no", "matched", *KEY_COLUMNS[:width])
    for number, matched, *key in inner.rows(scope.sql(mapped)):
        found[number] = Outcome(key=tuple(key), matched=matched)
    if derived.lost is not None:
        for number, reason in inner.rows(scope.sql(derived.lost.select("member_no", "reason"))):
            found[number] = Outcome(reason=reason)
    return Tried(derived.counts, tuple(found[number] for number in range(1, length + 1)))
