"""What is to be sent: everybody wanted against everybody known to be there, as one full outer join.

A person is `wanted` who is in the audience, may be sent and can be addressed. What is known of a person at the
destination is the row in `recipients`: there by our doing, not there, or nobody knows. Strangers have no row, so that
nothing here can remove one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from remote_segments.membership.compile import Scope, finished, unbound
from remote_segments.membership.functions import text_number
from remote_segments.membership.tables import KEY_COLUMNS, RECIPIENTS

MOVES = "rs_moves"
"""The temporary table of everybody of whom something is to be sent or said."""

MODES = ("mirror", "add_only", "remove_only", "upsert")

ACTIONS = (
    "add", "remove", "update", "readdress", "unchanged", "log", "waiting", "refused", "unknown", "ignored", "later",
)  # fmt: skip
"""What is done about a person. `readdress` adds the new identifiers and removes the old ones; `log` writes down that a
person is held out; `waiting` is tried again later; `refused` never, until something changes; `unknown` is for people to
find out; `ignored` is left out without being sent; `later` is sent by a later run, because of the limits of this one.
"""

VERBS = {"add": ("add",), "remove": ("remove",), "update": ("upsert",), "readdress": ("add", "remove")}
"""What each action sends."""


@dataclass(frozen=True)
class Comparison:
    """One activation at one destination, at one instant."""

    scope: Scope
    """Its segment is the activation."""
    destination: str
    width: int
    mode: str
    now: datetime
    repeatable: Collection[str] = ()
    """Verbs that may be sent twice."""
    attributes: bool = False
    most_adds: int | None = None
    """People whom one run adds at most; None for any number."""
    most_removes: int | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The key columns in use."""
        return KEY_COLUMNS[: self.width]

    def recipients(self, former: bool = False) -> Any:
        """What is known of everybody at the destination; `former` are the addresses that people had before."""
        rows = unbound("recipients", RECIPIENTS, self.scope.schema)
        rows = rows.filter(
            rows.activation == self.scope.text(self.scope.segment),
            rows.destination == self.scope.text(self.destination),
        )
        return rows.filter(rows.former == 1) if former else rows.filter(rows.former.isnull())


@dataclass(frozen=True)
class _Person:
    """The conditions that decide, none of them ever null."""

    listed: Any
    """In the audience, perhaps kept from being sent."""
    wanted: Any
    blocked: Any
    held_out: Any
    known: Any
    there: Any
    unknown: Any
    moved: Any
    changed: Any
    rejected: Any
    """What was last sent was rejected."""
    removing: Any
    """What was last sent was a removal."""
    permanent: Any
    due: Any


def moves(comparison: Comparison, people: Any) -> Any:
    """Everybody but those of whom nothing changed: `action, why, listed, attempt, key..., identifiers, former, ...`.

    Args:
        comparison: what is compared.
        people: as `addressing.people` makes them.
    """
    import ibis

    known = comparison.recipients()
    names = ("identifiers", "digest", "present", "verb", "outcome", "permanent", "attempts", "retry_at")
    before = known.select(**{f"before_{name}": known[name] for name in (*comparison.keys, *names)})
    joined = people.mutate(here=ibis.literal(1)).outer_join(
        before, [(name, f"before_{name}") for name in comparison.keys]
    )
    merged = {name: ibis.coalesce(joined[name], joined[f"before_{name}"]) for name in comparison.keys}
    rest = [f"before_{name}" for name in names]
    both = finished(joined.select("here", "blocked", "identifiers", "attributes", "digest", *rest, **merged))
    person = _person(comparison, both)
    retried = person.rejected & ibis.cases(
        (person.wanted, ~(person.moved | person.changed | person.removing)), else_=person.removing
    )
    rows = both.select(
        *comparison.keys,
        "identifiers",
        "attributes",
        "digest",
        former=both.before_identifiers,
        action=_action(comparison, person),
        why=ibis.coalesce(both.blocked, ibis.cases((person.listed & both.identifiers.isnull(), "not addressable"))),
        listed=person.listed,
        attempt=ibis.cases((retried, both.before_attempts.fill_null(0) + 1), else_=1).cast("int64"),
    )
    rows = rows.filter((rows.action != "unchanged") & ~((rows.action == "ignored") & ~rows.listed))
    return _limited(comparison, rows)


