"""Why the files are all there and whole: read before the first member, held against what was read after the last."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from remote_segments.errors import PlatformError, TemporaryError
from remote_segments.files.failures import missing
from remote_segments.files.finding import Found, find
from remote_segments.files.places import Entry, Place
from remote_segments.files.source import CountFile, FileSource, ManifestFile


@dataclass(frozen=True)
class Expectation:
    """The files to be read, and what is known of them before."""

    files: tuple[Entry, ...]
    words: str
    """How it is known that they are complete."""
    unfinished: str | None = None
    """Why they are not complete yet; None when they are."""
    proof: Entry | None = None
    """The marker, manifest or count."""
    total: int | None = None
    """Rows of all files together, where that is told."""
    rows: Mapping[str, int] = field(default_factory=dict)
    """Rows of single files by path, where that is told."""
    newest: str | None = None

    @property
    def data_at(self) -> datetime | None:
        """The data's own time: when its proof was written, else when the oldest of the files was."""
        if self.proof is not None and self.proof.modified is not None:
            return self.proof.modified
        return min((one.modified for one in self.files if one.modified is not None), default=None)

    def check_file(self, file: Entry, rows: int, where: str) -> None:
        """Holds the rows of one file against what was told of it.

        Raises:
            PlatformError: `total-mismatch`.
        """
        if rows != self.rows.get(file.path, rows):
            raise mismatch(self.rows[file.path], rows, where)

    def check_all(self, rows: int, where: str) -> None:
        """Holds the rows of all files against what was told of them.

        Raises:
            PlatformError: `total-mismatch`.
        """
        if rows != (rows if self.total is None else self.total):
            raise mismatch(self.total or 0, rows, where)


def mismatch(told: int, rows: int, where: str) -> PlatformError:
    """Returns the error for another number of rows than was told."""
    found = f"{told:,} rows are announced, and {rows:,} were read."
    fix = "Nothing was stored. If it lasts, look at who writes the files; a header counts as no row."
    return PlatformError("total-mismatch", found, fix, where)


def expect(place: Place, source: FileSource) -> Expectation:
    """Lists the files of a source and reads what proves them.

    Raises:
        TemporaryError: `file-missing`, `files-unreachable`.
        PlatformError: `path-missing`, `wrong-type`, `file-unexpected`, `file-ambiguous`, `file-unreadable`.
        ProjectError: `key-refused`.
    """
    found = find(place, source)
    wanted = source.completeness
    if wanted.file is None:
        if len(found.files) > 1:
            text = f"{len(found.files)} files fit the path, and `completeness: atomic` is a statement about one."
            fix = "Write more of the path, or another proof under `completeness`."
            raise PlatformError("file-ambiguous", text, fix, place.where(source.path))
        return Expectation(found.files, "one file, which is put there whole as the segment's file states",
                           newest=found.newest)  # fmt: skip
    path = found.beside(wanted.file)
    try:
        proof = place.look(path)
    except TemporaryError as error:
        if error.code != "file-missing":
            raise
        return Expectation(found.files, "", f"`{path}` is not there", newest=found.newest)
    if wanted.manifest is not None:
        expected = _by_manifest(place, found, proof, wanted.manifest)
    elif wanted.count is not None:
        total = _count(place, proof, wanted.count)
        words = f"{_files(found.files)}; the count in {proof.name} agrees"
        expected = Expectation(found.files, words, proof=proof, total=total, newest=found.newest)
    else:
        words = f"{_files(found.files)}; {proof.name} was written after them"
        expected = Expectation(found.files, words, proof=proof, newest=found.newest)
    if not expected.files and expected.total != 0 and expected.unfinished is None:
        raise missing(place.where(source.path), f"`{proof.name}` is there, and no file that fits the path. ")
    return replace(expected, unfinished=expected.unfinished or _overtaken(expected.files, proof))


