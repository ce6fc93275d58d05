"""Batches and answers as values."""

from remote_segments.destinations.abilities import Abilities, Accepted, VerbAbility
from remote_segments.destinations.batches import Answer, Batch

BATCH = Batch(
    "add",
    {"email": ["a@example.test", None, "c@example.test"], "user": [None, "u2", "u3"]},
    {"plan": ["x", None, "z"]},
    number=4,
    key="k",
)
ABILITIES = Abilities(
    title="List",
    ids=("list_id",),
    identifiers={"email": Accepted("email"), "first": Accepted("text"), "last": Accepted("text")},
    verbs={"add": VerbAbility(100, 10, idempotent=True, tells="batch", lookups={"email": 50})},
    needs=(frozenset({"email"}), frozenset({"first", "last"})),
    creates_people=False,
)


def test_a_batch_names_nobody() -> None:
    """Promise 29: what is shown of a batch in a traceback holds no identifier."""
    assert len(BATCH) == 3
    assert "example.test" not in repr(BATCH)
    assert "u2" not in f"{BATCH}"


def test_a_row_has_what_its_member_has() -> None:
    """Identifiers that a member lacks are left out; attributes are kept, empty ones too."""
    assert BATCH.row(0) == {"email": "a@example.test"}
    assert BATCH.row(1) == {"user": "u2"}
    assert BATCH.attributes_of(1) == {"plan": None}


def test_halves_hold_everybody_once_in_order() -> None:
    """Halving again and again ends with each member alone, under a key of its own."""
    first, second = BATCH.halves()
    assert [len(first), len(second)] == [2, 1]
    assert [*first.identifiers["user"], *second.identifiers["user"]] == BATCH.identifiers["user"]
    assert [*first.attributes["plan"], *second.attributes["plan"]] == BATCH.attributes["plan"]
    assert len({first.key, second.key, BATCH.key}) == 3


def test_an_answer_counts_its_outcomes() -> None:
    """Everybody alike, and then one by one."""
    assert Answer.alike(2, "accepted").counts() == {"accepted": 2}
    assert Answer(["accepted", "rejected", "accepted"], [None, "x", None], [False, True, False]).counts() == {
        "accepted": 2,
        "rejected": 1,
    }


def test_whoever_has_all_of_one_set_is_addressable() -> None:
    """Half of a set does not suffice."""
    assert ABILITIES.addressable({"email", "first"})
    assert ABILITIES.addressable({"first", "last"})
    assert not ABILITIES.addressable({"first"})
    assert list(ABILITIES.lacking(["email", "phone"])) == ["phone"]


def test_calls_are_known_before_anything_is_sent() -> None:
    """Look-ups count, where the identifier needs them."""
    add = ABILITIES.verbs["add"]
    assert add.calls(101) == 11
    assert add.calls(101, "email") == 11 + 3
    assert add.calls(0) == 0
