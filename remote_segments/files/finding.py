"""Which files a source's path means now: one, all of a folder, those of a pattern, those of the newest date."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from remote_segments.errors import PlatformError, TemporaryError
from remote_segments.files.failures import missing
from remote_segments.files.places import Entry, Place
from remote_segments.files.source import NEWEST, FileSource
from remote_segments.suggestions import near

DATED = "[0-9][0-9TZ_:.-]*"
"""What `{newest}` stands for: `2026-11-24`, `20261124T0300Z`, `000123`."""


@dataclass(frozen=True)
class Found:
    """The files that a path means."""

    files: tuple[Entry, ...]
    base: str
    """The folder beside whose files a marker, manifest or count is."""
    newest: str | None
    """What `{newest}` stands for now."""

    def beside(self, name: str) -> str:
        """Returns the path of a file that is named beside these."""
        return f"{self.base}/{name.replace(NEWEST, self.newest or NEWEST)}".lstrip("/")


def find(place: Place, source: FileSource) -> Found:
    """Lists what is needed to know the files.

    Raises:
        TemporaryError: `file-missing` for a file or folder that is not there, `files-unreachable`.
        PlatformError: `file-unexpected`, `file-ambiguous`.
        ProjectError: `key-refused`.
    """
    *folders, last = source.path.split("/")
    here, newest, base = [""], None, None
    for part in folders:
        if "*" in part and base is None:
            base = here[0]
        found = [one for folder in here for one in _matching(place, folder, part, folders=True)]
        if NEWEST in part:
            newest, found = _newest(place, part, found, source.path)
        if not found:
            raise missing(place.where(source.path), f"No folder fits `{part}`. ")
        here = [one.path for one in found]
    base = here[0] if base is None else base
    proofs = {source.completeness.file} if source.completeness.file else set()
    files = [one for folder in here for one in _files(place, source, folder, last)]
    if NEWEST in last:
        newest, files = _newest(place, last, files, source.path)
    about = Found((), base, newest)
    names = {about.beside(name) for name in proofs}
    return Found(tuple(sorted((one for one in files if one.path not in names), key=lambda one: one.path)), base, newest)


def _matching(place: Place, folder: str, part: str, *, folders: bool) -> list[Entry]:
    """What of a folder fits one part of a path; a part without a pattern is not looked for, only named."""
    if folders and "*" not in part and NEWEST not in part:
        return [Entry(f"{folder}/{part}".lstrip("/"), True, None, None, None)]
    shape = pattern(part)
    return [one for one in place.list(folder) if one.folder == folders and shape.fullmatch(one.name)]


def pattern(part: str) -> re.Pattern[str]:
    """Returns what names fit a part of a path; `*` fits no name that begins with `_` or `.`."""
    text = re.escape(part).replace(re.escape(NEWEST), f"({DATED})").replace(re.escape("*"), "[^/]*")
    return re.compile(f"(?![._]){text}" if part.startswith("*") else text)


def _newest(place: Place, part: str, found: list[Entry], path: str) -> tuple[str, list[Entry]]:
    """Keeps those of the greatest date or number; all must be written alike, else their order is not that of time."""
    shape = pattern(part)
    dates = {one.path: match[1] for one in found if (match := shape.fullmatch(one.name))}
    if not dates:
        raise missing(place.where(path), f"Nothing fits `{part}`. ")
    if len({re.sub("[0-9]", "0", date) for date in dates.values()}) > 1:
        text = f"What fits `{part}` is not written alike, so that nobody can say which is the newest."
        fix = "Name the files alike, as 2026-11-24 or 20261124, or write more of the name before `{newest}`."
        raise PlatformError("file-ambiguous", text, fix, place.where(path))
    newest = max(dates.values())
    return newest, [one for one in found if dates.get(one.path) == newest]


def _files(place: Place, source: FileSource, folder: str, last: str) -> Iterator[Entry]:
    if not last:
        yield from _whole_folder(place, source, folder)
    elif "*" in last or NEWEST in last:
        yield from _matching(place, folder, last, folders=False)
    else:
        path = f"{folder}/{last}".lstrip("/")
        try:
            entry = place.look(path)
        except TemporaryError as error:
            if error.code != "file-missing":
                raise
            if source.completeness.atomic is None:
                return  # the proof says whether it should be there
            raise missing(place.where(path), _guess(place, folder, last)) from None
        if entry.folder:
            text, fix = "This is a folder, not a file.", f"Write `{path}/` for all files in it."
            raise PlatformError("file-unexpected", text, fix, place.where(path))
        yield entry


def _guess(place: Place, folder: str, name: str) -> str:
    try:
        known = [one.name for one in place.list(folder)]
    except TemporaryError:
        return ""
    meant = near(name, known)
    return f"Did you mean `{meant}`? " if meant else ""


def _whole_folder(place: Place, source: FileSource, folder: str) -> Iterator[Entry]:
    """All files of a folder; what could be members and is not read is an error, not left aside."""
    proof = source.completeness.file
    for one in place.list(folder):
        if one.name.startswith(("_", ".")) or one.name == proof:
            continue
        where = place.where(one.path)
        if one.folder:
            text = "There is a folder in the folder, whose files would not be read."
            raise PlatformError("file-unexpected", text, "Write `*/` behind the path for the files of all.", where)
        if source.format_of(one.path) is None:
            text = "There is a file in the folder whose name says nothing about its format."
            fix = "Move it away, or name the wanted files by a pattern, as `*.csv`."
            raise PlatformError("file-unexpected", text, fix, where)
        yield one
