"""Fetched pages on their way to the warehouse: a Parquet file, written page by page while nothing is locked.

A spool is called `<snapshot id>.parquet.partial` until the fetch is proven complete. Then the file is forced to disk
and renamed, and its proof is written beside it as JSON: a spool without a proof is worth nothing, and is removed.
Files are readable by their owner only, and none is kept longer than `KEPT`. Whoever works on a segment's spools holds
the segment's lock.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from remote_segments.errors import TemporaryError
from remote_segments.sync.snapshots import Snapshot

KEPT = timedelta(hours=24)
"""How long a proven spool waits for its warehouse; older ids are not worth loading, and are personal data."""

ROWS_PER_GROUP = 20_000
"""Members held in memory before they are written; DuckDB reads groups of this size on all cores."""

COMPRESSION = "zstd"
"""Measured on 1,000,000 members, id and address: none 0.41 s, 79 MB; lz4 0.44 s, 44 MB; zstd 0.46 s, 19 MB."""

FORMAT = 3
"""Of the proof: a spool of another release is not loaded."""

INSTANTS = ("fetched_at", "data_at", "effective_at", "remote_updated_at")


@dataclass(frozen=True)
class ProvenSpool:
    """A complete fetch on disk: the Parquet file and the row of `snapshots` that it deserves."""

    path: Path
    snapshot: Snapshot
    primary: str | None = None
    """The identifier by which members are told apart."""
    fewest: int | None = None
    """How many different members there must be for the platform's count to agree; None where it proves nothing."""
    adopted: bool = False
    """Whether another try than the one that wrote it loads it: then it waited, and may be overtaken."""

    @property
    def identifiers(self) -> list[str]:
        """The names of the identifiers in the file."""
        import pyarrow.parquet as pq

        return [name for name in pq.read_schema(self.path).names if name not in ("member_no", "remote_joined_at")]

    def remove(self) -> None:
        """Deletes the file and its proof; first the proof, so that no proof is ever without its file."""
        _proof_path(self.path).unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


