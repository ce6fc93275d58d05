"""Rows of `outgoing` on their way, as columns: a million are sent, and few of them are looked at one by one."""

import json
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

from remote_segments.destinations.abilities import Verb
from remote_segments.destinations.batches import Batch
from remote_segments.membership.tables import KEY_COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("position", "verb", *KEY_COLUMNS, "identifiers", "attributes", "attempt")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_decode = json.JSONDecoder(strict=False).decode
"""Texts of the warehouse may hold any character, also those that JSON wants escaped."""


@dataclass(frozen=True)
class Rows:
    """Some rows of one verb, in the order of their positions; `keep` of those who stay where all are written anew."""

    table: "pa.Table"
    """With the columns `COLUMNS`."""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @cached_property
    def positions(self) -> list[int]:
        """Where they are in the send, from 1."""
        return cast("list[int]", self.table.column("position").to_pylist())

    @cached_property
    def identifiers(self) -> list[dict[str, str | None]]:
        """What each goes by."""
        return _objects(self.table.column("identifiers").to_pylist())

    @cached_property
    def attributes(self) -> list[dict[str, Any]]:
        """What is sent about each."""
        texts = self.table.column("attributes")
        return [] if texts.null_count == len(self) else _objects([one or "{}" for one in texts.to_pylist()])

    @property
    def verb(self) -> Verb:
        """What is done with them."""
        found = self.table.column("verb")[0].as_py()
        return cast("Verb", "add" if found == "keep" else found)

    def between(self, first: int, last: int) -> "Rows":
        """The rows at some positions, both ends included."""
        start = bisect_left(self.positions, first)
        return Rows(self.table.slice(start, bisect_right(self.positions, last) - start))

    def at(self, places: Sequence[int]) -> "Rows":
        """The rows at some places of these."""
        return self if len(places) == len(self) else Rows(self.table.take(list(places)))

    def parted(self, positions: Collection[int]) -> "tuple[Rows, Rows]":
        """The rows that are not at some positions, and those that are."""
        if not positions:
            return self, Rows(self.table.slice(0, 0))
        there = [place for place, position in enumerate(self.positions) if position in positions]
        gone = set(there)
        return self.at([place for place in range(len(self)) if place not in gone]), Rows(self.table.take(there))

    def first_of(self, names: Sequence[str]) -> list[str]:
        """The first of some identifiers that each has."""
        return [next((name for name in names if one.get(name) is not None), names[0]) for one in self.identifiers]

    def batch(self, names: Sequence[str], single: bool, number: int, key: str) -> Batch:
        """These as a batch; to a destination that takes one identifier, by the first that the first row has."""
        if single:
            names = [next((name for name in names if self.identifiers[0].get(name) is not None), names[0])]
        columns = list(dict.fromkeys(name for one in self.attributes for name in one))
        return Batch(
            self.verb,
            {name: [one.get(name) for one in self.identifiers] for name in names},
            {name: [one.get(name) for one in self.attributes] for name in columns},
            number,
            key,
        )


def _objects(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Many texts of JSON objects, read as one."""
    return cast("list[dict[str, Any]]", _decode(f"[{','.join(texts)}]"))


def texts(values: Sequence[str | None]) -> "pa.Array":
    """A column of texts, made without `pyarrow.array`, which loads pandas: 40 MB that nothing else here needs."""
    import pyarrow as pa

    encoded = [b"" if one is None else one.encode() for one in values]
    offsets = array("i", accumulate(map(len, encoded), initial=0))
    buffers = [_there(values), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


def numbers(values: Sequence[int]) -> "pa.Array":
    """A column of whole numbers."""
    import pyarrow as pa

    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(array("q", values))])


def instants(values: Sequence[datetime | None]) -> "pa.Array":
    """A column of instants."""
    import pyarrow as pa

    ticks = array("q", [0 if one is None else (one - EPOCH) // timedelta(microseconds=1) for one in values])
    buffers = [_there(values), pa.py_buffer(ticks)]
    return pa.Array.from_buffers(pa.timestamp("us", tz="UTC"), len(values), buffers)


def _there(values: Sequence[object]) -> "pa.Buffer | None":
    """Arrow's bits of what is not null, the first value's bit being the lowest of the first byte."""
    import pyarrow as pa

    if None not in values:
        return None
    bits = sum(1 << place for place, one in enumerate(values) if one is not None)
    return pa.py_buffer(bits.to_bytes((len(values) + 7) // 8, "little"))
