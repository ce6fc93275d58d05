"""What is sent and what is left behind, in plain Python: dicts and a loop, no engine."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Person:
    """Somebody of the audience."""

    identifiers: str | None
    attributes: str | None = None
    blocked: str | None = None


@dataclass(frozen=True)
class Known:
    """What is known of somebody at the destination."""

    identifiers: str | None
    attributes: str | None
    present: str
    verb: str
    outcome: str
    permanent: bool = False
    attempts: int = 0
    retry_at: datetime | None = None


@dataclass(frozen=True)
class Move:
    """What is done about somebody."""

    action: str
    attempt: int = 1


@dataclass(frozen=True)
class Terms:
    """How an activation decides."""

    mode: str
    repeatable: Collection[str]
    attributes: bool
    now: datetime


def decide(person: Person | None, known: Known | None, terms: Terms) -> Move:
    """The one action for a person, by the rules as a person would tell them."""
    if person is None or person.blocked is not None or person.identifiers is None:
        return _unwanted(person, known, terms)
    if terms.mode == "remove_only":
        return Move("unchanged" if known and known.present == "yes" else "ignored")
    new, verb = ("update", "upsert") if terms.mode == "upsert" else ("add", "add")
    return _due(person, known, terms, new, verb) if known is not None else Move(new)


def _due(person: Person, known: Known, terms: Terms, new: str, verb: str) -> Move:
    """What is done about somebody wanted who was sent before."""
    moved = known.identifiers is not None and person.identifiers != known.identifiers
    changed = terms.attributes and (person.attributes or None) != (known.attributes or None)
    stuck = known.outcome == "rejected" and not moved and not changed
    attempt = known.attempts + 1 if stuck and known.verb != "remove" else 1
    if known.present == "unknown":
        action = new if verb in terms.repeatable else "unknown"
    elif known.present == "no":
        action = _again(known, terms, new) if stuck else new
    elif moved or changed:
        action, attempt = ("readdress" if moved and terms.mode != "upsert" else "update"), 1
    elif stuck and known.verb != "remove" and not known.permanent:
        action = _again(known, terms, "update")
    else:
        action = "unchanged"
    return Move(action, attempt)


def _again(known: Known, terms: Terms, action: str) -> str:
    """What was rejected is tried again when it is due, and never where that is useless."""
    if known.permanent:
        return "refused"
    return "waiting" if known.retry_at is not None and known.retry_at > terms.now else action


def _unwanted(person: Person | None, known: Known | None, terms: Terms) -> Move:
    blocked = person.blocked if person else None
    held_out = bool(blocked and blocked.startswith("holdout"))
    removes = terms.mode in ("mirror", "remove_only") or (
        terms.mode == "add_only" and blocked is not None and not held_out
    )
    if known is not None and known.present != "no" and removes:
        stuck = known.outcome == "rejected" and known.verb == "remove"
        attempt = known.attempts + 1 if stuck else 1
        if known.present == "unknown":
            return Move("remove" if "remove" in terms.repeatable else "unknown", attempt)
        return Move(_again(known, terms, "remove") if stuck else "remove", attempt)
    if held_out and known is None and terms.mode != "remove_only":
        return Move("log")
    return Move("ignored")


@dataclass(frozen=True)
class Sent:
    """One row that was sent, and what became of it."""

    verb: str
    key: str
    identifiers: str | None
    attributes: str | None
    outcome: str
    permanent: bool
    attempt: int
    decided_at: datetime


Key = tuple[str, str | None]


def settle(
    current: Mapping[str, Known], former: Mapping[Key, Known], sent: Collection[Sent]
) -> tuple[dict[str, Known], dict[Key, Known]]:
    """Who is known afterwards: under present identifiers, and under former ones."""
    now, old = dict(current), dict(former)
    for one in sent:
        if one.verb != "remove":
            before = now.get(one.key)
            if before is not None and before.identifiers != one.identifiers:
                del now[one.key]
                if before.present != "no":
                    old[(one.key, before.identifiers)] = before
                before = old.pop((one.key, one.identifiers), None)  # back to an address that they had once
            before = before or old.pop((one.key, one.identifiers), None)
            present = {"accepted": "yes", "unknown": "unknown"}.get(one.outcome, before.present if before else "no")
            now[one.key] = _after(one, present if one.outcome != "skipped" else "no")
    for one in sent:
        if one.verb == "remove":
            _remove(now, old, one)
    return now, old


def _remove(now: dict[str, Known], old: dict[Key, Known], one: Sent) -> None:
    place = (one.key, one.identifiers)
    if place in old:
        before = old.pop(place)
        if one.outcome != "accepted":
            old[place] = replace(_after(one, _left(one)), attributes=before.attributes)
    elif one.key in now and now[one.key].identifiers == one.identifiers:
        before = now.pop(one.key)
        if one.outcome != "accepted":
            now[one.key] = replace(_after(one, _left(one)), attributes=before.attributes)


def _left(one: Sent) -> str:
    return "unknown" if one.outcome == "unknown" else "yes"


def _after(one: Sent, present: str) -> Known:
    rejected = one.outcome == "rejected"
    wait = min(timedelta(hours=2 ** (one.attempt - 1)), timedelta(days=7))
    return Known(
        one.identifiers,
        one.attributes,
        present,
        one.verb,
        one.outcome,
        one.permanent,
        one.attempt if rejected else 0,
        one.decided_at + wait if rejected else None,
    )
