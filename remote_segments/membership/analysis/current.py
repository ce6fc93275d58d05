"""The keys that several segments show now, each person once per segment: what most questions begin with."""

from collections.abc import Sequence
from typing import Any

from remote_segments.membership.compile import Scope, unbound
from remote_segments.membership.literals import literal
from remote_segments.membership.tables import KEY_COLUMNS, TABLES

CURRENT = "rs_current"
"""The temporary table of the snapshots that are asked about."""

WORD = 60
"""Segments in one word of a pattern: their bits fit a signed 64-bit number of every engine."""


def current_snapshots(shown: Sequence[tuple[str, str]]) -> str:
    """The SELECT of the table `CURRENT`: segments by number with the snapshot they show, and their place in a pattern.

    Args:
        shown: segment and snapshot id, in the order of the numbers 0, 1, ...
    """
    rows = [
        f"({number}, {literal(segment)}, {literal(snapshot_id)}, {number // WORD}, {1 << number % WORD})"
        for number, (segment, snapshot_id) in enumerate(shown)
    ]
    typed = "CAST(number AS BIGINT) AS number, segment, snapshot_id, CAST(word AS BIGINT) AS word, CAST(bit AS BIGINT)"
    values = ", ".join(rows)
    return f"SELECT {typed} AS bit FROM (VALUES {values}) v(number, segment, snapshot_id, word, bit)"


def current_keys(scope: Scope, width: int) -> Any:
    """Who is in the segments of `CURRENT`: `number, word, bit, key...`, one row per person and segment."""
    columns = {"number": "bigint", "segment": "text", "snapshot_id": "text", "word": "bigint", "bit": "bigint"}
    shown, keys = unbound(CURRENT, columns), unbound("keys", TABLES["keys"], scope.schema)
    both = keys.inner_join(shown, ["segment", "snapshot_id"])
    return both.select("number", "word", "bit", *KEY_COLUMNS[:width])