def _limited(comparison: Comparison, rows: Any) -> Any:
    """The same, where those beyond what one run sends are sent `later`: the first by their keys go first.

    Whoever must not be sent is removed at once, and not counted; so is a new address, by which nobody joins.
    """
    import ibis

    most = {"add": comparison.most_adds, "remove": comparison.most_removes}
    limited = [(action, number) for action, number in most.items() if number is not None]
    if not limited:
        return rows
    counted = rows.action.isin([action for action, _ in limited]) & rows.why.isnull()
    place = ibis.row_number().over(ibis.window(group_by=["action", "counted"], order_by=[*comparison.keys]))
    rows = finished(rows.mutate(counted=counted))
    rows = finished(rows.mutate(place=place))
    beyond = [((rows.action == action) & rows.counted & (rows.place >= number), "later") for action, number in limited]
    return rows.mutate(action=ibis.cases(*beyond, else_=rows.action)).drop("counted", "place")


def _person(comparison: Comparison, row: Any) -> _Person:
    import ibis

    def sure(condition: Any) -> Any:
        return condition.fill_null(False)

    listed, blocked = row.here.notnull(), row.blocked.notnull()
    due = row.before_retry_at.isnull() | (row.before_retry_at <= comparison.scope.instant(comparison.now))
    digest, earlier = row.digest.fill_null(""), row.before_digest.fill_null("")
    return _Person(
        listed=listed,
        wanted=listed & ~blocked & row.identifiers.notnull(),
        blocked=listed & blocked,
        held_out=sure(row.blocked.startswith("holdout")),
        known=row.before_present.notnull(),
        there=sure(row.before_present == "yes"),
        unknown=sure(row.before_present == "unknown"),
        moved=sure(row.identifiers != row.before_identifiers),
        changed=(digest != earlier) if comparison.attributes else ibis.literal(False),
        rejected=sure(row.before_outcome == "rejected"),
        removing=sure(row.before_verb == "remove"),
        permanent=sure(row.before_permanent == 1),
        due=sure(due),
    )


def _action(comparison: Comparison, person: _Person) -> Any:
    """What is done, by the mode: the first case that holds."""
    import ibis

    mode = comparison.mode
    ours = person.there | person.unknown
    log = person.held_out & ~person.known
    removable = {
        "mirror": ours & ~person.wanted,
        "remove_only": ours & ~person.wanted,
        "add_only": ours & person.blocked & ~person.held_out,  # whoever may not be sent is removed in any case
        "upsert": ibis.literal(False),
    }[mode]
    removing = [(removable & ~person.unknown & person.rejected & person.removing & person.permanent, "refused"),
                (removable & ~person.unknown & person.rejected & person.removing & ~person.due, "waiting"),
                *([] if "remove" in comparison.repeatable else [(removable & person.unknown, "unknown")]),
                (removable, "remove")]  # fmt: skip
    if mode == "remove_only":
        return ibis.cases(*removing, (person.wanted & person.there, "unchanged"), else_="ignored")
    new, again = ("update", "upsert") if mode == "upsert" else ("add", "add")
    stuck = person.rejected & ~person.moved & ~person.changed
    absent = person.wanted & ~ours
    there = person.wanted & person.there
    unsure = [] if again in comparison.repeatable else [(person.wanted & person.unknown, "unknown")]
    return ibis.cases(
        *removing,
        (log, "log"),
        (~person.wanted, "ignored"),
        *unsure,
        (absent & person.known & stuck & person.permanent, "refused"),
        (absent & person.known & stuck & ~person.due, "waiting"),
        (absent | person.unknown, new),
        (there & person.moved, "update" if mode == "upsert" else "readdress"),
        (there & person.changed, "update"),
        (there & person.rejected & ~person.removing & person.permanent, "unchanged"),
        (there & person.rejected & ~person.removing & ~person.due, "waiting"),
        (there & person.rejected & ~person.removing, "update"),
        else_="unchanged",
    )


