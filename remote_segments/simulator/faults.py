"""Misbehaviour on demand: what goes wrong, at which page of which segment, and how often.

A fault either takes the place of an answer (an error status, a page of HTML, a cut body) or alters the document
that the account was about to send (a repeated cursor, a missing key, a wrong total).
"""

import threading
from dataclasses import asdict, dataclass, field
from typing import Any

REPLACING = {
    "rate-limited": "HTTP 429, with `Retry-After: <retry_after>` where retry_after is given",
    "server-error": "HTTP 500 (or `status`) with the platform's error body",
    "key-refused": "HTTP 401 with the platform's error body",
    "access-denied": "HTTP 403 with the platform's error body",
    "not-found": "HTTP 404 with the platform's error body",
    "cursor-expired": "HTTP 400 with the platform's error body",
    "html": "HTTP 200 (or `status`) with a page of HTML",
    "invalid-json": "HTTP 200 with a document that stops in its middle, its length declared truthfully",
    "disconnect": "the connection is closed without an answer, and without the call being carried out",
    "refuse-batch": "HTTP 400 with the platform's error body: members that are sent are refused as a whole (verb add)",
    "too-large": "HTTP 413 with the platform's error body",
    "redirect": "HTTP 302 to the same path on `host`",
}
CUTTING = {
    "accepted-then-cut": "the call is carried out, and the connection closed without an answer (verb add or remove)",
    "cut-body": "the right answer, but half of the declared bytes",
    "hang": "the right answer, but only once `/_control/release` was called",
    "slow": "the right answer, after `seconds`",
}
ALTERING = {
    "repeat-cursor": "the next page is the one from `back` pages ago (1: this one again, 2: A-B-A)",
    "missing-key": "the document lacks the key at the dotted `path`",
    "null-key": "the document has null at the dotted `path`",
    "wrong-total": "the platform's own count is off by `delta`",
    "null-page": "the list of members is null",
    "empty-page": "the list of members is empty although pages follow",
    "early-end": "the platform says that this page is the last one",
    "foreign-link": "the next page is on `host`",
    "null-id": "the first member of the page has no id",
}
MAKING = {
    "job-pending": "an export job is not done (verb job)",
    "job-failed": "an export job has failed (verb job)",
    "reject-member": "the first member of a call is not taken, as the documentation tells it (verb add or remove)",
    "cut-file": "a file lacks its second half before it is sent, its length declared truthfully",
}
"""Only for accounts that are made of documented exchanges."""

MOVING = {"moving-members": "with every page, `delta` people are put in (or, negative, taken away) before it"}
KINDS = REPLACING | CUTTING | ALTERING | MAKING | MOVING


@dataclass
class Fault:
    """One thing that goes wrong; None for platform, segment or page means any, `times` None means always."""

    kind: str
    platform: str | None = None
    segment: str | None = None
    page: int | None = None
    verb: str = "members"
    times: int | None = 1
    retry_after: str | None = None
    status: int | None = None
    seconds: float = 0
    back: int = 1
    path: str = ""
    delta: int = 1
    host: str = "http://127.0.0.2:9"
    hits: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault is called {self.kind}; there are {', '.join(sorted(KINDS))}")

    def fits(self, platform: str, verb: str, segment: str | None, page: int) -> bool:
        """Says whether this fault is for a call, and still due."""
        wanted = ((self.platform, platform), (self.segment, segment), (self.page, page), (self.verb, verb))
        return (self.times is None or self.hits < self.times) and all(want in (None, got) for want, got in wanted)


class Faults:
    """The faults that are set, and the gate at which hanging answers wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._released = threading.Event()

    def add(self, fault: Fault) -> Fault:
        """Sets a fault; the first one set that fits a call is the one that strikes."""
        with self._lock:
            self._faults.append(fault)
            if fault.kind == "hang":
                self._released.clear()
        return fault

    def clear(self) -> None:
        """Forgets all faults and lets hanging answers go."""
        with self._lock:
            self._faults.clear()
        self._released.set()

    def release(self) -> None:
        """Lets hanging answers go."""
        self._released.set()

    def wait(self, seconds: float) -> None:
        """Waits until released, at most `seconds`."""
        self._released.wait(seconds)

    def strike(self, platform: str, verb: str, segment: str | None, page: int) -> Fault | None:
        """Returns the fault that hits this call, and counts the hit."""
        with self._lock:
            for fault in self._faults:
                if fault.fits(platform, verb, segment, page):
                    fault.hits += 1
                    return fault
        return None

    def listed(self) -> list[dict[str, Any]]:
        """Returns the faults as plain values, with their hits."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]
