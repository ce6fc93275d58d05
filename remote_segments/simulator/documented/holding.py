"""The segments of a documented account: those of its examples, each with people of the simulated population."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from remote_segments.conformance.exchanges import Call, Case, Exchanges, Files, Membership, Pages
from remote_segments.conformance.marks import fill
from remote_segments.simulator.population import dice

SHARE = 0.06
"""Of the people who are members of a segment, unless the documentation lists it as an empty one."""

CHURN = 0.01
"""Of the members who leave, and as many who join, from one refresh to the next."""

COMMON = 9
"""Members of the first documented shape for each of another one."""

PAGES = 7
"""Pages of a segment where the platform fixes their size."""

Shown = TypeVar("Shown", Pages, Files)

_SIZES = ("count", "size", "total", "subscriber", "contacts", "members")


@dataclass(frozen=True)
class Held:
    """One segment of the account."""

    platform: str
    kind: str
    name: str
    membership: Membership
    size: int
    crowd: str
    """Whose members it has: its own ids, or those of a segment whose members are asked for by the very same calls."""

    @property
    def key(self) -> str:
        """Its ids, as they are written on the command line."""
        return "/".join(self.membership.ids.values())

    def members(self, refresh: int, people: int) -> list[int]:
        """Returns the numbers of the members at a refresh, ascending: a window that wanders through the people."""
        room = max(1, people - self.size)
        place = (dice(self.platform, self.crowd) + refresh * max(1, int(self.size * CHURN))) % (2 * room)
        first = place if place < room else 2 * room - 1 - place  # there and back, so that nobody leaves all at once
        return list(range(first, first + self.size))


def held(platform: str, exchanges: Exchanges, people: int) -> list[Held]:
    """Returns the segments that the documentation is about or lists, each once per kind."""
    found: dict[tuple[str, str], Held] = {}
    crowds: dict[str, str] = {}
    shapes = _shapes(exchanges)
    for kind, ids, name, empty in _named(exchanges):
        membership = exchanges.memberships[kind]
        if ids != membership.ids and _bound(membership):
            continue
        membership = membership.model_copy(update={"ids": ids})
        if membership.members is not None:
            shown = _mostly(_showing(membership.members, shapes))
            membership = membership.model_copy(update={"members": shown})
        elif membership.files is not None:
            membership = membership.model_copy(update={"files": _mostly(membership.files)})
        key = "/".join(ids.values())
        crowd = crowds.setdefault(_calls(membership), key)
        one = Held(platform, kind, name, membership, 0 if empty else _size(membership, people), crowd)
        found.setdefault((kind, key), one)
    order = list(exchanges.memberships)
    return sorted(found.values(), key=lambda one: order.index(one.kind))


def _size(membership: Membership, people: int) -> int:
    """The number of members: fewer where a page holds so few that reading them all would take a quota."""
    pages = membership.members
    fixed = pages.page_size.fixed if pages and pages.page_size else None
    return max(1, min(int(people * SHARE), PAGES * fixed if fixed else people))


def _mostly(shown: Shown) -> Shown:
    """The same with nine of ten members in the first shape, which has most; examples show the rare ones, too."""
    first, *others = shown.member if isinstance(shown.member, list) else [shown.member]
    rare = len(shown.shapes) - 1
    return shown.model_copy(update={"member": [first] * max(1, COMMON * rare) + others})


def _calls(membership: Membership) -> str:
    """The calls by which members are asked for: what is the same for two segments cannot be told apart."""
    known = {**membership.options, **membership.ids}
    return repr([fill(call.model_dump(), known) for call in _asking(membership)])


def _asking(membership: Membership) -> list[Call]:
    files, pages = membership.files, membership.members
    calls = list(pages.requests) if pages else [step.request for step in membership.job]
    return [*calls, *([files.download] if files and files.download else [])]


def _bound(membership: Membership) -> bool:
    """Whether a call holds an id as it is, not as a mark: it is then for this segment only."""
    calls = [*_asking(membership), *(step.request for step in membership.job)]
    return bool(set(membership.ids.values()) & {text for call in calls for text in _everything(call.body)})


def _everything(document: Any) -> list[str]:
    if isinstance(document, Mapping):
        return [text for one in document.values() for text in _everything(one)]
    if isinstance(document, list):
        return [text for one in document for text in _everything(one)]
    return [str(document)]


def _shapes(exchanges: Exchanges) -> dict[str, Pages]:
    """By the first call for members, the pages that show the most shapes of a member."""
    found: dict[str, Pages] = {}
    for membership in exchanges.memberships.values():
        if membership.members is not None:
            call = repr(membership.members.requests[0])
            if len(membership.members.shapes) > len(found.get(call, membership.members).shapes) or call not in found:
                found[call] = membership.members
    return found


def _showing(pages: Pages, shapes: Mapping[str, Pages]) -> Pages:
    """Pages on which all stand whom the same call gives, also where one kind of source leaves some of them out."""
    most = shapes[repr(pages.requests[0])]
    if pages.left_out or not most.left_out:
        return pages
    return pages.model_copy(update={"member": list(most.shapes)})


def _named(exchanges: Exchanges) -> Iterator[tuple[str, dict[str, str], str, bool]]:
    for case in listings(exchanges):
        for entry in case.gives:
            if case.source in exchanges.memberships:
                yield case.source, dict(entry["ids"]), str(entry["name"]), entry.get("size") == 0
    for kind, membership in exchanges.memberships.items():
        yield kind, dict(membership.ids), f"Documented {kind.replace('_', ' ')}", False


def listings(exchanges: Exchanges) -> list[Case]:
    """Returns the documented cases that list segments."""
    return [case for case in exchanges.cases.values() if case.do == "segments" and case.gives]


def resized(document: Any, entries: list[Mapping[str, Any]], sizes: Mapping[str, int]) -> Any:
    """Returns the answer of a listing in which each segment has the size that it has here.

    Args:
        document: the documented answer.
        entries: what it lists: ids, name, size.
        sizes: by the ids as on the command line.
    """
    known = {list(entry["ids"].values())[-1]: entry for entry in entries if entry.get("size")}

    def entry_of(key: str, value: Any) -> Mapping[str, Any] | None:
        own = [key, *_scalars(value)] if isinstance(value, Mapping) else []
        return next((known[text] for text in own if text in known), None)

    def walk(value: Any, *, listed: bool) -> Any:
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
        done = {}
        for key, inner in pairs:
            entry = (
                entry_of(str(key) if isinstance(value, Mapping) else "", inner) if listed or str(key) in known else None
            )
            if entry is not None:
                done[key] = _sized(inner, entry["size"], sizes.get("/".join(entry["ids"].values()), entry["size"]))
            else:
                done[key] = walk(inner, listed=isinstance(inner, list))
        if isinstance(value, Mapping):
            return done
        return list(done.values()) if isinstance(value, list) else value

    return walk(document, listed=isinstance(document, list))


def _scalars(document: Any) -> list[str]:
    if isinstance(document, Mapping):
        return [text for one in document.values() for text in _scalars(one)]
    return [] if isinstance(document, list) else [str(document)]


def _sized(document: Any, told: int, size: int, key: str = "") -> Any:
    if isinstance(document, Mapping):
        return {name: _sized(one, told, size, str(name)) for name, one in document.items()}
    counted = any(word in key.lower() for word in _SIZES) and str(document) == str(told)
    return type(document)(size) if counted else document
