"""How people are addressed, and who must not be sent, are what plain Python finds, on every engine."""

import json
from hashlib import md5, sha256

import pytest

from remote_segments.identifiers import KINDS, Options
from remote_segments.membership.addressing import HELD_OUT, NO_CONSENT, SUPPRESSED, Address, Message, Rule, people
from remote_segments.membership.compile import Scope, unbound
from remote_segments.membership.models import Model
from remote_segments.sync.store import ensure_store
from tests.support.memberships import write_model

TYPES = {
    "contact_id": "BIGINT", "email": "VARCHAR(80)", "phone": "VARCHAR(40)", "hash": "VARCHAR(80)",
    "name": "VARCHAR(80)", "age": "INTEGER", "score": "DOUBLE PRECISION", "adult": "BOOLEAN", "gone_at": "TIMESTAMPTZ",
    "consent": "VARCHAR(20)",
}  # fmt: skip
HASH = "A" * 64
ROWS = [
    {"contact_id": 1, "email": " Ann@Example.com ", "phone": "+33612345678", "hash": HASH, "name": 'A "q" \\ b\n',
     "age": 30, "score": 1.5, "adult": True, "consent": "Yes"},
    {"contact_id": 2, "email": "not an address", "phone": "+33612345679", "hash": "zz", "name": None, "consent": "yes"},
    {"contact_id": 3, "email": None, "phone": "", "name": "C", "age": 1, "adult": False, "consent": "yes"},
    {"contact_id": 4, "email": "d@x.fr", "name": "D", "consent": "no"},
    {"contact_id": 5, "email": "e@x.fr", "name": "E", "consent": None},
    {"contact_id": 6, "email": "f@x.fr", "consent": "yes"},
    {"contact_id": 7, "email": "g@x.fr", "consent": "yes"},
    {"contact_id": 8, "email": "h@x.fr", "consent": "yes"},
]  # fmt: skip
EMAIL, PHONE = Address("email", "email", "email"), Address("phone", "phone", "phone")
ATTRIBUTES = {"name": "name", "age": "age", "score": "score", "adult": "adult"}


def found(warehouse, message, numbers=range(1, 10), lists=None):
    """Everybody with what is sent, by key; `lists` are staged tables of keys."""
    with warehouse.write() as session:
        ensure_store(session)
        write_model(session, ROWS, TYPES)
        relation = session.expose(table="crm.contacts")
        model = Model(relation.schema, relation.name, relation.columns, ("contact_id",))
        for name, keys in {"audience": numbers, **(lists or {})}.items():
            session.execute(f"DROP TABLE IF EXISTS {name}")
            session.execute(f"CREATE TEMPORARY TABLE {name} (key TEXT)")
            session.execute(f"INSERT INTO {name} VALUES " + ", ".join(f"('{key}')" for key in keys))
        scope = Scope(session.dialect, session.schema, "vip_to_files")
        keys = unbound("audience", {"key": "text"})
        rows = session.rows(scope.sql(people(scope, keys, model, message)))
    names = ("blocked", "identifiers", "attributes", "digest")
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}


def sent(rows, name="identifiers"):
    """What goes out, as values."""
    return {key: row[name] and json.loads(row[name]) for key, row in rows.items()}


def test_identifiers_go_out_as_their_kind_compares_them(warehouse):
    """Trimmed and in lower case; what cannot identify anybody is null; nobody is addressed by nothing."""
    rows = sent(found(warehouse, Message((EMAIL, PHONE))))
    assert rows["1"] == {"email": "ann@example.com", "phone": "+33612345678"}
    assert rows["2"] == {"email": None, "phone": "+33612345679"}
    assert rows["3"] is None
    assert rows["9"] is None  # the model no longer has this person
    for row in ROWS:
        expected = KINDS["email"].normalise(row.get("email"))
        assert (rows[str(row["contact_id"])] or {"email": None})["email"] == expected