class SpoolWriter:
    """Appends pages to a spool in constant memory: at most `ROWS_PER_GROUP` members and one page are held."""

    def __init__(self, path: Path, identifiers: Sequence[str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        self.members = 0  # handed over so far, whether written or held
        self._identifiers = list(identifiers)
        instant = pa.timestamp("us", tz="UTC")
        texts = [(name, pa.string()) for name in identifiers]
        self._page_schema = pa.schema([("remote_joined_at", instant), *texts])
        self._schema = pa.schema([("member_no", pa.int64()), *self._page_schema])
        self._pages: list[Any] = []  # record batches
        self._held = 0
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._writer = pq.ParquetWriter(
            path, self._schema, compression=COMPRESSION, use_dictionary=False, write_statistics=False
        )

    def add(self, columns: Mapping[str, list[str | None]], joined_at: list[Any] | None, length: int) -> None:
        """Appends a page.

        Args:
            columns: one list of texts per identifier, all as long as the page.
            joined_at: aware datetimes or None, as long as the page; None where the platform does not say.
            length: members of the page.
        """
        import pyarrow as pa

        instants = self._page_schema.field(0).type
        arrays = [pa.nulls(length, instants) if joined_at is None else pa.array(joined_at, instants)]
        arrays += [pa.array(columns[name], pa.string()) for name in self._identifiers]
        self._pages.append(pa.record_batch(arrays, schema=self._page_schema))
        self._held += length
        self.members += length
        if self._held >= ROWS_PER_GROUP:
            self._flush()

    def prove(self, snapshot: Snapshot, primary: str | None = None, fewest: int | None = None) -> ProvenSpool:
        """Makes the spool count: whole on disk, under its final name, with its proof beside it.

        Args:
            snapshot: the row of `snapshots` that the fetch deserves, with how it was proven complete.
            primary: the identifier by which members are told apart.
            fewest: how many different members there must be, as far as the platform's count proves it.
        """
        import pyarrow as pa

        self._flush()
        self._writer.close()
        pa.default_memory_pool().release_unused()  # the load that follows needs the room: 20 MB
        _sync(self.path)
        path = self.path.with_suffix("")
        spool = ProvenSpool(path, snapshot, primary, fewest)
        self.path.rename(path)
        self.path = path
        proof = {name: value for name, value in asdict(spool.snapshot).items() if value is not None}
        proof |= {name: proof[name].isoformat() for name in INSTANTS if name in proof}
        facts = {"format": FORMAT, "bytes": path.stat().st_size, "primary": primary, "fewest": fewest}
        text = json.dumps({**facts, "snapshot": proof}, sort_keys=True)
        _write_safely(_proof_path(path), text)
        return spool

    def abandon(self) -> None:
        """Closes and deletes the file."""
        self._pages.clear()
        with suppress(OSError):  # the disk is full: the file goes anyway
            self._writer.close()
        self.path.unlink(missing_ok=True)

    def _flush(self) -> None:
        import numpy as np
        import pyarrow as pa

        if not self._pages:
            return
        numbers = pa.array(np.arange(self.members - self._held + 1, self.members + 1, dtype=np.int64))
        table = pa.Table.from_batches(self._pages).add_column(0, self._schema.field(0), numbers)
        self._writer.write_table(table, row_group_size=max(ROWS_PER_GROUP, self._held))
        self._held = 0
        self._pages.clear()


class Spools:
    """The spools of one segment."""

    def __init__(self, state: Path, segment: str) -> None:
        self._state = state
        self._folder = state / "spool" / segment

    @contextmanager
    def write(self, snapshot_id: str, identifiers: Sequence[str]) -> Iterator["SpoolWriter"]:
        """Gives a new spool to write to; on any error it is deleted.

        Raises:
            TemporaryError: `spool-unwritable`, as when the disk is full.
        """
        path, writer = self._folder / f"{snapshot_id}.parquet.partial", None
        try:
            for folder in (self._state, self._folder.parent, self._folder):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            writer = SpoolWriter(path, identifiers)
            yield writer
        except BaseException as error:
            if writer is not None:
                writer.abandon()
            elif self._folder.is_dir():
                path.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise self._unwritable(error) from error
            raise

    def kept(self, now: datetime) -> list[ProvenSpool]:
        """Returns the proven spools that are young enough, newest first; deletes everything else in the folder."""
        found = []
        for path in sorted(self._folder.glob("*.parquet")) if self._folder.is_dir() else []:
            spool = _read_proof(path)
            fetched_at = spool.snapshot.fetched_at if spool else None
            if spool and fetched_at and timedelta(0) <= now - fetched_at < KEPT:
                found.append(spool)
        wanted = {name for spool in found for name in (spool.path, _proof_path(spool.path))}
        for path in self._folder.iterdir() if self._folder.is_dir() else []:
            if path not in wanted:
                path.unlink(missing_ok=True)
        return found[::-1]

    def forget(self) -> int:
        """Deletes everything in the folder; returns how many fetches that was."""
        gone = 0
        for path in self._folder.iterdir() if self._folder.is_dir() else []:
            gone += path.suffix != ".json"
            path.unlink(missing_ok=True)
        return gone

    def _unwritable(self, error: OSError) -> TemporaryError:
        return TemporaryError(
            "spool-unwritable",
            f"The spool folder {self._folder} cannot be written: {error.strerror or type(error).__name__}.",
            "Free space on that disk, or let this user write there; then refresh again.",
        )


def sweep(state: Path) -> None:
    """Deletes what is too old in the spool folders of all segments, also of those that nobody refreshes any more.

    A file that was written to within `KEPT` may belong to a fetch under way, and stays.
    """
    oldest = time.time() - KEPT.total_seconds()
    for path in (state / "spool").glob("*/*"):
        with suppress(FileNotFoundError):  # its own segment's refresh was quicker
            if path.stat().st_mtime < oldest:
                path.unlink()


def adopted(spool: ProvenSpool, run_id: str | None) -> ProvenSpool:
    """Returns a kept spool as the result of the run that loads it."""
    return replace(spool, snapshot=replace(spool.snapshot, run_id=run_id), adopted=True)


def _proof_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _write_safely(path: Path, text: str) -> None:
    """Writes a file that is there whole or not at all, for its owner only."""
    partial = path.with_name(path.name + ".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    """Waits until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_proof(path: Path) -> ProvenSpool | None:
    """Returns a spool with its proof; None when the proof is missing, unreadable, or about another file."""
    try:
        proof = json.loads(_proof_path(path).read_text())
        if proof["format"] != FORMAT or proof["bytes"] != path.stat().st_size:
            return None
        values = proof["snapshot"]
        values |= {name: datetime.fromisoformat(values[name]) for name in INSTANTS if name in values}
        return ProvenSpool(path, Snapshot(**values), proof["primary"], proof["fewest"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
