"""What one kind of destination can do and needs, known before anything is called: for validating and planning."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Literal

from remote_segments.identifiers.options import NO_OPTIONS, Options

Verb = Literal["add", "remove", "upsert"]
"""What is done with members: put into the list, taken out of it, or given attributes wherever they are."""

VERBS: tuple[Verb, ...] = ("add", "remove", "upsert")

Telling = Literal["item", "batch", "job"]
"""How a destination tells what became of members: one by one, all of a batch alike, or later, when a job is done."""


@dataclass(frozen=True)
class Accepted:
    """One identifier by which a destination knows people, and the form in which it goes out."""

    kind: str
    """Name in `identifiers.KINDS`; that of a hash (`email_sha256`) means that the hash goes out, never the address."""
    description: str = ""
    options: Options = NO_OPTIONS
    """How it is normalised before it is hashed, where the platform hashes another spelling than its kind compares."""
    without: str = ""
    """What is left out at the beginning of the normalised value before it is hashed or sent, such as a plus sign."""
    form: str | None = None
    """A regular expression that the whole value fits; others are rejected here, and never sent."""


@dataclass(frozen=True)
class VerbAbility:
    """How one verb is carried out."""

    batch_size: int
    """Members that one `send` takes at most."""
    per_call: int
    """Members that one call takes at most; less than `batch_size` where a send makes several calls."""
    idempotent: bool
    """Whether the same members may be sent twice without harm."""
    tells: Telling
    single: bool = False
    """Whether all members of a batch go by one and the same identifier."""
    attributes: bool = False
    """Whether columns of the model can go along."""
    lookups: Mapping[str, int] | None = None
    """For identifiers that are exchanged for the platform's own ids first: members that one such call takes."""
    poll_every: float | None = None
    """Seconds between two looks at a job."""
    deadline: float | None = None
    """Seconds after which the members of a job that is not done count as unknown."""

    def calls(self, members: int, *identifiers: str) -> int:
        """Returns the calls that so many members take at most, retries not counted.

        Args:
            members: how many are sent.
            identifiers: those by which they go, some of which may have to be looked up, batch by batch.
        """
        batches, rest = divmod(members, self.batch_size)
        asked = [each for name, each in (self.lookups or {}).items() if name in identifiers]
        looked_up = sum(batches * ceil(self.batch_size / each) + ceil(rest / each) for each in asked)
        return ceil(members / self.per_call) + looked_up


@dataclass(frozen=True)
class Abilities:
    """One kind of destination."""

    title: str
    ids: tuple[str, ...]
    """Keys that say which list it is."""
    identifiers: Mapping[str, Accepted]
    verbs: Mapping[Verb, VerbAbility]
    needs: tuple[frozenset[str], ...]
    """Sets of identifiers: a member needs all of one of these sets to be addressable."""
    creates_people: bool
    """Whether a person whom the platform does not know is created there."""
    concurrency: int = 1
    """Batches that may be sent at once."""
    readable: str | None = None
    """The kind of source by which the same ids can be read back, for reconciling and adopting."""
    creatable: bool = False
    create_needs: tuple[str, ...] = ()
    """Outer ids that creating a list needs, such as the account that it belongs to."""
    whole: bool = False
    """Whether each delivery is everybody at once, there at `finish` or not at all; then only `add` is asked for."""
    notes: str = ""

    def addressable(self, present: Collection[str]) -> bool:
        """Tells whether a member with these identifiers can be sent."""
        return any(needed <= set(present) for needed in self.needs)

    def lacking(self, identifiers: Collection[str]) -> Iterator[str]:
        """Yields the identifiers that the destination does not take."""
        yield from (name for name in identifiers if name not in self.identifiers)
