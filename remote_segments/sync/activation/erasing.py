"""Removes a person's rows from what is known of sends, in the caller's transaction.

Nothing is sent: the person is still in the lists that they were sent to, and nobody here could remove them any more.
Which these are is told, so that somebody can erase the person there, too.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from remote_segments.membership.literals import literal, table_name
from remote_segments.sync.lineage import Lineage
from remote_segments.sync.person import Key, same_key
from remote_segments.warehouses.base import Session

TABLES = ("ledger", "recipients", "outgoing")


@dataclass(frozen=True)
class Forgotten:
    """Rows deleted by table, and the activations at whose destinations the person may still be."""

    rows: Counter[str] = field(default_factory=Counter)
    there: frozenset[str] = frozenset()


def forget(session: Session, keys: Collection[Key], lineage: Lineage) -> Forgotten:
    """Deletes the person's rows of all activations whose people have a key of the same model."""
    rows: Counter[str] = Counter()
    there: set[str] = set()
    for key in sorted(keys):
        names = ", ".join(map(literal, lineage.names(key.model)))
        activations = (
            f"SELECT activation FROM {table_name(session.schema, 'sends')} WHERE model IN ({names}) "
            f"AND key_columns = {literal(key.columns)}"
        )
        where = f"{same_key(key.values, 'r')} AND r.activation IN ({activations})"
        recipients = table_name(session.schema, "recipients")
        found = session.rows(f"SELECT DISTINCT activation FROM {recipients} r WHERE {where} AND r.present <> 'no'")
        there |= {activation for (activation,) in found}
        for table in TABLES:
            deleted = session.execute(f"DELETE FROM {table_name(session.schema, table)} AS r WHERE {where}")
            rows[table] += max(0, deleted)
    return Forgotten(+rows, frozenset(there))
