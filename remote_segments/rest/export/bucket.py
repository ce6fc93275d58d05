"""An export that lands in a bucket of the user's own, found there by the name that the job's answer gives."""

from collections.abc import Generator, Mapping
from typing import Any

from pydantic import Field

from remote_segments.rest.buckets import Shelf, Shelved
from remote_segments.rest.export.job import Done, not_ready
from remote_segments.rest.messages import Pause
from remote_segments.rest.paths import Path, take, wrong_type
from remote_segments.rest.placeholders import Template, fill
from remote_segments.settings import Settings


class InBucket(Settings):
    """Where an export lands when its connection names a bucket: in a folder named by the answer, below dated ones.

    Nothing tells when the last file is there. The folder must stay as it is for a while, and then counts as whole.
    """

    option: str = Field(description="Option of the connection with the name of the bucket's connection.")
    at: Path = Field(description="Path of the folder's name in the answer.", examples=["object_prefix"])
    below: Template = Field(
        description="Folder of the bucket with one folder for each day.", examples=["segment-export/{segment_id}"]
    )
    every: float = Field(30.0, gt=0, description="Seconds between two looks.")
    quiet: float = Field(300.0, gt=0, description="Seconds for which nothing may change before it counts as whole.")
    deadline: float = Field(7200.0, gt=0, description="Seconds after which it is given up.")

    def files(
        self, done: Done, values: Mapping[str, str], where: str
    ) -> Generator[Shelf | Pause, Any, tuple[Shelved, ...]]:
        """Yields looks and waits until the files are there and have not changed for a while; returns them.

        Raises:
            TemporaryError: `export-not-ready`, and what the bucket raises.
            PlatformError: `path-missing`, `wrong-type`.
        """
        named = take(done.document, self.at, where)
        if not isinstance(named, str) or not named.strip("/ "):
            raise wrong_type(self.at, "no name of a folder", where)
        folder, below = named.rstrip("/").rsplit("/", 1)[-1], fill(self.below, values)
        now: float = yield Pause()
        end = now + self.deadline
        seen: tuple[Shelved, ...] = ()
        since = now
        while True:
            here = yield from self._here(below, folder, where)
            if here != seen:
                seen, since = here, now
            elif seen and now - since >= self.quiet:
                return seen
            now = yield Pause(self.every)
            if now > end:
                raise not_ready("The export is not in the bucket, or still changes", self.deadline, where)

    @staticmethod
    def _here(below: str, folder: str, where: str) -> Generator[Shelf, Any, tuple[Shelved, ...]]:
        days: list[Shelved] = yield Shelf(below, where)
        for day in sorted(days, key=lambda one: one.path, reverse=True):
            if not day.folder:
                continue
            exports: list[Shelved] = yield Shelf(day.path, where)
            found = [one for one in exports if one.folder and one.name == folder]
            if found:
                files: list[Shelved] = yield Shelf(found[0].path, where)
                return tuple(one for one in files if not one.folder)
        return ()
