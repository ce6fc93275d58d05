"""Every fetched member ends in exactly one outcome, the same as plain Python finds, on every engine."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_segments.identifiers import HASHES, KINDS, Options, Side, hexdigest
from remote_segments.membership.matching import Pair
from tests.reference.outcomes import outcomes
from tests.support.memberships import EMAIL, NUMBER, Segment, plan_of

ADDRESSES = [
    "a@x", "A@X ", "\u00a0a@x", "b@x", "é@x", "e\u0301@x", "É@x", "İ@x", "Σ@x", "ς@x", "c@x", "null", "", " ", None,
    "b@x@x", "unknown@x", "Null@x", "a+b@gmail.com", "A@gmail.com", "a.@gmail.com", "+a@gmail.com", "...@gmail.com",
    "c@b\u00fccher.de", "C@B\u00dcCHER.de ", "c@xn--bcher-kva.de", "c@bu\u0308cher.de", "c@\U0001f4a9.la", "c@@b\u00fc",
]  # fmt: skip
NUMBERS = ["1", "2", "3", "4", "01", " 1", "", None, "x'y", "\u00a0", "0", "00", "null", "N/A",
           "crm_1", "crm_002", "crm_", "crm_0", "crm_none", " crm_1", "003", "0000004"]  # fmt: skip
PHONES = ["+33612345678", " +33612345678", "+33612345679", "0612345678", "06 12 34 56 79\u00a0", "+33 (0)6 12 34 56 78",
          "0000000000", "unknown", "", " ", None]  # fmt: skip
TOKENS = ["00000000-0000-0000-0000-000000000000", "{A0000000-0000-0000-0000-00000000000B}", "zz",
          "a000000000000000000000000000000b", " A0000000-0000-0000-0000-00000000000b", "", None]  # fmt: skip
FRENCH = Pair("phone", "phone", "phone", options=Options(region="FR"))
SAME_MAILBOX = Options(plus_addresses=("gmail.com",), dots=("gmail.com",))

ENTRIES = [
    (NUMBER,),
    (EMAIL,),
    (NUMBER, EMAIL),
    (EMAIL, NUMBER),
    ((*EMAIL, Pair("phone", "phone", "phone")),),
    ((*EMAIL, Pair("phone", "phone", "phone")), EMAIL, NUMBER),
    ((Pair("email", "email", "hash", "sha256"),),),
    ((Pair("email", "email", "hash", "md5"),), NUMBER),
    ((Pair("email", "email", "hash", "sha1"),), NUMBER),
    ((FRENCH,), EMAIL, NUMBER),
    ((FRENCH, *NUMBER), (FRENCH,)),
    ((Pair("email", "email", "email", options=SAME_MAILBOX),), NUMBER),
    ((Pair("external_id", "external_id", "contact_id", options=Options(prefix="crm_", zero_padded=3)),), EMAIL),
    ((Pair("digest_md5", "email_md5", "email"),), NUMBER),
    ((Pair("digest_sha1", "email_sha1", "email"),),),
    ((Pair("digest_sha256", "email_sha256", "email"),), EMAIL),
    ((Pair("digest_sha256", "email_sha256", "hash", "sha256"),),),
    ((Pair("phone_sha1", "phone_sha1", "phone", options=Options(region="FR")),),),
    ((Pair("phone", "phone", "phone_hash", "sha1", Options(region="FR")),),),
    ((Pair("token", "uuid", "token"),), (Pair("token", "advertising_id", "token"),)),
]


def with_digests(member):
    """A member with hashes of its address and number, as a platform would give them; an unusable one has no hash."""
    address, number = member["email"], FRENCH.sides[0].compared(member["phone"])
    address = "not a hash" if address == "b@x@x" else KINDS["email"].normalise(address)
    for name in HASHES:
        hashed = address and (address if address == "not a hash" else hexdigest(name, address).upper())
        member |= {f"digest_{name}": hashed, f"phone_{name}": number and hexdigest(name, number)}
    return member


IDENTIFIERS = (
    "id", "external_id", "email", "phone", "token",
    *(f"{what}_{name}" for what in ("digest", "phone") for name in HASHES),
)  # fmt: skip

MEMBERS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["m1", "m2", "m3", "m4", "m5", "m6", "m7", None]),
            "external_id": st.sampled_from(NUMBERS),
            "email": st.sampled_from(ADDRESSES),
            "phone": st.sampled_from(PHONES),
            "token": st.sampled_from(TOKENS),
        }
    ).map(with_digests),
    max_size=9,
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "contact_id": st.integers(1, 5),
            "region": st.sampled_from(["north", "south"]),
            "email": st.sampled_from(ADDRESSES),
            "phone": st.sampled_from(PHONES),
            "token": st.sampled_from(TOKENS),
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
    "phone_hash": "VARCHAR(40)",
    "token": "VARCHAR(50)",
}
KEYS = [("contact_id",), ("contact_id", "region"), ("region", "contact_id")]

counter = itertools.count()


def check(warehouse, members, rows, entries, key):
    """Maps in the engine and in Python, and compares every member."""
    rows = list({tuple(row[name] for name in key): row for row in rows}.values())
    algorithm = next((pair.hashed for entry in entries for pair in entry if pair.hashed), "sha256")
    for row in rows:
        row["phone_hash"] = Side(FRENCH.sides[0].kind, "sha1").compared(row["phone"])
        row["hash"] = None if row["email"] is None else hexdigest(algorithm, row["email"].strip()).upper()
    plan = replace(plan_of(), segment=f"vip_{next(counter)}", entries=entries, key=key)
    segment = Segment(warehouse, plan, names=IDENTIFIERS)
    segment.model(rows, TYPES)
    mapped = segment.map(segment.fetch(members))
    expected = outcomes(members, rows, key, entries, "id")
    assert mapped.same_row == sum(one.same_row for one in expected)
    assert mapped.conflicting == sum(one.conflicting for one in expected)
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
        with_digests(
            {
                "id": f"m{n}",
                "email": address,
                "external_id": NUMBERS[n % len(NUMBERS)],
                "phone": PHONES[n % len(PHONES)],
                "token": TOKENS[n % len(TOKENS)],
            }
        )
        for n, address in enumerate(ADDRESSES)
    ]
    rows = [
        {
            "contact_id": n,
            "region": "north",
            "email": address,
            "phone": PHONES[n % len(PHONES)],
            "token": TOKENS[n % len(TOKENS)],
        }
        for n, address in enumerate(
            ["a@x", " É@X", "İ@x", "\u03c3@x", "b@x", None, "null", "", "c@b\u00fccher.de", "a@gmail.com", "unknown@x"],
            start=1,
        )
    ]
    check(warehouse, members, rows, entries, ("contact_id",))
