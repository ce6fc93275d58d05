"""Who of a list that exists is known to the model: by any identifier that is sent, normalised on both sides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from remote_segments.membership.compile import Scope, finished, unbound
from remote_segments.membership.tables import KEY_COLUMNS, RECIPIENTS, TABLES

LISTED, TAKEN = "rs_list", "rs_taken_over"
"""Temporary tables: everybody in the list by name and value of an identifier; who of them is known."""


@dataclass(frozen=True)
class Taking:
    """The activation that takes a list over."""

    scope: Scope
    destination: str
    width: int
    snapshot_id: str
    source: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The key columns in use."""
        return KEY_COLUMNS[: self.width]


def taken(taking: Taking, people: Any, names: Sequence[str]) -> Any:
    """Everybody of the model who is in the list: `key..., identifiers, name, value, ours, wanted`.

    Args:
        taking: the activation.
        people: the whole model as `addressing.people` makes it, with one column `sent_N` per identifier.
        names: the identifiers, in order.
    """
    import ibis

    listed = unbound(LISTED, {"name": "text", "value": "text"})
    parts = []
    for number, name in enumerate(names):
        some = listed.filter(listed.name == name).select(l_name="name", l_value="value")
        met = people.inner_join(some, [(f"sent_{number}", "l_value")])
        parts.append(met.select(*taking.keys, "identifiers", name="l_name", value="l_value"))
    found = finished(parts[0] if len(parts) == 1 else ibis.union(*parts))
    scope = taking.scope
    known = unbound("recipients", RECIPIENTS, scope.schema)
    known = known.filter(
        known.activation == scope.text(scope.segment), known.destination == scope.text(taking.destination)
    )
    ours = known.select(**{f"o_{name}": known[name] for name in taking.keys}).distinct().mutate(ours=ibis.literal(1))
    keys = unbound("keys", TABLES["keys"], scope.schema)
    keys = keys.filter(keys.segment == scope.text(taking.source), keys.snapshot_id == scope.text(taking.snapshot_id))
    wanted = keys.select(**{f"w_{name}": keys[name] for name in taking.keys}).mutate(wanted=ibis.literal(1))
    both = finished(found.left_join(ours, [(name, f"o_{name}") for name in taking.keys]))
    both = finished(both.left_join(wanted, [(name, f"w_{name}") for name in taking.keys]))
    return both.select(*taking.keys, "identifiers", "name", "value", "ours", "wanted")


def _staged(taking: Taking) -> Any:
    kinds = {
        **dict.fromkeys((*taking.keys, "identifiers", "name", "value"), "text"),
        "ours": "bigint",
        "wanted": "bigint",
    }
    return unbound(TAKEN, kinds)


def counts(taking: Taking) -> Any:
    """People to be taken over, people who are ours, those taken over who are wanted, identifiers that are known."""
    rows = _staged(taking)
    people = rows.select(*taking.keys, "ours", "wanted").distinct()
    new = people.ours.isnull()
    one = people.aggregate(
        new=people.count(where=new),
        ours=people.count(where=~new),
        wanted=people.count(where=new & people.wanted.notnull()),
    )
    identifiers = rows.select("name", "value").distinct()
    other = identifiers.aggregate(identified=identifiers.count())
    return one.cross_join(other)


def rows(taking: Taking, now: datetime) -> tuple[list[str], Any]:
    """Rows of `recipients` for those who are taken over."""
    import ibis

    scope, staged = taking.scope, _staged(taking)
    people = staged.filter(staged.ours.isnull(), staged.identifiers.notnull())
    people = people.select(*taking.keys, "identifiers").distinct()
    padded = {name: people[name] if name in taking.keys else ibis.null("string") for name in KEY_COLUMNS}
    made = people.mutate(
        activation=scope.text(scope.segment),
        destination=scope.text(taking.destination),
        former=ibis.null("int64"),
        digest=ibis.null("string"),
        present=ibis.literal("yes"),
        verb=ibis.literal("add"),
        outcome=ibis.literal("accepted"),
        reason=ibis.literal("adopted"),
        permanent=ibis.literal(0, "int64"),
        attempts=ibis.literal(0, "int64"),
        retry_at=ibis.null("timestamp('UTC')"),
        decided_at=scope.instant(now),
        send_id=ibis.null("string"),
        **padded,
    )
    return list(RECIPIENTS), made.select(*RECIPIENTS)
