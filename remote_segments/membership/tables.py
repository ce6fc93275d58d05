"""The tables a project keeps in its warehouse: a published, versioned contract.

Types are neutral words that each warehouse translates: `text`, `bigint`, `double`, `timestamp` (with time zone, UTC).
Shared tables hold all segments; their first columns are `segment` and `snapshot_id`.
A snapshot's rows count only once its row in `snapshots` says `published`.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType

CONTRACT_VERSION = "1.5"
"""Kept in `meta`; additive changes raise the second number, everything else the first."""

MAX_KEY_COLUMNS = 3
"""A model key has at most this many columns: `key`, `key_2`, `key_3`; unused ones are null."""

MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "segment": "text",  # the segment's name
        "snapshot_id": "text",  # the fetch
        "member_no": "bigint",  # 1, 2, ... in the order fetched
        "remote_joined_at": "timestamp",  # when the platform says the person joined; null where it does not say
        # then one text column per identifier name that any platform gave, added when first met
    }
)
"""One row per fetched member of a snapshot: the identifiers as fetched; kept for the segment's retention."""

KEYS: Mapping[str, str] = MappingProxyType(
    {
        "segment": "text",  # the segment's name
        "snapshot_id": "text",  # the snapshot that was mapped
        "member_no": "bigint",  # the member of `members_id` that this row came from; in an audience just a number
        "key": "text",  # the model's key as text
        "key_2": "text",  # its second column; null where it has one
        "key_3": "text",  # its third column; null where it has fewer
        "matched": "text",  # the identifiers that matched, `email` or `email+phone`; null in an audience
        "joined_at": "timestamp",  # the platform's own time, else when it was seen to join, else null
        "since": "timestamp",  # the instant of the event that made it a member; exact for the published snapshot
    }
)
"""One row per mapped member of a snapshot; kept for the segment's retention."""

UNMAPPED: Mapping[str, str] = MappingProxyType(
    {
        "segment": "text",  # the segment's name
        "snapshot_id": "text",  # the snapshot that was mapped
        "member_no": "bigint",  # identifiers are read from `members`, so that personal data is kept once
        "reason": "text",  # unknown, ambiguous, invalid, duplicate
        "key": "text",  # of a duplicate: the model's key that it shares with an earlier member; null of all others
        "key_2": "text",  # its second column; null where it has one
        "key_3": "text",  # its third column; null where it has fewer
    }
)
"""One row per member of a snapshot that is not mapped, with the one reason; kept for the segment's retention."""

CHANGES: Mapping[str, str] = MappingProxyType(
    {
        "segment": "text",  # the segment's name
        "snapshot_id": "text",  # the snapshot in which it was seen; count it only if that is published
        "generation": "bigint",  # raised with another model or key of it: keys of two generations are not comparable
        "key": "text",  # the model's key as text
        "key_2": "text",  # its second column; null where it has one
        "key_3": "text",  # its third column; null where it has fewer
        "instant": "timestamp",  # the snapshot's effective_at
        "event": "text",  # joined, left
        "cause": "text",  # baseline, remote, model, definition, rebuilt, erased
        "since": "timestamp",  # of `left`: the instant of the event that began the stay which it ends; null of `joined`
    }
)
"""One row per event; kept for ever, so that the membership at any instant can be read from it."""

