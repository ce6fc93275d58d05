"""What mapping and publishing hand back: the snapshot's row as it then stands, and what was done."""

from dataclasses import dataclass, fields
from typing import Any, Self

from remote_segments.sync.snapshots import Snapshot


@dataclass(frozen=True, kw_only=True)
class Mapped(Snapshot):
    """A mapped snapshot; `action` is `map` (a fetch), `remap` (the same ids, today's model) or `rebuild`."""

    action: str

    @classmethod
    def of(cls, snapshot: Snapshot, action: str) -> Self:
        """The result of an action on a snapshot."""
        return cls(**_columns(snapshot), action=action)


@dataclass(frozen=True, kw_only=True)
class Published(Snapshot):
    """A published snapshot; `replaced` says whether `<segment>` shows it, with `rows` rows."""

    replaced: bool
    rows: int

    @classmethod
    def of(cls, snapshot: Snapshot, replaced: bool, rows: int) -> Self:
        """The result of a publication."""
        return cls(**_columns(snapshot), replaced=replaced, rows=rows)

    @property
    def joined(self) -> int:
        """People who joined since the previous snapshot by their own doing."""
        return self.joined_count or 0

    @property
    def left(self) -> int:
        """People who left since the previous snapshot by their own doing."""
        return self.left_count or 0


def _columns(snapshot: Snapshot) -> dict[str, Any]:
    return {column.name: getattr(snapshot, column.name) for column in fields(Snapshot)}
