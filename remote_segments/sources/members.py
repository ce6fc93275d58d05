"""What a source tells about a membership and gives of it: its description, its pages, and why they are all."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

State = Literal["ready", "computing", "inactive", "archived"]
"""Computing: the membership is not complete yet; inactive: the platform no longer updates it; archived: put away."""


@dataclass(frozen=True)
class Description:
    """A segment as its source describes it now."""

    name: str
    size: int | None = None
    state: State = "ready"
    updated_at: datetime | None = None
    warning: str | None = None  # why the state is not ready
    rule_hash: str | None = None  # of what decides who is a member, where the platform tells it


@dataclass(frozen=True)
class Listed:
    """One segment of an account: the ids that a segment file names, its name; size and state where it is told."""

    ids: dict[str, str] = field(default_factory=dict)
    name: str = ""
    size: int | None = None
    state: State | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Members of one page as columns of equal length, in the order of the answer."""

    columns: dict[str, list[str | None]]
    joined_at: list[datetime | None] | None
    length: int


@dataclass(frozen=True)
class Proof:
    """Why a fetch counts as complete, and what it took; exists only when the last page was seen."""

    completeness: str  # in words
    declared_total: int | None
    pages: int
    members: int
    doubt: int = 0  # by how many members the platform's count moved or differed meanwhile
    repeated: int = 0  # members that came twice on one page or on two in a row: they moved while pages were read
    left_out: int = 0  # who came on the pages and is no member, by the value that the manifest says decides it
    missing: int = 0  # members whose identifiers were looked up, and whom the platform does not know any more
    fewest: int | None = None
    """How many different members there must be for the source's own count to agree; None where it proves nothing."""
    data_at: datetime | None = None
    """The data's own time, where the source tells one: of files, when they were written. None: as of the fetch."""
    calls: int = 0
    seconds: float = 0.0
