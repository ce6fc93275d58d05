"""What only Python can normalise, made in batches for both sides of a match, and kept in the warehouse for next time.

Domains outside ASCII, telephone numbers that are not E.164, and SHA-1 on Postgres. Anything else never comes here: an
ordinary e-mail address costs one look whether it is one.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from remote_segments.identifiers import Side
from remote_segments.membership import matching, spelling
from remote_segments.membership.compile import Scope, unbound
from remote_segments.membership.models import Model
from remote_segments.membership.normalisation import rule_of, spelling_of
from remote_segments.membership.tables import TABLES
from remote_segments.sync.plan import Plan
from remote_segments.warehouses.base import Session

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = "spellings"
WRITTEN, MISSING, MADE = "rs_written", "rs_missing", "rs_made"
"""Temporary tables: all values of a rule, those that are not kept yet, those made by a session that keeps nothing."""

BATCH = 50_000
"""Values that are in Python's hands at once."""


@dataclass
class Wanted:
    """What a rule is needed for: how its spellings are made, and where the values are, as expressions."""

    make: Callable[[str], str | None]
    values: list[Any] = field(default_factory=list)


def watched_addresses(plan: Plan) -> list[str]:
    """Identifiers whose values tell whether any domain must be looked up at all."""
    pairs = [pair for entry in plan.entries for pair in entry]
    return list(dict.fromkeys(pair.identifier for pair in pairs if pair.sides[0].kind.idna))


def stage_spellings(
    session: Session, plan: Plan, members: matching.Fetched, model: Model, *, watched: bool, now: datetime | None
) -> spelling.Spellings:
    """Writes the spellings that both sides need into temporary tables, those that were made before included.

    Args:
        session: a session.
        plan: the segment.
        members: the members.
        model: the model.
        watched: whether any member may have an address whose domain must be looked up.
        now: the instant at which new spellings are kept; None for a session that may not write.
    """
    columns: list[Column] = []
    for pair in (pair for entry in plan.entries for pair in entry):
        both = (
            (members.rows(), *matching.member_columns(members, [pair])[0]),
            (model.table, *matching.model_columns(model, [pair])[0]),
        )
        quiet = not watched and pair.sides[0].kind.idna
        columns += [one for one in both if not (quiet and rule_of(one[2], session.dialect) == one[2].kind.rule)]
    return spellings_of(session, members.scope, columns, now)


Column = tuple[Any, spelling.Text, Side]
"""Rows, where their values are, and how they become comparable."""


def spellings_of(
    session: Session, scope: Scope, columns: Iterable[Column], now: datetime | None = None
) -> spelling.Spellings:
    """Writes the spellings that some columns need into temporary tables; without `now` nothing is kept."""
    wanted: dict[str, Wanted] = {}
    for rows, text, side in columns:
        rule = rule_of(side, session.dialect)
        if rule is not None:
            one = wanted.setdefault(rule, Wanted(spelling_of(side, session.dialect)))
            one.values.append(spelling.written(rows, text, side, session.dialect))
    staged: dict[str, str] = {}
    for number, (rule, one) in enumerate(wanted.items()):
        if session.stage(WRITTEN, scope.sql(spelling.of_any(one.values))):
            staged[rule] = f"rs_spelled_{number}"
            session.stage(staged[rule], scope.sql(_spellings(session, scope, rule, one, now)))
    return spelling.Spellings(staged)


def _spellings(session: Session, scope: Scope, rule: str, wanted: Wanted, now: datetime | None) -> Any:
    """Makes what is not kept yet; returns the spellings of all staged values as an expression."""
    values = unbound(WRITTEN, {"written": "text"})
    found = session.relation(TABLE, session.schema)
    missing, sources = values, []
    if found is not None:
        kept = unbound(TABLE, TABLES[TABLE], found.schema)
        kept = kept.filter(kept.rule == scope.text(rule)).select("written", "canonical")
        missing = values.anti_join(kept, "written")
        sources.append(kept)
    count = session.stage(MISSING, scope.sql(spelling.numbered(missing)))
    batches = _made(session, scope, wanted, count)
    if now is not None and found is not None:
        for batch in batches:
            session.append_table(TABLE, _owned(batch, scope.segment, rule, now))
    else:
        import pyarrow as pa

        empty = pa.table({name: pa.array([], pa.string()) for name in ("written", "canonical")})
        session.stage_table(MADE, pa.concat_tables([empty, *batches]))
        sources.append(spelling.staged_spellings(MADE))
    return spelling.of_values(sources, values)


def _made(session: Session, scope: Scope, wanted: Wanted, count: int) -> "Iterator[pa.Table]":
    """The spellings of the missing values, batch by batch."""
    import pyarrow as pa

    missing = unbound(MISSING, {"written": "text", "number": "bigint"})
    for first in range(0, count, BATCH):
        some = missing.filter(missing.number >= first, missing.number < first + BATCH).select("written")
        written = session.arrow(scope.sql(some)).column("written").cast(pa.string())
        canonical = pa.array((wanted.make(text) for text in written.to_pylist()), pa.string())
        yield pa.table({"written": written, "canonical": canonical})


def _owned(batch: "pa.Table", segment: str, rule: str, now: datetime) -> "pa.Table":
    """A batch with the columns of the kept table."""
    import pyarrow as pa

    values = {"segment": segment, "rule": rule, "made_at": pa.scalar(now, pa.timestamp("us", tz="UTC"))}
    for name, value in values.items():
        batch = batch.append_column(name, pa.repeat(value, batch.num_rows))
    return batch.select(list(TABLES[TABLE]))
