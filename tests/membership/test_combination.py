"""Audiences are combined as plain three-valued logic says, on every engine, whatever is missing."""

import itertools
import math
import os
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_segments.membership.combination import Combined, Source
from remote_segments.membership.compile import Scope
from remote_segments.membership.expressions import (
    BASIS,
    AtLeast,
    Attribute,
    Every,
    Expression,
    No,
    Past,
    Share,
    Some,
    Within,
)
from remote_segments.membership.functions import share_of
from remote_segments.membership.models import Model
from remote_segments.membership.tables import TABLES
from remote_segments.sync.store import ensure_store
from remote_segments.warehouses.base import Session, Warehouse
from tests.reference.audiences import Input, Key, Moved, World, share
from tests.support.memberships import write_model

RANDOM = int(os.environ.get("REMOTE_SEGMENTS_COMBINATIONS", "100"))
"""Random expressions on DuckDB; a fifth, at most 200, on Postgres. `make combinations` asks for 2,000."""

NOW = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
ZONE = "America/New_York"  # where it is the day before
DAY = timedelta(days=1)

TYPES = {
    "contact_id": "BIGINT", "country": "VARCHAR(20)", "age": "INTEGER", "spent": "NUMERIC(12,2)",
    "score": "DOUBLE PRECISION", "vip": "BOOLEAN", "born": "DATE", "seen": "TIMESTAMP WITH TIME ZONE",
    "made": "TIMESTAMP", "token": "UUID",
}  # fmt: skip
NUMBERS = range(60)
USERS = {"user_id": "VARCHAR(10)", "plan": "VARCHAR(10)"}