def _overtaken(files: tuple[Entry, ...], proof: Entry) -> str | None:
    """Why a proof says nothing about these files: one of them was written after it, as when they are written anew."""
    for file in files:
        if file.modified is not None and proof.modified is not None and file.modified > proof.modified:
            return f"{file.path} was written after `{proof.name}`, which is of an earlier delivery"
    return None


def _files(files: tuple[Entry, ...]) -> str:
    return "one file" if len(files) == 1 else f"{len(files):,} files"


def _count(place: Place, proof: Entry, count: CountFile) -> int:
    try:
        text = place.read(proof.path).decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    found = [text.strip()] if count.pattern is None else re.findall(count.pattern, text)
    if len(found) != 1 or not found[0].isdecimal() or not found[0].isascii():
        what = "is not one whole number" if count.pattern is None else f"has {len(found)} places that fit `pattern`"
        fix = (
            "Write under `completeness.count` a `pattern` whose group is the number, as {file: vip.ctl, pattern: ...}."
        )
        raise PlatformError("wrong-type", f"The file {what}.", fix, place.where(proof.path))
    return int(found[0])


def _by_manifest(place: Place, found: Found, proof: Entry, manifest: ManifestFile) -> Expectation:
    where = place.where(proof.path)
    try:
        document = json.loads(place.read(proof.path))
    except ValueError:
        return Expectation(found.files, "", f"`{proof.name}` is not whole JSON", proof)
    listed: list[Entry] = []
    rows: dict[str, int] = {}
    total = 0
    for position, entry in enumerate(_entries(document, manifest, where)):
        name = _at(entry, manifest.name, f"{manifest.entries}.{position}", where)
        file = _same(str(name), found.files)
        if file is None:
            return Expectation(found.files, "", f"`{proof.name}` lists a file that is not there, at {position}", proof)
        if file in listed:
            text = f"The manifest lists {file.path} twice."
            raise PlatformError("file-ambiguous", text, "Look at who writes it.", where)
        listed.append(file)
        if manifest.bytes is not None and file.size is not None:
            size = _whole(_at(entry, manifest.bytes, f"{manifest.entries}.{position}", where), manifest.bytes, where)
            if size != file.size:
                reason = f"{file.path} has {file.size:,} bytes, and `{proof.name}` says {size:,}"
                return Expectation(found.files, "", reason, proof)
        if manifest.rows is not None:
            count = _whole(_at(entry, manifest.rows, f"{manifest.entries}.{position}", where), manifest.rows, where)
            rows[file.path], total = count, total + count
    words = f"{_files(tuple(listed))}; lengths agree with {proof.name}"
    return Expectation(
        tuple(listed), words, None, proof, total if manifest.rows or not listed else None, rows, found.newest
    )


def _entries(document: Any, manifest: ManifestFile, where: str) -> list[Any]:
    entries = _at(document, manifest.entries, "", where)
    if not isinstance(entries, list):
        raise PlatformError("wrong-type", f"`{manifest.entries}` is no list.", _PATHS, where)
    return entries


_PATHS = "Write under `completeness.manifest` where things are: entries, name, rows, bytes."


def _at(value: Any, path: str, above: str, where: str) -> Any:
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            found = f"There is no `{path}`{f' in {above}' if above else ''}."
            raise PlatformError("path-missing", found, _PATHS, where)
        value = value[name]
    return value


def _whole(value: Any, path: str, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise PlatformError("wrong-type", f"`{path}` is no whole number.", _PATHS, where)


def _same(name: str, files: tuple[Entry, ...]) -> Entry | None:
    """The file that a manifest means by a name, an address or a path: the only one of the same end."""
    fitting = [file for file in files if _ends_alike(name, file.path)]
    return fitting[0] if len(fitting) == 1 else None


def _ends_alike(one: str, other: str) -> bool:
    return f"/{one}".endswith(f"/{other}") or f"/{other}".endswith(f"/{one}")
