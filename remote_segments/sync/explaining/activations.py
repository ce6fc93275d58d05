"""Where a person was sent, what became of it, and whether they are there by our doing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from remote_segments.config.activation import Activation
from remote_segments.membership.literals import literal
from remote_segments.sync.explaining.told import Entry, Found, Section
from remote_segments.sync.person import Key, same_key


def section(found: Found) -> Section:
    """One entry per activation whose people have a key of a model of which the person has a row."""
    return Section("activations", tuple(_entries(found)))


def _entries(found: Found) -> Iterator[Entry]:
    if found.session.relation("recipients", found.session.schema) is None:
        return
    for name, activation in sorted(found.project.activations.items()):
        model = found.project.named(activation.source).model
        keys = [key for key in sorted(found.person.keys) if model in found.lineage.names(key.model)]
        if keys:
            yield _entry(found, name, activation, keys[0])


def _entry(found: Found, name: str, activation: Activation, key: Key) -> Entry:
    own = f"{same_key(key.values, 'r')} AND r.activation = {literal(name)}"
    columns = "present, verb, outcome, reason, decided_at, retry_at"
    rows = found.session.rows(
        f"SELECT {columns} FROM {found.table('recipients')} r WHERE {own} AND r.former IS NULL ORDER BY decided_at DESC"
    )
    sends = found.session.rows(
        f"SELECT decided_at, verb, outcome, reason FROM {found.table('ledger')} r WHERE {own} ORDER BY decided_at"
    )
    history = tuple(f"{_clock(at)}: {_told(verb, outcome, reason)}" for at, verb, outcome, reason in sends)
    where = activation.destination.connection
    if not rows:
        last = "was never sent" if not sends else "was removed"
        return Entry(name, False, "not-there", f"{last} (to {where})", {}, history)
    present, verb, outcome, reason, decided_at, retry_at = rows[0]
    facts: dict[str, Any] = {
        "verb": verb,
        "outcome": outcome,
        "reason": reason,
        "decided_at": decided_at.isoformat(),
        "retry_at": retry_at.isoformat() if retry_at else None,
    }
    words = {"yes": "is there by our doing", "unknown": "may or may not be there", "no": "is not there"}[present]
    sentence = f"{words} ({where}); {_clock(decided_at)}: {_told(verb, outcome, reason)}"
    if retry_at is not None and present == "no":
        sentence += f", tried again from {_clock(retry_at)}"
    state = {"yes": "there", "unknown": "unknown", "no": "not-there"}[present]
    return Entry(name, present == "yes", state, sentence, facts, history)


def _told(verb: str, outcome: str, reason: str | None) -> str:
    return f"{verb} {outcome}" + (f" ({reason})" if reason else "")


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
