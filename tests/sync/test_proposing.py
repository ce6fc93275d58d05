"""Columns are proposed by what was measured: on both engines, with hashes, coincidences and ties."""

import hashlib

import pytest

from remote_segments.errors import ProjectError
from remote_segments.rest.catalog import load_platforms
from remote_segments.rest.manifest import SourceKind
from remote_segments.sync.plan import ModelSource
from remote_segments.sync.proposing import Fit, Proposal, choose_pairs, propose
from remote_segments.warehouses.base import Warehouse
from tests.support.memberships import write_model

COUNT = 20


def kind() -> SourceKind:
    """A kind with an id of its own, an id of ours, an e-mail address and a phone number."""
    return load_platforms()["klaviyo"].sources["segment"]


def address(number: int) -> str:
    return f"person.{number}@example.test"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


PAGE: dict[str, list[str | None]] = {
    "profile_id": [str(number) for number in range(COUNT)],
    "external_id": [f"C{number}" if number % 2 else None for number in range(COUNT)],
    "email": [f" {address(number).upper()}" for number in range(COUNT)],
    "phone": [None] * COUNT,
}
ROWS = [
    {
        "contact_id": f"C{number}",
        "serial": COUNT - 1 - number,
        "email": address(number),
        "digest": sha256(address(number)),
        "country": "DE",
        "score": 0.5,
    }
    for number in range(COUNT - 2)
]
TYPES = {"contact_id": "VARCHAR(20)", "serial": "BIGINT", "email": "VARCHAR(80)", "digest": "VARCHAR(64)",
         "country": "VARCHAR(2)", "score": "DOUBLE PRECISION"}  # fmt: skip


def proposed(warehouse: Warehouse, types: dict[str, str] = TYPES, page: dict[str, list[str | None]] = PAGE) -> Proposal:
    """Measures a page against a model with some columns."""
    with warehouse.write() as session:
        write_model(session, ROWS, types)
    with warehouse.read() as session:
        return propose(session, ModelSource(table="crm.contacts"), ("contact_id",), kind(), page)


def test_the_columns_that_match_are_found(warehouse: Warehouse) -> None:
    """Spelling is normalised, the exact id goes first, and numbers that only coincide are not believed."""
    found = proposed(warehouse)
    assert [(fit.identifier, fit.column, fit.hashed) for fit in found.chosen] == [
        ("external_id", "contact_id", None),
        ("email", "email", None),
    ]
    rates = {(fit.identifier, fit.column, fit.hashed): (fit.having, fit.matched) for fit in found.fits}
    assert rates["email", "email", None] == rates["email", "digest", "sha256"] == (20, 18)
    assert rates["external_id", "contact_id", None] == (10, 9)
    assert found.together == 18
    assert found.doubts == ("profile_id meets serial by chance: not in the rows that email leads to.",)


def test_a_model_may_hold_hashes_only(warehouse: Warehouse) -> None:
    """A column of 64 hexadecimal digits is tried as a hash."""
    found = proposed(warehouse, {name: kind for name, kind in TYPES.items() if name not in ("email", "serial")})
    assert [(fit.identifier, fit.column, fit.hashed) for fit in found.chosen][1:] == [("email", "digest", "sha256")]


def test_nothing_is_proposed_where_nothing_matches(warehouse: Warehouse) -> None:
    """Strangers give no pair, and no error."""
    strangers = {**PAGE, "external_id": ["X"] * COUNT, "email": ["x@example.test"] * COUNT, "profile_id": ["x"] * COUNT}
    found = proposed(warehouse, page=strangers)
    assert (found.members, found.chosen, found.together) == (COUNT, (), 0)


def test_a_model_that_is_not_there_is_told(warehouse: Warehouse) -> None:
    """The error is the one of a refresh."""
    with warehouse.read() as session, pytest.raises(ProjectError) as told:
        propose(session, ModelSource(table="crm.nobody"), ("id",), kind(), PAGE)
    assert told.value.code == "model-missing"


def fit(identifier: str, column: str, rows: dict[int, str], ambiguous: int = 0, kind: str = "text") -> Fit:
    """A measured pair; rows are the keys by member."""
    return Fit(identifier, kind, column, None, 10, ambiguous, {number: (key,) for number, key in rows.items()})


def test_a_column_that_leads_to_several_rows_identifies_nobody() -> None:
    """A country or a plan is never proposed."""
    assert choose_pairs([fit("external_id", "country", {1: "a"}, ambiguous=5)]) == ([], [])


def test_a_pair_that_finds_nobody_else_is_left_out() -> None:
    """The file stays short: an address that all ids found already is not needed."""
    ids, mails = fit("external_id", "contact_id", {1: "a", 2: "b"}), fit("email", "email", {1: "a"}, kind="email")
    assert choose_pairs([ids, mails]) == ([ids], [])


def test_a_column_far_behind_the_best_is_left_out() -> None:
    """One match among many is no sign."""
    best = fit("email", "email", {number: str(number) for number in range(9)}, kind="email")
    chosen, _ = choose_pairs([best, fit("external_id", "note", {9: "9"})])
    assert chosen == [best]


def test_columns_that_fit_equally_are_told() -> None:
    """A person decides between a column and its copy."""
    one, two = fit("email", "email", {1: "a"}, kind="email"), fit("email", "email_2", {1: "a"}, kind="email")
    chosen, doubts = choose_pairs([one, two])
    assert chosen == [one]
    assert doubts == ["email meets email_2 as often as email."]
