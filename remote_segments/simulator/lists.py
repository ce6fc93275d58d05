"""Lists of one account that others write to: who was put in and taken out, beside whom the account itself has there."""

import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count

from remote_segments.simulator.membership import BASELINE, Member, Profile, Segment


class Lists:
    """What was written; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._added: dict[str, dict[str, datetime]] = {}
        self._removed: dict[str, set[str]] = {}
        self._made: dict[str, Segment] = {}
        self._numbers = count(1)

    def make(self, name: str) -> str:
        """Makes an empty list and returns its id."""
        with self._lock:
            made = f"MADE{next(self._numbers):02d}"
            self._made[made] = Segment("list", name, 0, 0)
            return made

    def made(self) -> Mapping[str, Segment]:
        """Returns the lists that were made, by id."""
        with self._lock:
            return dict(self._made)

    def add(self, name: str, ids: Iterable[str]) -> None:
        """Puts profiles into a list; who is there already stays as they are."""
        with self._lock:
            added, removed = self._added.setdefault(name, {}), self._removed.setdefault(name, set())
            for one in ids:
                added.setdefault(one, BASELINE + timedelta(seconds=len(added)))
                removed.discard(one)

    def remove(self, name: str, ids: Iterable[str]) -> None:
        """Takes profiles out of a list; who is not there is passed over."""
        with self._lock:
            added, removed = self._added.setdefault(name, {}), self._removed.setdefault(name, set())
            for one in ids:
                added.pop(one, None)
                removed.add(one)

    def now(self, name: str, members: Iterable[Member], known: Mapping[str, Profile]) -> tuple[Member, ...]:
        """Returns who is in a list.

        Args:
            name: its id.
            members: whom the account itself has there.
            known: the account's profiles by their ids.
        """
        with self._lock:
            added, removed = dict(self._added.get(name, {})), set(self._removed.get(name, ()))
        if not added and not removed:
            return tuple(members)
        kept = {member.profile.profile_id: member for member in members if member.profile.profile_id not in removed}
        for one, joined in added.items():
            profile = known.get(one) or Profile(one, None, None, None, None, "known")
            kept.setdefault(one, Member(profile, joined.astimezone(UTC)))
        return tuple(kept.values())

    def forget(self) -> None:
        """Forgets everything that was written."""
        with self._lock:
            self._added.clear()
            self._removed.clear()
            self._made.clear()
