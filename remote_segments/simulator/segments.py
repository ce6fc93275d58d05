"""The segments of one account as they are now: what people do to them in the tool, done on demand."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from remote_segments.simulator.membership import SEGMENTS, Segment

FIRST_EDIT = datetime(2026, 10, 1, 9, tzinfo=UTC)
"""When every segment was last edited before somebody changed it here; each change is an hour later than the last."""


def edited_at(edits: int) -> datetime:
    """Returns when a segment was edited for the n-th time."""
    return FIRST_EDIT + timedelta(hours=edits)


class Segments:
    """One account's segments, which can be renamed, given another rule, switched off, deleted and restored."""

    def __init__(self, platform: str, tells: frozenset[str]) -> None:
        """Starts with the segments that the account is made of.

        Args:
            platform: whose account it is.
            tells: what of `name`, `rule`, `active` and `computing` the platform tells of a segment.
        """
        self.platform, self.tells = platform, tells
        self._lock = threading.Lock()
        self._changed: dict[str, Segment] = {}
        self._deleted: set[str] = set()

    def current(self) -> Mapping[str, Segment]:
        """Returns the segments that are not deleted, by id."""
        with self._lock:
            found = {**SEGMENTS[self.platform], **self._changed}
            return {name: one for name, one in found.items() if name not in self._deleted}

    def change(self, segment: str, /, **what: Any) -> Segment:
        """Changes a segment; `deleted=True` removes it, `deleted=False` restores it as it was.

        `share` says how many of the account's profiles are members from now on, from 0 to 1: nobody edited anything.

        Raises:
            ValueError: there is no such segment, or the platform tells nobody of such a change.
        """
        with self._lock:
            shape = self._changed.get(segment) or SEGMENTS[self.platform].get(segment)
            if shape is None:
                raise ValueError(f"{self.platform} has no segment {segment}")
            unknown = sorted(set(what) - self.tells - {"deleted", "share"})
            if unknown:
                told = ", ".join(sorted(self.tells | {"deleted", "share"}))
                raise ValueError(f"{self.platform} tells nothing of {unknown[0]}; it tells {told}")
            if (deleted := what.pop("deleted", None)) is not None:
                (self._deleted.add if deleted else self._deleted.discard)(segment)
            if (share := what.pop("share", None)) is not None:
                shape = replace(shape, share=share)
                self._changed[segment] = shape
            if what:
                rules = shape.rule_edits + ("rule" in what and what["rule"] != shape.rule)
                shape = replace(shape, **what, edits=shape.edits + 1, rule_edits=rules)
                self._changed[segment] = shape
            return shape