SNAPSHOTS: Mapping[str, str] = MappingProxyType(
    {
        "segment": "text",  # the segment's name
        "snapshot_id": "text",  # sorts by the instant it was made
        "members_id": "text",  # the snapshot whose rows of `members` it is built on; its own id for a fetch
        "previous_id": "text",  # the published snapshot before it
        "generation": "bigint",  # that of its keys
        "kind": "text",  # fetch (ids from the platform), remap (the same ids, a newer model), combination (an audience)
        "state": "text",  # fetched, mapped; published; held, superseded, rejected, failed, missed, skipped, frozen
        "reason": "text",  # stable code of why it is not published
        "message": "text",  # the sentence behind the code, without identifiers
        "partition_key": "text",  # the window it was asked for; a label, never the data's time
        "run_id": "text",  # the run that made it
        "definition_hash": "text",  # of what decides who is in the segment
        "model": "text",  # the model's name in project.yaml
        "key_columns": "text",  # the model's key columns, joined by `,`
        "platform": "text",  # the platform's name
        "connection": "text",  # the account's name in project.yaml
        "source": "text",  # the id keys as JSON with sorted keys
        "source_name": "text",  # what the platform calls the segment
        "warning": "text",  # what the platform says against relying on it: it no longer updates the segment
        "api_version": "text",  # of the platform's API that was spoken
        "remote_state": "text",  # what the platform says of the segment: ready, inactive, archived
        "remote_updated_at": "timestamp",  # when the platform says it last changed; null where it does not say
        "remote_rule_hash": "text",  # of what decides who is a member, where the platform tells it
        "drift": "text",  # what the platform changed since the published snapshot before it: name, rule, state
        "fetched_at": "timestamp",  # when the fetch began: whoever joined later is not in it
        "data_at": "timestamp",  # the data's own time where the source tells it, as files do; its age is judged by it
        "model_read_at": "timestamp",  # when the model was read
        "effective_at": "timestamp",  # from when this membership counts: fetched_at, or model_read_at of a remap
        "published_at": "timestamp",  # when it was published; null before
        "completeness": "text",  # how it was proven that no page is missing
        "declared_total": "bigint",  # the platform's own count, where it gives one
        "fetched": "bigint",  # members that the platform gave
        "repeated": "bigint",  # of these, those that came before in the same fetch; null where nobody counted
        "erased": "bigint",  # members left out of all counts, because the person was erased; null for none
        "mapped": "bigint",  # members found in the model
        "unknown": "bigint",  # members that no row of the model matches
        "ambiguous": "bigint",  # members that several rows match
        "invalid": "bigint",  # members without a usable identifier
        "duplicate": "bigint",  # members that are an earlier member again
        "same_row": "bigint",  # of the duplicates: other members that lead to the row of an earlier one
        "conflicting": "bigint",  # of the mapped: members whose later identifiers lead to other rows than the first
        "joined_count": "bigint",  # events of cause remote that are joined
        "left_count": "bigint",  # events of cause remote that are left
        "pages": "bigint",  # pages read
        "calls": "bigint",  # calls made, retries included
        "seconds": "double",  # of the fetch; of a remap, of the mapping
        "numbers": "text",  # what the guards compared, as JSON; null before they judged it
        "approved_by": "text",  # who had it published although a guard held it; null of all others
        "inputs": "text",  # of an audience: what it was made of, as JSON; each input's snapshot, its state and instants
    }
)
"""One row per attempt to refresh a segment; kept for ever."""

TOMBSTONES: Mapping[str, str] = MappingProxyType(
    {
        "scope": "text",  # CONNECTION.IDENTIFIER for a platform's own id; model:NAME, model@PLACE; else IDENTIFIER
        "identifier": "text",  # the column of `members` that is compared; of a key the model's columns, joined by `,`
        "kind": "text",  # how it is normalised before; `key` for a key of a model
        "digest": "text",  # sha256 of the salt in `meta` and the normalised value, in hexadecimal digits
        "erased_at": "timestamp",  # when the person was erased
    }
)
"""One row per identifier of an erased person: whoever is fetched with it is left out. Kept for ever."""

SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        "segment": "text",  # the segment whose refresh made it; all segments read it
        "rule": "text",  # how it was made: kind, options, release of the library
        "written": "text",  # the identifier as a member or the model has it
        "canonical": "text",  # what it is compared by; null where it can identify nobody
        "made_at": "timestamp",  # when it was made
    }
)
"""Personal data: one row per identifier that the engine cannot normalise; kept for the segment's retention."""

DEFINITIONS: Mapping[str, str] = MappingProxyType(
    {
        "definition_hash": "text",  # as in `snapshots`
        "settings": "text",  # what it is made of, as JSON: the names of the files' keys and their values in short
        "first_used_at": "timestamp",  # when a segment was first mapped by it
    }
)
"""One row per definition that a segment ever had; kept for ever, so that what was edited can be told."""

DECISIONS: Mapping[str, str] = MappingProxyType(
    {
        "segment": "text",  # the segment's name
        "snapshot_id": "text",  # the held snapshot that was decided on
        "decided_at": "timestamp",  # when
        "decided_by": "text",  # who, as they named themselves
        "decision": "text",  # approved, rejected
        "reason": "text",  # why, in their words
        "guard": "text",  # the code of the guard that held it
        "message": "text",  # the sentence that they were shown
        "numbers": "text",  # what the guards had compared, as JSON
        "published_id": "text",  # the published snapshot that it was counted against
        "raised_limits": "text",  # limits that let more through from now on, as JSON; null where none was raised
        "raised_until": "timestamp",  # when the segment's file alone counts again
        "run_id": "text",  # the run that carried it out
    }
)
"""One row per decision of a person on a held snapshot; only ever appended, kept for ever."""