def row(number: int) -> dict[str, Any]:
    """A person whose values are all sorts, nulls among them."""

    def one_of(*values: Any, step: int = 1) -> Any:
        return values[number // step % len(values)]

    return {
        "contact_id": number,
        "country": one_of("FR", "DE", None, "F'R", "", "Île de FR"),
        "age": one_of(None, 17, 18, 64, -1),
        "spent": one_of(0.0, 12.5, None, 99999.99, step=2),
        "score": one_of(0.1, 1e6, None, -2.5, step=3),
        "vip": one_of(True, False, None),
        "born": one_of(NOW.date() - DAY, NOW.date(), NOW.date() - 8 * DAY, date(1980, 1, 1), None, NOW.date() + DAY),
        "seen": one_of(NOW, NOW - DAY, NOW - 8 * DAY, None, NOW + DAY, NOW - timedelta(minutes=1), step=2),
        "made": one_of(None, datetime(2026, 11, 23, 20), datetime(2026, 1, 1), datetime(2026, 11, 24, 1), step=3),
        "token": one_of("00000000-0000-0000-0000-00000000000a", None, "00000000-0000-0000-0000-00000000000b"),
    }


def key_of(number: int) -> Key:
    """A key as `keys` holds it."""
    return (str(number),)


CONTACTS = {key_of(n): row(n) for n in NUMBERS}
PLANS = {key_of(n): {"plan": ["pro", "free", None][n % 3]} for n in range(0, 70, 2)}

MEMBERS = {
    "a": [n for n in NUMBERS if n % 2],
    "b": [n for n in NUMBERS if n % 3 == 0],
    "c": list(range(50, 80)),
    "empty": [],
    "app": [n for n in NUMBERS if n % 5 < 2],
}
"""The newest members; some are not in the model any more. `app` is of the other model."""

OLDER = {name: [n for n in numbers if n % 7] for name, numbers in MEMBERS.items()}

EVENTS = ("joined", "left")
AGES = (0 * DAY, DAY / 2, DAY, 3 * DAY, 7 * DAY, 9 * DAY)
CAUSES = ("baseline", "remote", "model", "definition", "rebuilt", "erased")


def moved(name: str) -> list[Moved]:
    """Events of all causes and ages."""
    chance = random.Random(name)
    return [
        Moved(key_of(n), chance.choice(EVENTS), chance.choice(CAUSES), NOW - chance.choice(AGES))
        for n in NUMBERS
        for _ in range(chance.randint(0, 8))
    ]


def inputs(states: Mapping[str, str]) -> dict[str, Input | None]:
    """What the reference knows of each input in a state: newest, older, missing."""
    found: dict[str, Input | None] = {}
    for name in MEMBERS:
        numbers = {"newest": MEMBERS, "older": OLDER}.get(states.get(name, "newest"), {}).get(name)
        found[name] = None if numbers is None else Input(frozenset(map(key_of, numbers)), moved(name))
    return found


def sources(states: Mapping[str, str]) -> dict[str, Source | None]:
    """The same for the query."""
    return {
        name: None
        if states.get(name) == "missing"
        else Source(f"{states.get(name, 'newest')}_{name}", 2, name != "app")
        for name in MEMBERS
    }


@pytest.fixture
def world(warehouse: Warehouse) -> Warehouse:
    """A warehouse with two models, and two snapshots and all sorts of events of each input."""
    with warehouse.write() as session:
        ensure_store(session)
        write_model(
            session, [{name: written(value) for name, value in one.items()} for one in CONTACTS.values()], TYPES
        )
        write_model(session, [{"user_id": key[0], **one} for key, one in PLANS.items()], USERS, "users")
        for name, members in MEMBERS.items():
            write_keys(session, name, f"newest_{name}", [key_of(n) for n in members])
            write_keys(session, name, f"older_{name}", [key_of(n) for n in OLDER[name]])
            write_events(session, name)
    return warehouse


def written(value: Any) -> Any:
    """A value as it is written into a statement: days and instants without a zone as text."""
    return value.isoformat() if isinstance(value, date) and not getattr(value, "tzinfo", None) else value


def write_keys(session: Session, segment: str, snapshot_id: str, keys: list[Key]) -> None:
    """Appends the keys of a snapshot."""
    empty = dict.fromkeys(TABLES["keys"])
    rows = [
        {
            **empty,
            "segment": segment,
            "snapshot_id": snapshot_id,
            "member_no": 1,
            "key": key[0],
        }
        for key in keys
    ]
    if rows:
        session.append("keys", rows)


def write_events(session: Session, segment: str) -> None:
    """Appends a published snapshot with the events, one with events of an old key, and one that is held."""
    empty = dict.fromkeys(TABLES["snapshots"])
    for snapshot_id, state in (("published", "published"), ("held", "held")):
        session.append("snapshots", [{**empty, "segment": segment, "snapshot_id": snapshot_id, "state": state}])
    everybody = [Moved(key_of(n), event, "remote", NOW) for n in NUMBERS for event in ("joined", "left")]
    for snapshot_id, generation, events in (
        ("published", 2, moved(segment)),
        ("published", 1, everybody),
        ("held", 2, everybody),
    ):
        rows = [
            {
                **dict.fromkeys(TABLES["changes"]),
                "segment": segment,
                "snapshot_id": snapshot_id,
                "generation": generation,
                "key": one.key[0],
                "instant": one.instant,
                "event": one.event,
                "cause": one.cause,
            }
            for one in events
        ]
        session.append("changes", rows)


def combined(session: Session, expression: Expression, states: Mapping[str, str]) -> set[Key]:
    """Who is in it, by the query."""
    scope = Scope(session.dialect, session.schema, "audience")
    models = {
        "contacts": exposed(session, "contacts", ("contact_id",)),
        "users": exposed(session, "users", ("user_id",)),
    }
    asked = Combined(scope, expression, "contacts", models, sources(states), NOW, ZONE)
    found = [row[0] for row in session.rows(scope.sql(asked.members().select("key")))]
    assert len(found) == len(set(found)), "somebody is in it twice"
    return {(key,) for key in found}


def exposed(session: Session, name: str, key: tuple[str, ...]) -> Model:
    """A model as the warehouse describes it."""
    found = session.expose(table=f"crm.{name}")
    return Model(found.schema, found.name, found.columns, key)


def expected(expression: Expression, states: Mapping[str, str]) -> set[Key]:
    """Who is in it, by the reference."""
    return World({"contacts": CONTACTS, "users": PLANS}, inputs(states), NOW, ZONE).members(expression)


def attribute(column: str, operator: str, *values: str, model: str = "contacts") -> Attribute:
    """A test of a column."""
    return Attribute(model, column, operator, values)


LEAVES: list[Expression] = [
    *(Within(name) for name in MEMBERS),
    *(
        Past(event, name, during)  # type: ignore[arg-type]
        for event in ("was_in", "joined", "left")
        for name in ("a", "b", "app")
        for during in (DAY, 7 * DAY)
    ),
    Share("salt", 0, 1000),
    Share("other", 1000, BASIS),
    attribute("country", "=", "FR"),
    attribute("country", "!=", "FR"),
    attribute("country", "in", "DE", "F'R", ""),
    attribute("country", "contains", "F"),
    attribute("country", "contains", "%"),
    attribute("country", "is", "null"),
    attribute("token", "=", "00000000-0000-0000-0000-00000000000a"),
    attribute("token", "is", "not null"),
    attribute("age", ">=", "18"),
    attribute("age", "<", "18"),
    attribute("age", "between", "17", "64"),
    attribute("age", "in", "-1", "17"),
    attribute("spent", "=", "12.50"),
    attribute("spent", ">", "12.5"),
    attribute("score", "<=", "0.1"),
    attribute("score", "!=", "1000000"),
    attribute("vip", "=", "true"),
    attribute("vip", "!=", "true"),
    attribute("vip", "is", "null"),
    attribute("born", "within", "604800"),
    attribute("born", "older_than", "86400"),
    attribute("born", "between", "1979-12-31", "1980-01-01"),
    attribute("born", "=", "2026-11-23"),
    attribute("seen", "within", "86400"),
    attribute("seen", "older_than", "604800"),
    attribute("seen", ">", "2026-11-22 19:30"),
    attribute("seen", "=", "2026-11-24 01:30+01:00"),
    attribute("made", "within", "86400"),
    attribute("made", ">=", "2026-11-23 20:00"),
    attribute("made", "<=", "2026-11-23 22:00+02:00"),
    attribute("plan", "=", "pro", model="users"),
    attribute("plan", "is", "null", model="users"),
]


def test_every_condition_means_the_same_to_the_query_and_to_the_reference(world: Warehouse) -> None:
    """One condition alone, and its opposite among those with a number."""
    everybody = attribute("contact_id", "is", "not null")
    with world.read() as session:
        for leaf in LEAVES:
            for expression in (leaf, Every((everybody, No((leaf,))))):
                assert combined(session, expression, {}) == expected(expression, {}), expression


@pytest.mark.parametrize("leaf", LEAVES, ids=repr)
def test_every_condition_can_tell_people_apart(leaf: Expression) -> None:
    """The people of this file are such that no condition is met by all or by nobody, but the empty segment's."""
    found = expected(leaf, {})
    assert (found == set()) == (leaf in (Within("empty"), attribute("country", "contains", "%")))
    assert len(found) < len(NUMBERS)


def trees() -> st.SearchStrategy[Expression]:
    """Random expressions, with what stands alone more often than what is nested deep."""

    def nested(inside: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        several = st.lists(inside, min_size=1, max_size=3).map(tuple)
        enough = st.integers(1, 3).flatmap(
            lambda count: st.lists(inside, min_size=count, max_size=4).map(lambda parts: AtLeast(count, tuple(parts)))
        )
        return st.builds(Every, several) | st.builds(Some, several) | st.builds(No, several) | enough

    return st.recursive(st.sampled_from(LEAVES), nested, max_leaves=8)


STATES = st.fixed_dictionaries({name: st.sampled_from(["newest", "older", "missing"]) for name in MEMBERS})


def test_random_expressions_agree_with_the_reference_whatever_is_missing(world: Warehouse) -> None:
    """Promise 17: for random expressions and states of inputs, the query finds who is certainly in it, nobody else."""
    with world.read() as session:
        postgres = session.dialect == "postgres"
        examples = min(200, math.ceil(RANDOM / 5)) if postgres else RANDOM

        @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(expression=trees(), states=STATES)
        def agrees(expression: Expression, states: Mapping[str, str]) -> None:
            assert combined(session, expression, states) == expected(expression, states)

        agrees()


@settings(max_examples=RANDOM, deadline=None)
@given(expression=trees(), states=STATES)
def test_nobody_is_in_it_because_something_is_missing(expression: Expression, states: Mapping[str, str]) -> None:
    """Promise 17: whoever is in it without an input is in it whatever that input turns out to hold."""
    known = World({"contacts": CONTACTS, "users": PLANS}, inputs(states), NOW, ZONE)
    certain = known.members(expression)
    nobody = Input(frozenset())
    everybody = Input(
        frozenset(CONTACTS), [Moved(key, event, "remote", NOW) for key in CONTACTS for event in ("joined", "left")]
    )
    for instead in (nobody, everybody, *(one for one in inputs({}).values() if one)):
        complete = {name: one or instead for name, one in known.inputs.items()}
        assert certain <= replace(known, inputs=complete).members(expression)


@pytest.mark.parametrize(
    ("expression", "kept"),
    [
        (Every((Within("a"), Within("b"))), set()),
        (Some((Within("a"), Within("b"))), "a"),
        (Every((Within("a"), No((Within("b"),)))), set()),
        (AtLeast(1, (Within("a"), Within("b"))), "a"),
        (AtLeast(2, (Within("a"), Within("b"), Within("a"))), "a"),
        (AtLeast(2, (Within("a"), Within("b"))), set()),
        (Every((Within("a"), No((AtLeast(1, (Within("empty"), Within("b"))),)))), set()),
        (Every((Within("a"), Some((Past("left", "b", DAY), attribute("age", ">=", "18"))))), "adults"),
    ],
)
def test_a_missing_input_leaves_who_is_certain(world: Warehouse, expression: Expression, kept: Any) -> None:
    """Promise 17: `a and not b` without b is nobody, never all of a; `a or b` is a."""
    a = {key_of(n) for n in MEMBERS["a"] if n in NUMBERS}
    wanted = {"a": a, "adults": {key for key in a if (CONTACTS[key]["age"] or 0) >= 18}}.get(str(kept), set())
    with world.read() as session:
        assert combined(session, expression, {"b": "missing"}) == wanted


CORES: list[tuple[Expression, ...]] = [
    (Within("a"),),
    (Within("a"), Within("b")),
    (Every((Within("app"), Within("a"))), Within("a")),
    (Within("a"), Some((Within("b"), Within("c")))),
    (Within("b"), Some((Within("a"), Past("was_in", "b", 7 * DAY)))),
    (Within("b"), Some((Within("a"), attribute("country", "=", "FR")))),
    (Within("b"), Some((Within("a"), attribute("plan", "=", "pro", model="users")))),
    (Within("a"), No((Within("b"), Within("app")))),
    (Within("a"), No((Within("b"), Share("salt", 0, 5000)))),
    (Within("a"), No((Every((Within("b"), Within("a"))),))),
    (Some((Within("a"), Within("b"))), No((Within("app"),))),
    (Past("was_in", "a", 7 * DAY), Past("left", "b", 7 * DAY)),
]
"""What everybody in it must be, asked by joins or, where it cannot be, by bits."""

REST: list[Expression] = [
    Every(()),
    AtLeast(1, (Within("b"), Within("app"))),
    Some((Every((Within("b"), Within("app"))), attribute("age", ">=", "18"))),
    No((Some((Within("app"), Every((Within("a"), Within("b"))))),)),
]


def test_what_all_must_be_and_what_remains_agree_with_the_reference_whatever_is_missing(world: Warehouse) -> None:
    """Promise 17: of every such shape, with nothing missing and with each input missing in turn."""
    with world.read() as session:
        for core, rest in itertools.product(CORES, REST):
            expression = Every((*core, *(() if rest == Every(()) else (rest,))))
            for states in ({}, *({name: "missing"} for name in ("a", "b", "app"))):
                assert combined(session, expression, states) == expected(expression, states), (expression, states)


def test_enough_of_what_is_negated_is_counted(world: Warehouse) -> None:
    """`at_least` over `none`, and the opposite of that: a negation is known where what it negates is."""
    negated = AtLeast(1, (No((Within("a"),)),))
    with world.read() as session:
        for expression in (No((negated,)), Every((Within("b"), negated)), AtLeast(2, (negated, Within("b")))):
            for states in ({}, {"a": "missing"}):
                assert combined(session, expression, states) == expected(expression, states)


def test_more_sets_than_one_number_has_bits(world: Warehouse) -> None:
    """Seventy sets are combined like two."""
    past = [Past("joined", "a", timedelta(hours=12 * n)) for n in range(1, 71)]
    expression = Every((Some(tuple(past)), No((past[3],))))
    with world.read() as session:
        assert combined(session, expression, {}) == expected(expression, {})


STORED = {
    ("spring", ("1",)): 1081203221,
    ("spring", ("4711",)): 1744720707,
    ("010", ("a@é.example",)): 638552270,
    ("", ("",)): 4293294523,
    ("salt", ("FR", "7")): 981096806,
}
"""Hashes as they were when the first split was drawn: another value would draw everybody anew."""


@pytest.mark.parametrize(("salt", "key"), STORED, ids=repr)
def test_a_split_draws_what_it_drew_on_the_first_day(warehouse: Warehouse, salt: str, key: Key) -> None:
    """Promise 19: every engine computes the stored value, so that a person keeps the group on any machine."""
    scope = Scope(warehouse.dialect, warehouse.schema, "audience")
    with warehouse.read() as session:
        drawn = share_of(salt, [scope.text(part) for part in key], session.dialect)
        ((value,),) = session.rows(scope.sql(drawn.name("value").as_table()))
    assert value == share(salt, key) == STORED[salt, key]


def test_groups_are_as_large_as_they_are_said_to_be(world: Warehouse) -> None:
    """Promise 19: of 20,000 people each group has its share, within what chance allows (chi-square, p = 0.001)."""
    people = 20_000
    bounds = [0, 1000, 5450, 9999, BASIS]
    with world.write() as session:
        session.execute("DELETE FROM crm.contacts")
        numbers = ", ".join(f"({n})" for n in range(people))
        session.execute(f"INSERT INTO crm.contacts (contact_id) VALUES {numbers}")
        groups = [
            combined(session, Every((attribute("contact_id", "is", "not null"), Share("spring", low, high))), {})
            for low, high in itertools.pairwise(bounds)
        ]
    assert sum(map(len, groups)) == people
    assert len(set().union(*groups)) == people
    wanted = [people * (high - low) / BASIS for low, high in itertools.pairwise(bounds)]
    assert sum((len(group) - size) ** 2 / size for group, size in zip(groups, wanted, strict=True)) < CHI_SQUARE_3


CHI_SQUARE_3 = 16.27
"""Exceeded by chance once in a thousand times, with three degrees of freedom."""


def test_who_is_in_a_group_stays_when_others_come(world: Warehouse) -> None:
    """Promise 19: the group of a person depends on the person and the salt alone."""
    group = Share("spring", 0, 3000)
    with world.read() as session:
        few = combined(session, Every((Within("b"), group)), {})
        many = combined(session, Every((Some((Within("a"), Within("b"))), group)), {})
    assert few
    assert few == {key for key in many if int(key[0]) % 3 == 0}