def staged_moves(comparison: Comparison) -> Any:
    """The moves as a temporary table."""
    texts = ("identifiers", "attributes", "digest", "former", "action", "why")
    columns = {**dict.fromkeys((*comparison.keys, *texts), "text"), "attempt": "bigint"}
    return unbound(MOVES, columns)


def counts() -> Any:
    """How many of each: `action, why, listed, number`; `listed` is 1 for those of the audience."""
    import ibis

    rows = unbound(MOVES, {"action": "text", "why": "text", "listed": "boolean"})
    listed = ibis.cases((rows.listed, 1), else_=0)
    rows = rows.mutate(is_listed=listed)
    return rows.group_by(["action", "why", "is_listed"]).aggregate(number=rows.count())


def outgoing(comparison: Comparison, verb: str) -> Any:
    """The rows of one verb, `key..., identifiers, attributes, attempt`, in the order of keys; removals as once sent."""
    rows = staged_moves(comparison)
    actions = [action for action, verbs in VERBS.items() if verb in verbs]
    if verb == "remove" and comparison.mode == "add_only":
        actions.remove("readdress")  # the former address stays, as whoever leaves the audience does
    rows = rows.filter(rows.action.isin(actions))
    if verb == "remove":
        rows = rows.mutate(identifiers=rows.former, attributes=nothing_text())
    return rows.select(*comparison.keys, "identifiers", "attributes", "attempt")


def former_removals(comparison: Comparison) -> Any:
    """Addresses that people had before, which are to be removed: `key..., identifiers, attributes, attempt`."""
    import ibis

    rows = comparison.recipients(former=True)
    due = rows.retry_at.isnull() | (rows.retry_at <= comparison.scope.instant(comparison.now))
    open_ = (rows.outcome != "rejected") | ((rows.permanent.fill_null(0) == 0) & due)
    rows = rows.filter(open_ if "remove" in comparison.repeatable else open_ & (rows.present != "unknown"))
    again = ibis.cases(((rows.verb == "remove") & (rows.outcome == "rejected"), rows.attempts + 1), else_=1)
    return rows.select(*comparison.keys, "identifiers", attributes=nothing_text(), attempt=again.cast("int64"))


def standing(comparison: Comparison) -> Any:
    """How many people are at the destination by our doing, and of how many nobody knows: `present, number`."""
    rows = unbound("recipients", RECIPIENTS, comparison.scope.schema)
    rows = rows.filter(
        rows.activation == comparison.scope.text(comparison.scope.segment),
        rows.destination == comparison.scope.text(comparison.destination),
    )
    return rows.group_by("present").aggregate(number=rows.count())


def fingerprint(comparison: Comparison) -> Any:
    """A number that is the same for the same moves, whatever their order: `total`."""
    import ibis

    rows = staged_moves(comparison)
    texts = [rows[name].fill_null("") for name in (*comparison.keys, "action", "identifiers", "attributes", "former")]
    parts = [part for text in texts for part in (text, "|")]
    whole = ibis.literal("").concat(*parts, rows.attempt.cast("string"))
    return rows.aggregate(total=text_number(whole, comparison.scope.dialect).sum())


def held_out(comparison: Comparison) -> Any:
    """People who are held out and were never written down: `key..., why`."""
    rows = staged_moves(comparison)
    return rows.filter(rows.action == "log").select(*comparison.keys, "why")


def kept(comparison: Comparison, people: Any) -> Any:
    """Everybody wanted who is there already and stays as they are: `key..., identifiers, attributes`."""
    rows = people.filter(people.blocked.isnull(), people.identifiers.notnull())
    moved = staged_moves(comparison).select(**{f"m_{name}": staged_moves(comparison)[name] for name in comparison.keys})
    rows = rows.anti_join(moved, [(name, f"m_{name}") for name in comparison.keys])
    return rows.select(*comparison.keys, "identifiers", "attributes")


def nothing_text() -> Any:
    """A null of text."""
    import ibis

    return ibis.null("string")