SENDS: Mapping[str, str] = MappingProxyType(
    {
        "activation": "text",  # the activation's name
        "send_id": "text",  # the plan's id: the same plan has the same
        "state": "text",  # sending, applied, stopped; held, approved, rejected, superseded; adopted
        "reason": "text",  # stable code of why it is held or stopped
        "message": "text",  # the sentence behind the code, without identifiers
        "environment": "text",  # development, production, ...
        "destination": "text",  # connection and ids of the list, as JSON with sorted keys
        "mode": "text",  # mirror, add_only, remove_only, upsert
        "source": "text",  # the segment or audience that is sent
        "snapshot_id": "text",  # its published snapshot
        "model": "text",  # the model's name in project.yaml
        "key_columns": "text",  # the model's key columns, joined by `,`
        "identifiers": "text",  # the identifiers that are sent, joined by `,`
        "run_id": "text",  # the run that made it
        "planned_at": "timestamp",  # when it was planned
        "finished_at": "timestamp",  # when all was answered; null before
        "present": "bigint",  # people who were there by our doing before it
        "adds": "bigint",  # people to add
        "removes": "bigint",  # people to remove
        "updates": "bigint",  # people whose attributes changed
        "unchanged": "bigint",  # people of whom nothing is to be sent
        "suppressed": "bigint",  # people left out because a suppression list has them
        "without_consent": "bigint",  # people left out because they have not consented
        "not_addressable": "bigint",  # people without an identifier that the destination takes
        "held_out": "bigint",  # people of the holdout group
        "later_adds": "bigint",  # people to add by later runs, because of the activation's limits
        "later_removes": "bigint",  # people to remove by later runs
        "waiting": "bigint",  # people rejected before, who are not tried again yet
        "refused": "bigint",  # people rejected for good
        "unknown": "bigint",  # people of whom nobody knows whether they are there
        "accepted": "bigint",  # of those sent: accepted
        "rejected": "bigint",  # of those sent: rejected
        "unanswered": "bigint",  # of those sent: the outcome is unknown
        "skipped": "bigint",  # of those planned: left out when it was sent
        "calls": "bigint",  # calls made: also to look, to look up, to try again, and to ask for a job
        "seconds": "double",  # from the first batch to the last
        "numbers": "text",  # what the guards compared, as JSON
        "approved_by": "text",  # who approved it; null of all others
    }
)
"""One row per plan that was sent, or that waits for a person; kept for ever."""

BATCHES: Mapping[str, str] = MappingProxyType(
    {
        "activation": "text",  # the activation's name
        "send_id": "text",  # the plan
        "batch": "bigint",  # 1, 2, ... in the order announced
        "verb": "text",  # add, remove, upsert
        "first_position": "bigint",  # the first row of the plan that it holds
        "last_position": "bigint",  # the last one
        "announced_at": "timestamp",  # before it was sent
    }
)
"""One row per batch, written before it is sent: a batch without rows in `ledger` may or may not have arrived."""

OUTGOING: Mapping[str, str] = MappingProxyType(
    {
        "activation": "text",  # the activation's name
        "send_id": "text",  # the plan
        "position": "bigint",  # 1, 2, ... adds first, removes last
        "verb": "text",  # add, remove, upsert; keep where all people are written anew
        "key": "text",  # the model's key as text
        "key_2": "text",  # its second column; null where it has one
        "key_3": "text",  # its third column; null where it has fewer
        "identifiers": "text",  # as they are sent, as a JSON object
        "attributes": "text",  # as they are sent, as a JSON object; null where none are
        "attempt": "bigint",  # 1, or more after a rejection
    }
)
"""Personal data: what is to be sent, row by row, deleted once all of it was answered."""

