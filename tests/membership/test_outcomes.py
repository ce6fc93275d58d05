"""Every fetched member ends in exactly one outcome, the same as plain Python finds, on every engine."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_segments.identifiers import hexdigest
from remote_segments.membership.matching import Pair
from tests.reference.outcomes import outcomes
from tests.support.memberships import EMAIL, NUMBER, Segment, plan_of

ADDRESSES = [
    "a@x", "A@X ", "\u00a0a@x", "b@x", "é@x", "e\u0301@x", "É@x", "İ@x", "Σ@x", "ς@x", "c@x", "null", "", " ", None,
    "b@x@x",
]  # fmt: skip
NUMBERS = ["1", "2", "3", "4", "01", " 1", "", None, "x'y", "\u00a0"]
PHONES = ["+33612345678", " +33612345678", "+33612345679", "0612345678", None]

ENTRIES = [
    (NUMBER,),
    (EMAIL,),
    (NUMBER, EMAIL),
    (EMAIL, NUMBER),
    ((*EMAIL, Pair("phone", "phone", "phone")),),
    ((*EMAIL, Pair("phone", "phone", "phone")), EMAIL, NUMBER),
    ((Pair("email", "email", "hash", "sha256"),),),
    ((Pair("email", "email", "hash", "md5"),), NUMBER),
]

MEMBERS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["m1", "m2", "m3", "m4", "m5", "m6", "m7", None]),
            "external_id": st.sampled_from(NUMBERS),
            "email": st.sampled_from(ADDRESSES),
            "phone": st.sampled_from(PHONES),
        }
    ),
    max_size=9,
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "contact_id": st.integers(1, 5),
            "region": st.sampled_from(["north", "south"]),
            "email": st.sampled_from(ADDRESSES),
            "phone": st.sampled_from(PHONES),
        }
    ),
    min_size=1,
    max_size=8,
)
TYPES = {
    "contact_id": "BIGINT",
    "region": "VARCHAR(9)",
    "email": "VARCHAR(30)",
    "phone": "VARCHAR(30)",
    "hash": "CHAR(64)",
}
KEYS = [("contact_id",), ("contact_id", "region"), ("region", "contact_id")]

counter = itertools.count()


def check(warehouse, members, rows, entries, key):
    """Maps in the engine and in Python, and compares every member."""
    rows = list({tuple(row[name] for name in key): row for row in rows}.values())
    algorithm = next((pair.hashed for entry in entries for pair in entry if pair.hashed), "sha256")
    for row in rows:
        row["hash"] = None if row["email"] is None else hexdigest(algorithm, row["email"].strip()).upper()
    plan = replace(plan_of(), segment=f"vip_{next(counter)}", entries=entries, key=key)
    segment = Segment(warehouse, plan, names=("id", "external_id", "email", "phone"))
    segment.model(rows, TYPES)
    mapped = segment.map(segment.fetch(members))
    expected = outcomes(members, rows, key, entries, "id")
    lost = segment.unmapped(mapped.snapshot_id)
    assert lost == {number: one.what for number, one in enumerate(expected, 1) if one.key is None}
    found = segment.rows(
        f"SELECT member_no, key, key_2, matched FROM {{s}}.keys WHERE snapshot_id = '{mapped.snapshot_id}'"
    )
    wanted = {(n, *one.key, *([None] * (2 - len(key))), one.matched) for n, one in enumerate(expected, 1) if one.key}
    assert set(found) == wanted
    assert len(found) == len(wanted)
    assert (
        mapped.fetched
        == len(members)
        == sum((mapped.mapped, mapped.unknown, mapped.ambiguous, mapped.invalid, mapped.duplicate))
    )


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=60, deadline=None, suppress_health_check=QUIET, derandomize=True)
@given(members=MEMBERS, rows=ROWS, entries=st.sampled_from(ENTRIES), key=st.sampled_from(KEYS))
def test_duckdb_finds_what_plain_python_finds(duckdb_warehouse, members, rows, entries, key):
    """Promise 11: fetched = mapped + unknown + ambiguous + invalid + duplicate, each member in exactly one."""
    check(duckdb_warehouse, members, rows, entries, key)


@settings(max_examples=25, deadline=None, suppress_health_check=QUIET, derandomize=True)
@given(members=MEMBERS, rows=ROWS, entries=st.sampled_from(ENTRIES), key=st.sampled_from(KEYS))
def test_postgres_finds_what_plain_python_finds(postgres_warehouse, members, rows, entries, key):
    """Promise 11: fetched = mapped + unknown + ambiguous + invalid + duplicate, each member in exactly one."""
    check(postgres_warehouse, members, rows, entries, key)


@pytest.mark.parametrize("entries", ENTRIES)
def test_every_spelling_meets_its_own_row_only(warehouse, entries):
    """Each listed spelling of an address, number or phone is compared by both engines as plain Python compares it."""
    members = [
        {"id": f"m{n}", "email": address, "external_id": NUMBERS[n % len(NUMBERS)], "phone": PHONES[n % len(PHONES)]}
        for n, address in enumerate(ADDRESSES)
    ]
    rows = [
        {"contact_id": n, "region": "north", "email": address, "phone": PHONES[n % len(PHONES)]}
        for n, address in enumerate(["a@x", " É@X", "İ@x", "\u03c3@x", "b@x", None, "null", ""], start=1)
    ]
    check(warehouse, members, rows, entries, ("contact_id",))
