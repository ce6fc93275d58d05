"""What an account has been asked lately, and when the next call fits: sliding windows as plain arithmetic.

In no window are there ever more calls than allowed. A call counts from when it was answered; where the answer takes
long, from a moment after it was sent, by which it has surely arrived. All durations and instants are in seconds, of
whatever clock the caller reads; a clock that goes back moves what is known along, so that nobody waits for it.
"""

from collections.abc import Iterable, Sequence

import msgspec

Window = tuple[int, float]
"""Allowed calls, and the length of the window in seconds."""

ARRIVAL = 0.5
"""Seconds after which a call that was sent has arrived, or a twentieth of the window where that is more."""

GRAIN = 50
"""Calls kept one by one; of more, those closer together than this part of the window are one entry, as of the last."""

SLACK = 1.0
"""Seconds that clocks read one after the other may differ; only more is a clock that was set back."""

LONGEST_BLOCK = 86_400.0
"""Seconds; what a platform asks for beyond a day is asked again tomorrow."""


class Entry(msgspec.Struct, array_like=True):
    """Calls made between two instants; instants to come are places in the queue."""

    first: float
    last: float
    calls: int


class Made(msgspec.Struct, frozen=True):
    """A call that was made: the instant that was taken for it, and when its answer came."""

    start: float
    answered: float


class Ledger(msgspec.Struct):
    """The calls of one account, per window."""

    seen: float = 0.0
    blocked: float = 0.0
    taken: dict[int, list[Entry]] = {}

    def went_back(self, now: float) -> bool:
        """Says whether the clock was set back since the last entry."""
        return now < self.seen - SLACK

    def wait(self, now: float) -> float:
        """Returns the seconds for which the platform asked not to be called."""
        return max(0.0, self.blocked - now)

    def turn_to(self, now: float) -> float:
        """Notes the present, and returns it as this ledger counts time."""
        if self.went_back(now):
            step = now - self.seen
            self.blocked += step
            for entries in self.taken.values():
                for entry in entries:
                    entry.first, entry.last = entry.first + step, entry.last + step
            self.seen = now
        self.seen = max(self.seen, now)
        return self.seen

    def settle(self, now: float, made: Iterable[Made], windows: Sequence[Window]) -> None:
        """Moves calls from the instants that they were taken for to those by which they had arrived."""
        for call in made:
            for _, seconds in windows:
                entries = self.taken.setdefault(int(seconds), [])
                _remove(entries, call.start)
                arrived = call.start + max(ARRIVAL, seconds / 20)
                _add(entries, min(call.answered, arrived, now), seconds)

    def take(self, now: float, windows: Sequence[Window], place: float | None = None) -> float:
        """Takes the earliest instant at which a call fits; one that is not to come is taken for good.

        Args:
            now: the present, of `turn_to`.
            windows: what the account allows.
            place: the instant that was taken before and has come now; whoever queues behind it does not count.

        Returns:
            The instant: `now`, or a later one, at which to ask again with it as `place`.
        """
        start = max(now, self.blocked)
        for allowed, seconds in windows:
            entries = self.taken.setdefault(int(seconds), [])
            if place is not None:
                _remove(entries, place)
            while entries and entries[0].last + seconds <= now:
                del entries[0]
            start = max(start, _free(entries, allowed, seconds, start, float("inf") if place is None else now))
        for _, seconds in windows:
            _add(self.taken[int(seconds)], start, seconds)
        return start

    def block(self, now: float, seconds: float) -> None:
        """Lets nobody call for so many seconds."""
        self.blocked = max(self.blocked, now + min(seconds, LONGEST_BLOCK))


def _free(entries: list[Entry], allowed: int, seconds: float, start: float, until: float) -> float:
    """Returns the first instant from `start` on before which a window holds room for one more call."""
    counted = [entry for entry in entries if entry.last + seconds > start and entry.first <= until]
    calls = sum(entry.calls for entry in counted)
    for entry in counted:
        if calls < allowed:
            break
        calls -= entry.calls
        start = entry.last + seconds
    return start


def _add(entries: list[Entry], at: float, seconds: float) -> None:
    place = len(entries)
    while place and entries[place - 1].last > at:
        place -= 1
    if place and len(entries) >= GRAIN and at - entries[place - 1].first <= seconds / GRAIN:
        entries[place - 1].last = at
        entries[place - 1].calls += 1
    else:
        entries.insert(place, Entry(at, at, 1))


def _remove(entries: list[Entry], start: float) -> None:
    """Takes one call out of the entry that holds it; one that is too old is not there any more."""
    for position in range(len(entries) - 1, -1, -1):
        entry = entries[position]
        if entry.first <= start <= entry.last:
            entry.calls -= 1
            if not entry.calls:
                del entries[position]
            return


_decoder = msgspec.json.Decoder(Ledger)
_encoder = msgspec.json.Encoder()


def read_ledger(text: bytes) -> Ledger:
    """Returns what was written; a text that is none, as after a power cut, is an account that was not called."""
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError:
        return Ledger()


def written(ledger: Ledger) -> bytes:
    """Returns a ledger as a text of one line."""
    return _encoder.encode(ledger)
