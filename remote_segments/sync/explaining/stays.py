"""When a person was a member, of everything that keeps a history: one look at the events of their keys."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from remote_segments.membership.literals import quoted
from remote_segments.membership.tables import KEY_COLUMNS
from remote_segments.sync.explaining.told import Found
from remote_segments.sync.person import key_condition, same_key


@dataclass(frozen=True)
class Stay:
    """A time during which the person was a member of something."""

    since: datetime
    until: datetime | None
    cause: str
    left_cause: str | None
    matched: str | None
    """By what they were found when it began; None once the ids of then are forgotten."""

    def told(self) -> str:
        """The stay in a line."""
        by = f" by {self.matched}" if self.matched else ""
        began = f"{_shown(self.since)} {'was there' if self.cause == 'baseline' else 'joined'} ({self.cause}{by})"
        if self.until is None:
            return began
        return f"{began}, {_shown(self.until)} left{f' ({self.left_cause})' if self.left_cause else ''}"

    def began(self) -> str:
        """Since when, in words: of a baseline nobody knows."""
        if self.cause == "baseline":
            return f"since before {_shown(self.since)}"
        return f"since {_shown(self.since)}{'' if self.cause == 'remote' else f' ({self.cause})'}"

    def as_json(self) -> dict[str, Any]:
        """The published form, kept stable for scripts."""
        return {
            "since": self.since.astimezone(UTC).isoformat(),
            "until": self.until.astimezone(UTC).isoformat() if self.until else None,
            "cause": self.cause,
            "left_cause": self.left_cause,
            "matched": self.matched,
        }


def _shown(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def stays_of(found: Found) -> dict[str, list[Stay]]:
    """The person's stays by segment, oldest first; the view is asked for one key at a time, which engines can use."""
    known: dict[str, list[Stay]] = {}
    same = " AND ".join(
        f"(k.{quoted(name)} = c.{quoted(name)} OR (k.{quoted(name)} IS NULL AND c.{quoted(name)} IS NULL))"
        for name in KEY_COLUMNS
    )
    for key in sorted(found.person.keys):
        rows = found.session.rows(
            f"SELECT c.segment, c.since, c.until, c.cause, c.left_cause, k.matched FROM {found.table('memberships')} c "
            f"JOIN {found.table('snapshots')} s ON s.segment = c.segment AND s.state = 'published' "
            "AND s.effective_at = c.since "
            f"LEFT JOIN {found.table('keys')} k ON k.segment = c.segment AND k.snapshot_id = s.snapshot_id AND {same} "
            f"WHERE {same_key(key.values, 'c')} AND {key_condition(found.lineage, [key], 'c')} ORDER BY c.since"
        )
        for segment, *stay in rows:
            known.setdefault(segment, []).append(Stay(*stay))
    return known