LEDGER: Mapping[str, str] = MappingProxyType(
    {
        "activation": "text",  # the activation's name
        "send_id": "text",  # the plan
        "batch": "bigint",  # the batch; null of those never sent, and of what was found out later
        "position": "bigint",  # the row of the plan
        "verb": "text",  # add, remove, upsert
        "key": "text",  # the model's key as text
        "key_2": "text",  # its second column; null where it has one
        "key_3": "text",  # its third column; null where it has fewer
        "outcome": "text",  # accepted, rejected, unknown, skipped
        "reason": "text",  # why it was rejected or skipped, or how an unknown outcome was found out
        "permanent": "bigint",  # 1 where trying again is useless
        "attempt": "bigint",  # 1, or more after a rejection
        "sent_at": "timestamp",  # when the batch was announced
        "decided_at": "timestamp",  # when the outcome was known
        "environment": "text",  # development, production, ...
        "destination": "text",  # connection and ids of the list, as JSON with sorted keys
        "snapshot_id": "text",  # the snapshot that was sent
        "run_id": "text",  # the run that sent it
    }
)
"""One row per member and send, only ever appended; an unknown outcome that is found out later is a further row."""

RECIPIENTS: Mapping[str, str] = MappingProxyType(
    {
        "activation": "text",  # the activation's name
        "destination": "text",  # connection and ids of the list, as JSON with sorted keys
        "key": "text",  # the model's key as text
        "key_2": "text",  # its second column; null where it has one
        "key_3": "text",  # its third column; null where it has fewer
        "identifiers": "text",  # as they were sent, as a JSON object
        "former": "bigint",  # 1 where the person is reached under others by now, and these are to be removed
        "digest": "text",  # md5 of the attributes as they were last sent; null where none were
        "present": "text",  # yes, no, unknown: whether the person is there by our doing
        "verb": "text",  # what was last sent: add, remove, upsert
        "outcome": "text",  # what became of it: accepted, rejected, unknown, skipped
        "reason": "text",  # why it was rejected or skipped
        "permanent": "bigint",  # 1 where trying again is useless
        "attempts": "bigint",  # how often in a row it was rejected
        "retry_at": "timestamp",  # from when it is tried again; null where nothing was rejected
        "decided_at": "timestamp",  # when the outcome was known
        "send_id": "text",  # the plan that it was sent by
    }
)
"""Personal data: one row per activation and person as the ledger leaves them; without it nobody could be removed."""

META: Mapping[str, str] = MappingProxyType(
    {
        "name": "text",  # contract_version, contract_columns; salt of digests; pause:NAME of a segment
        "value": "text",  # its value, as text
    }
)
"""Facts about the tables themselves."""

MEMBERSHIPS: Mapping[str, str] = MappingProxyType(
    {
        "segment": "text",  # the segment's name
        "generation": "bigint",  # that of the key
        "key": "text",  # the model's key as text
        "key_2": "text",  # its second column; null where it has one
        "key_3": "text",  # its third column; null where it has fewer
        "since": "timestamp",  # the instant from which the person was a member
        "until": "timestamp",  # the instant from which not any more; null while the person is a member
        "cause": "text",  # of the event that began it
        "left_cause": "text",  # of the event that ended it; null while it lasts, and where a new generation ended it
    }
)
"""A view: one row per person and stay, from the events of published snapshots; whoever left and came back has two."""

TABLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "members": MEMBERS,
        "keys": KEYS,
        "unmapped": UNMAPPED,
        "changes": CHANGES,
        "snapshots": SNAPSHOTS,
        "tombstones": TOMBSTONES,
        "spellings": SPELLINGS,
        "definitions": DEFINITIONS,
        "decisions": DECISIONS,
        "sends": SENDS,
        "batches": BATCHES,
        "outgoing": OUTGOING,
        "ledger": LEDGER,
        "recipients": RECIPIENTS,
        "meta": META,
    }
)

VIEWS: Mapping[str, Mapping[str, str]] = MappingProxyType({"memberships": MEMBERSHIPS})

CONTRACT_COLUMNS = sha256(
    json.dumps(
        [CONTRACT_VERSION, *({name: dict(columns) for name, columns in all_.items()} for all_ in (TABLES, VIEWS))]
    ).encode()
).hexdigest()[:16]
"""Kept in `meta`: whether the tables have every column that this release writes is one comparison."""

REASONS = ("unknown", "ambiguous", "invalid", "duplicate")
"""Why a fetched member is not mapped; with `mapped` their counts add up to `fetched`."""

OUTCOMES = ("mapped", *REASONS)
"""What becomes of a fetched member: always exactly one of these."""

RESERVED_NAMES = frozenset({*TABLES, *VIEWS, "segments", "audiences"})
"""Names a segment cannot have: its own table would hide a shared one, now or in a later version."""

KEY_COLUMNS = ("key", "key_2", "key_3")
"""The key columns of `keys` and `changes`, in the order of the model's key."""
