"""The tables a project keeps in its warehouse: a published, versioned contract.

Types are neutral words that each warehouse translates: `text`, `bigint`, `double`, `timestamp` (with time zone, UTC).
Shared tables hold all segments; their first columns are `segment` and `snapshot_id`.
A snapshot's rows count only once its row in `snapshots` says `published`.
"""

from collections.abc import Mapping
from types import MappingProxyType

CONTRACT_VERSION = "1.0"
"""Kept in `meta`; additive changes raise the second number, everything else the first."""

MAX_KEY_COLUMNS = 3
"""A model key has at most this many columns: `key`, `key_2`, `key_3`; unused ones are null."""

MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "segment": "text",
        "snapshot_id": "text",  # the fetch
        "member_no": "bigint",  # 1, 2, ... in the order fetched
        "remote_joined_at": "timestamp",  # when the platform says the person joined; null where it does not say
        # then one text column per identifier name that any platform gave, added when first met
    }
)

KEYS: Mapping[str, str] = MappingProxyType(
    {
        "segment": "text",
        "snapshot_id": "text",
        "member_no": "bigint",  # the member of `members_id` that this row came from
        "key": "text",  # the model's key as text
        "key_2": "text",
        "key_3": "text",
        "matched": "text",  # the identifiers that matched, `email` or `email+phone`
        "joined_at": "timestamp",  # platform's own time, else when seen joining, else null
    }
)

UNMAPPED: Mapping[str, str] = MappingProxyType(
    {
        "segment": "text",
        "snapshot_id": "text",
        "member_no": "bigint",  # identifiers are read from `members`, so that personal data is kept once
        "reason": "text",  # unknown, ambiguous, invalid, duplicate
    }
)

CHANGES: Mapping[str, str] = MappingProxyType(
    {
        "segment": "text",
        "snapshot_id": "text",
        "generation": "bigint",  # raised when the model's key changes: keys of two generations are not comparable
        "key": "text",
        "key_2": "text",
        "key_3": "text",
        "instant": "timestamp",  # the snapshot's effective_at
        "event": "text",  # joined, left
        "cause": "text",  # baseline, remote, model, definition, rebuilt, erased
    }
)

SNAPSHOTS: Mapping[str, str] = MappingProxyType(
    {
        "segment": "text",
        "snapshot_id": "text",
        "members_id": "text",  # the snapshot whose rows of `members` it is built on; its own id for a fetch
        "previous_id": "text",  # the published snapshot that its changes are counted against
        "generation": "bigint",
        "kind": "text",  # fetch (ids from the platform), remap (the same ids, a newer model)
        "state": "text",  # fetched, mapped; published; held, rejected, failed, missed, skipped
        "reason": "text",  # stable code of why it is not published
        "message": "text",  # the sentence behind the code, without identifiers
        "partition_key": "text",
        "run_id": "text",
        "definition_hash": "text",
        "key_columns": "text",  # the model's key columns, joined by `,`
        "platform": "text",
        "connection": "text",
        "source": "text",  # the id keys as JSON with sorted keys
        "source_name": "text",  # what the platform calls the segment
        "fetched_at": "timestamp",  # when the fetch began: no member is newer than this is sure of
        "model_read_at": "timestamp",
        "effective_at": "timestamp",  # from when this membership counts: fetched_at, or model_read_at of a remap
        "published_at": "timestamp",
        "completeness": "text",  # how it was proven that no page is missing
        "declared_total": "bigint",  # the platform's own count, where it gives one
        "fetched": "bigint",
        "mapped": "bigint",
        "unknown": "bigint",
        "ambiguous": "bigint",
        "invalid": "bigint",
        "duplicate": "bigint",
        "joined_count": "bigint",
        "left_count": "bigint",
        "pages": "bigint",
        "calls": "bigint",
        "seconds": "double",
    }
)

META: Mapping[str, str] = MappingProxyType({"name": "text", "value": "text"})

TABLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "members": MEMBERS,
        "keys": KEYS,
        "unmapped": UNMAPPED,
        "changes": CHANGES,
        "snapshots": SNAPSHOTS,
        "meta": META,
    }
)

RESERVED_NAMES = frozenset({*TABLES, "ledger", "decisions", "tombstones", "segments", "audiences"})
"""Names a segment cannot have: its own table would hide a shared one, now or in a later version."""

KEY_COLUMNS = ("key", "key_2", "key_3")
"""The key columns of `keys` and `changes`, in the order of the model's key."""
