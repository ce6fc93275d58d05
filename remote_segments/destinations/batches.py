"""What is sent in one go, and what came of it: values as they go out, and one outcome per member in the same order."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from remote_segments.destinations.abilities import Verb
from remote_segments.errors import RemoteSegmentsError

Outcome = Literal["accepted", "rejected", "unknown", "unsent"]
"""Unknown: it may have arrived; unsent: it certainly did not, because something before it stopped the sending."""

UNKNOWN_PERSON = "unknown-person"
"""Reason of a rejection: the platform does not know this person, and does not create people."""

MISSHAPEN = "identifier-misshapen"
"""Reason of a rejection: the identifier is not written as the platform takes it."""

OTHER_REASON = "other"
"""Reason of a rejection that the platform gives no code for, or none that may be kept."""

NOT_ADDRESSABLE = "not-addressable"
"""Reason of a rejection: the member has none of the identifiers that the destination takes."""


@dataclass(frozen=True)
class Batch:
    """Members for one call or a few; all columns have the same length and order."""

    verb: Verb
    identifiers: Mapping[str, Sequence[str | None]]
    """Normalised and, where the destination takes hashes, hashed: exactly what goes out."""
    attributes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """The platform's name of each attribute: values as JSON has them."""
    number: int = 0
    key: str = ""
    """The same for the same batch, however often it is sent: for platforms that recognise a repeated call by it."""

    def __len__(self) -> int:
        return len(next(iter(self.identifiers.values()), ()))

    def __repr__(self) -> str:
        """Says no identifier: this may end in a traceback."""
        return f"Batch({self.verb}, number={self.number}, members={len(self)}, by={', '.join(self.identifiers)})"

    def row(self, place: int) -> dict[str, str]:
        """Returns the identifiers that one member has."""
        return {name: value for name, column in self.identifiers.items() if (value := column[place])}

    def attributes_of(self, place: int) -> dict[str, Any]:
        """Returns the attributes of one member, null included: an attribute may be emptied."""
        return {name: column[place] for name, column in self.attributes.items()}

    def part(self, start: int, stop: int) -> "Batch":
        """Returns the members from one place up to another, for a batch that is halved."""
        return replace(
            self,
            identifiers={name: column[start:stop] for name, column in self.identifiers.items()},
            attributes={name: column[start:stop] for name, column in self.attributes.items()},
            key=f"{self.key}-{start}-{stop}" if self.key else "",
        )

    def halves(self) -> Iterator["Batch"]:
        """Yields the two halves of a batch that was refused as a whole."""
        middle = (len(self) + 1) // 2
        yield self.part(0, middle)
        yield self.part(middle, len(self))


@dataclass(frozen=True)
class Answer:
    """What became of the members of a batch: lists of its length, in its order."""

    outcomes: list[Outcome]
    reasons: list[str | None]
    """Of what was rejected: a stable word of ours or the platform's own code; never an identifier."""
    permanent: list[bool]
    """Whether the same member would be rejected again whenever it is sent."""
    job: str | None = None
    """Of a job that decides later: `unknown` members are asked for by `settle`; the others are decided already."""
    stopped: RemoteSegmentsError | None = field(default=None, compare=False)
    """Why members are `unsent`, where something stopped the sending in the middle."""

    @classmethod
    def alike(cls, length: int, outcome: Outcome, reason: str | None = None, job: str | None = None) -> "Answer":
        """Returns the same outcome for everybody."""
        return cls([outcome] * length, [reason] * length, [False] * length, job)

    def counts(self) -> Mapping[Outcome, int]:
        """Returns how many members came to each outcome."""
        return Counter(self.outcomes)
