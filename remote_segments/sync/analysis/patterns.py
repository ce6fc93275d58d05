"""In which segments people are, read once: overlaps, intersections and pressure are sums over it.

The engine groups keys; what arrives here is one row per combination of segments that some person is in, as bits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from remote_segments.config.project import Project
from remote_segments.membership.analysis.current import WORD
from remote_segments.membership.analysis.patterns import patterns, words
from remote_segments.sync.analysis.shown import Shown, Space, scope_for
from remote_segments.warehouses.base import Session

if TYPE_CHECKING:
    import numpy as np

AT_ONCE = 1 << 16
"""Combinations that are looked at together: their bits take 4 MB for each 60 segments."""


@dataclass(frozen=True)
class Combinations:
    """The combinations of segments that people of one space are in."""

    space: Space
    names: Sequence[str]
    words: "np.ndarray[Any, Any]" = field(repr=False)
    """One row per combination, 60 segments per column, as bits."""
    people: "np.ndarray[Any, Any]" = field(repr=False)
    """How many people are in exactly that combination."""

    def bits(self) -> "Iterator[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]":
        """Parts of the combinations as ones and zeros, one column per segment, with their people."""
        import numpy as np

        for start in range(0, len(self.people), AT_ONCE):
            part = self.words[start : start + AT_ONCE]
            octets = np.ascontiguousarray(part, dtype="<i8").view(np.uint8).reshape(len(part), -1, 8)
            found = np.unpackbits(octets, axis=2, bitorder="little")[:, :, :WORD]
            yield found.reshape(len(part), -1)[:, : len(self.names)], self.people[start : start + AT_ONCE]

    def pairs(self) -> "np.ndarray[Any, Any]":
        """How many people are in both of two segments, for all pairs at once; the sizes on the diagonal.

        A segment is a row of packed bits, one per combination, and a pair is the ones of two rows' AND: most
        combinations of many segments are those of one person. Those of more are counted by the bits of their number.
        """
        import numpy as np

        total = np.zeros((len(self.names), len(self.names)), dtype=np.int64)
        for bits, people in self.bits():
            for power in range(int(people.max()).bit_length()):
                chosen = bits[(people >> power) & 1 == 1]
                if len(chosen):
                    total += common(chosen) << power
        return total

    def by_number(self) -> list[int]:
        """How many people are in exactly one, two, ... of the segments."""
        import numpy as np

        total = np.zeros(len(self.names) + 1, dtype=np.int64)
        for bits, people in self.bits():
            np.add.at(total, bits.sum(axis=1).astype(np.int64), people)
        return [int(one) for one in total[1:]]

    def members(self, place: int) -> tuple[str, ...]:
        """The segments of a combination."""
        found = [int(word) >> bit & 1 for word in self.words[place] for bit in range(WORD)]
        return tuple(name for name, bit in zip(self.names, found, strict=False) if bit)


def common(bits: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """In how many rows of ones and zeros two columns are both one, for all pairs of columns."""
    import numpy as np

    packed = np.packbits(np.ascontiguousarray(bits.T), axis=1)
    rows = np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8))).view(np.uint64)
    total = np.zeros((len(rows), len(rows)), dtype=np.int64)
    for place, row in enumerate(rows):
        total[place, place:] = np.bitwise_count(rows[place:] & row).sum(axis=1)
    return total + np.triu(total, 1).T


def combinations(session: Session, project: Project, shown: Shown) -> list[Combinations]:
    """Reads the combinations of all segments, for each space of keys by one statement."""
    import numpy as np

    found = []
    for space, snapshots in shown.peoples(project).items():
        scope = scope_for(session, snapshots)
        table = session.arrow(scope.sql(patterns(scope, len(snapshots), space[1].count(",") + 1)))
        columns = [table.column(name).to_numpy() for name in words(len(snapshots))]
        people = table.column("people").to_numpy().astype(np.int64)
        stacked = np.stack(columns, axis=1).astype(np.int64)
        found.append(Combinations(space, [one.segment for one in snapshots], stacked, people))
    return found
