"""Reads and answers the calls to one segment, one at a time: nothing is remembered between them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from remote_segments.conformance.account import EVERYTHING, Account, Draft, Trouble, Verb
from remote_segments.conformance.depot import Depot
from remote_segments.conformance.exchanges import Answer, Call, Exchange, Membership, Step
from remote_segments.conformance.marks import Asked, Wanted
from remote_segments.simulator.documented.addresses import fit, opened
from remote_segments.simulator.population import person

STRANGERS = 33
"""Every so-many-th member is nobody whom the model knows."""

STRANGE = 1_000_000
OWN_ID = "u-{n}"
"""How exchanges write the id that a team gave its people: here it is that of the simulated model."""


@dataclass(frozen=True)
class Found:
    """A call that is documented: what for, the values at its marks, and the exchange that answers it."""

    verb: Verb
    values: dict[str, Any]
    exchange: Exchange | None
    sent: Asked


@dataclass
class Open(Account):
    """An account that takes every key, and whose members are people of the simulated population.

    Places, jobs and files bear its mark, because a call for them names no segment, and there are several here.
    """

    mark: str = ""

    def find(self, sent: Asked) -> Found | list[str] | None:
        """Returns what a call is; how it differs from the nearest documented one; None for one to another place."""
        nearest: list[str] | None = None
        for verb, calls in self._documented.items():
            for wanted, exchange in calls:
                read = fit(wanted, sent)
                if read is None:
                    continue
                values, differences = read
                if not differences and str(values.get("cursor", self.mark)).startswith(self.mark):
                    return Found(verb, values, exchange, sent)
                nearest = differences if nearest is None else min(nearest, differences, key=len)
        return nearest

    def reply(self, found: Found, members: list[int], trouble: Trouble) -> Any:
        """Returns the answer (of httpx) that these members give; a value that is none of the documented ones is 400."""
        fresh = replace(self, members=members, trouble=trouble, differences=[], ever=set(members), calls=[], page=0,
                        _last=None, _tries={})  # fmt: skip
        wrong = fresh._refused_value(found.values)
        if wrong:
            return fresh._undocumented(found.sent, [wrong])
        return fresh._answer(found.sent, found.verb, found.values, found.exchange)

    def knows(self, found: Found, members: list[int]) -> bool:
        """Tells whether a look-up asks about nobody but these members."""
        return replace(self, ever=set(members))._refused_value(found.values) is None

    def place(self, found: Found, members: list[int]) -> tuple[int, int, bool]:
        """Returns which page, file or step a call asks for, from 1 on; where it begins; and whether it is the last."""
        if found.verb == "job" and isinstance(found.exchange, Step):
            return self.membership.job.index(found.exchange) + 1, 0, False
        if found.verb != "members":
            return 1, 0, False
        if self.membership.files is not None:
            number = int(found.values.get("file", 1))
            return number, 0, number >= self.membership.files.files
        size = self.page_size(found.values)
        start = replace(self, members=members)._start(found.values, size) or 0
        return -(-start // size) + 1, start, start + size >= len(members)

    def page_size(self, values: Mapping[str, Any]) -> int:
        """Returns the members of a page."""
        pages = self.membership.members
        fixed = pages.page_size.fixed if pages and pages.page_size else None
        asked = str(values.get("page_size", ""))
        return int(asked) if asked.isdecimal() and int(asked) else fixed or EVERYTHING

    def _known(self) -> dict[str, Any]:
        known = super()._known()
        return {**known, "job": f"{self.mark}{known['job']}"} if "job" in known else known

    def _page_values(self, draft: Draft, told: dict[str, int]) -> dict[str, Any]:
        values = super()._page_values(draft, told)
        return {**values, "cursor": f"{self.mark}{values['cursor']}"} if "cursor" in values else values

    def _start(self, values: Mapping[str, str], size: int) -> int | None:
        if "cursor" in values:
            values = {**values, "cursor": str(values["cursor"]).removeprefix(self.mark)}
        return super()._start(values, size)

    def _wanted(self, call: Call, *, own: bool = False) -> Wanted:
        return opened(super()._wanted(call, own=own))

    def _of_job(self, step: Step, tries: int) -> Answer:  # noqa: ARG002 - a job is done at the first look
        return super()._of_job(step, 2)

    def _identifiers(self, number: int) -> dict[str, str | int]:
        found = super()._identifiers(number)
        who = person(number + STRANGE if number % STRANGERS == 0 else number)
        patterns = self.membership.identifiers
        known = {name: _own(pattern, who.contact_id, who.email, who.phone) for name, pattern in patterns.items()}
        if not any(known.values()):  # the model knows these people by the tool's own id
            first = next(iter(patterns))
            known[first] = person(number).hubspot_id
        for name, text in known.items():
            if text is not None:
                found[name] = int(text) if isinstance(patterns[name], int) else text
        return found


def columns(membership: Membership) -> dict[str, str]:
    """Returns, for the identifiers that the simulated model knows people by, its columns."""
    named = {name: _own(pattern, "contact_id", "email", "phone") for name, pattern in membership.identifiers.items()}
    return {name: column for name, column in named.items() if column} or {next(iter(named)): "hubspot_id"}


def _own(pattern: str | int, contact_id: str, email: str, phone: str) -> str | None:
    """Returns what a person is known by, None for an id of the platform's own."""
    if pattern == OWN_ID:
        return contact_id
    if isinstance(pattern, str) and "@" in pattern:
        return email
    return phone if isinstance(pattern, str) and pattern.startswith("+") else None


@dataclass
class OpenFiles(Open, Depot):
    """The same for members that come as files; a sample of them is all of them."""

    def _calls(self) -> dict[Verb, list[tuple[Wanted, Exchange | None]]]:
        calls = super()._calls()
        sample = self._files.sample
        return {**calls, "members": [*calls["members"], *([(self._wanted(sample), None)] if sample else [])]}