def test_a_destination_of_hashes_gets_hashes(warehouse):
    """A column of plain addresses is hashed as it is compared; a column of hashes is folded, and nothing else of it."""
    plain = Address("email_sha256", "email_sha256", "email")
    kept = Address("email_sha256", "email_sha256", "hash", hashed="sha256")
    assert sent(found(warehouse, Message((plain,))))["1"] == {"email_sha256": sha256(b"ann@example.com").hexdigest()}
    rows = sent(found(warehouse, Message((kept,))))
    assert (rows["1"], rows["2"]) == ({"email_sha256": HASH.lower()}, None)


def test_what_a_destination_leaves_out_and_which_form_it_takes(warehouse):
    """A plus sign is left out before the hash; a value of another form addresses nobody."""
    digits = Address("phone", "phone", "phone", without="+")
    assert sent(found(warehouse, Message((digits,))))["1"] == {"phone": "33612345678"}
    hashed = Address("phone_sha256", "phone_sha256", "phone", without="+")
    assert sent(found(warehouse, Message((hashed,))))["1"] == {"phone_sha256": sha256(b"33612345678").hexdigest()}
    narrow = Address("email", "email", "email", form=r"[a-z]+@x\.fr")
    rows = sent(found(warehouse, Message((narrow,))))
    assert (rows["1"], rows["4"]) == (None, {"email": "d@x.fr"})


def test_a_set_of_identifiers_is_needed_as_a_whole(warehouse):
    """Whoever lacks one of a set is not addressable by it; another set may do."""
    both = sent(found(warehouse, Message((EMAIL, PHONE), needs=(("email", "phone"),))))
    assert {key for key, row in both.items() if row} == {"1"}
    either = sent(found(warehouse, Message((EMAIL, PHONE), needs=(("email", "phone"), ("phone",)))))
    assert {key for key, row in either.items() if row} == {"1", "2"}


def test_attributes_go_out_as_json_of_their_own_type(warehouse):
    """Numbers and truth values without quotes, texts with what JSON escapes, nothing as null; the hash is of that."""
    rows = found(warehouse, Message((EMAIL,), ATTRIBUTES))
    assert sent(rows, "attributes")["1"] == {"name": 'A "q" \\ b\n', "age": 30, "score": 1.5, "adult": True}
    assert sent(rows, "attributes")["3"] == {"name": "C", "age": 1, "score": None, "adult": False}
    text = rows["1"]["attributes"]
    assert rows["1"]["digest"] == md5(text.encode(), usedforsecurity=False).hexdigest()
    assert found(warehouse, Message((EMAIL,)))["1"]["digest"] is None


def test_rules_block_in_their_order(warehouse):
    """Promise 26: listed, without consent, held out: each is blocked by the first rule that holds."""
    rules = (
        Rule(SUPPRESSED, "complained", staged="complained"),
        Rule(SUPPRESSED, "gone", column="gone_at"),
        Rule(NO_CONSENT, "mail", column="consent", values=("yes", "true")),
        Rule(NO_CONSENT, "terms", staged="agreed"),
        Rule(HELD_OUT, "control", staged="control"),
    )
    lists = {"complained": [6], "agreed": [1, 2, 3, 4, 5, 6, 8], "control": [8]}
    rows = found(warehouse, Message((EMAIL, PHONE), rules=rules), lists=lists)
    assert {key: row["blocked"] for key, row in rows.items()} == {
        "1": None, "2": None, "3": None, "4": "no consent: mail", "5": "no consent: mail",
        "6": "suppressed: complained", "7": "no consent: terms", "8": "holdout: control", "9": "no consent: mail",
    }  # fmt: skip


@pytest.mark.parametrize("region", ["FR", None])
def test_options_of_a_kind_are_those_of_matching(warehouse, region):
    """A column's prefix is left out, as when a segment is matched."""
    address = Address("external_id", "external_id", "contact_id", options=Options(prefix="1", region=region))
    assert sent(found(warehouse, Message((address,))))["2"] == {"external_id": "2"}
