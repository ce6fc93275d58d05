"""What only Python can normalise: made once, kept, shared, forgotten in time, asked for only when it is needed."""

from datetime import timedelta

import pytest

from remote_segments.identifiers import KINDS, Options
from remote_segments.membership.matching import Pair
from remote_segments.sync import spelling
from remote_segments.sync.spelling import BATCH, watched_addresses
from remote_segments.sync.trying import try_members
from tests.support.memberships import EMAIL, Segment, plan_of

FRENCH = (Pair("phone", "phone", "phone", options=Options(region="FR")),)
TYPES = {"contact_id": "BIGINT", "email": "VARCHAR(80)", "phone": "VARCHAR(80)"}
NUMBERS = ["06 12 34 56 78", "0612345679", "+33612345680", "unknown", None]
ROWS = [{"contact_id": n, "phone": number} for n, number in enumerate(NUMBERS, start=1)]
MEMBERS = [{"id": f"m{n}", "phone": f"+3361234567{n}"} for n in (8, 9)] + [{"id": "m0", "phone": "06 12 34 56 80"}]


@pytest.fixture
def segment(warehouse):
    """A segment that matches French telephone numbers."""
    segment = Segment(warehouse, plan_of(entries=(FRENCH,)), names=("id", "email", "phone"), types=TYPES)
    segment.model(ROWS)
    return segment


@pytest.fixture
def made(monkeypatch):
    """The values that were normalised in Python, in order."""
    found, whole = [], spelling.spelling_of

    def watching(side, dialect):
        make = whole(side, dialect)
        return lambda text: found.append(text) or make(text)

    monkeypatch.setattr(spelling, "spelling_of", watching)
    return found


def kept(segment):
    """What the warehouse keeps."""
    return set(segment.rows("SELECT segment, written, canonical FROM {s}.spellings"))


def test_spellings_of_both_sides_are_made_once_and_kept(segment, made):
    """A number that is E.164 is never looked up; all others are made at the first refresh and read at the next."""
    first = segment.refresh(MEMBERS)
    assert segment.published() == [1, 2, 3]
    assert (first.mapped, first.unknown) == (3, 0)
    assert sorted(made) == sorted(["06 12 34 56 78", "0612345679", "unknown", "06 12 34 56 80"])
    assert kept(segment) == {
        ("vip", "06 12 34 56 78", "+33612345678"),
        ("vip", "0612345679", "+33612345679"),
        ("vip", "06 12 34 56 80", "+33612345680"),
        ("vip", "unknown", None),
    }
    made.clear()
    again = segment.refresh([*MEMBERS, {"id": "new", "phone": "0600000001"}])
    assert made == ["0600000001"]
    assert (again.mapped, again.unknown) == (3, 1)


def test_another_segment_reads_what_is_kept_and_another_region_does_not(segment, made):
    """Spellings are shared by rule; a number that is written as at home means another person in another country."""
    segment.refresh(MEMBERS)
    made.clear()
    other = Segment(segment.warehouse, plan_of(segment="other", entries=(FRENCH,)), names=segment.names, types=TYPES)
    other.now = segment.now
    other.refresh(MEMBERS)
    assert made == []
    belgian = (Pair("phone", "phone", "phone", options=Options(region="BE")),)
    other.plan = plan_of(segment="other", entries=(belgian,), definition_hash="second")
    other.refresh([{"id": "m1", "phone": "+32612345679"}])
    assert "0612345679" in made


def test_what_two_segments_kept_at_the_same_time_counts_once(segment):
    """The same value kept twice makes nobody ambiguous."""
    segment.refresh(MEMBERS)
    with segment.warehouse.write() as session:
        table = f'"{session.schema}".spellings'
        session.execute(f"INSERT INTO {table} SELECT 'other', rule, written, canonical, made_at FROM {table}")
    assert segment.refresh(MEMBERS).mapped == 3


def test_spellings_are_forgotten_after_the_retention_and_made_again(segment, made):
    """They are personal data, so the segment that made them deletes them, and loses nobody by it."""
    segment.plan = plan_of(entries=(FRENCH,), retention=timedelta(hours=3))
    segment.refresh(MEMBERS)
    segment.now += timedelta(hours=4)
    segment.refresh(MEMBERS)
    assert kept(segment) == set()
    made.clear()
    assert segment.refresh(MEMBERS).mapped == 3
    assert len(made) == len(kept(segment)) == 4


def test_trying_keeps_nothing_and_finds_the_same(segment, made):
    """A reading session makes spellings for itself, and uses those that are kept."""
    columns = {name: [member.get(name) for member in MEMBERS] for name in ("id", "phone")}
    for expected in (4, 0):
        with segment.warehouse.read() as session:
            found = try_members(session, segment.plan, columns, 3)
        assert [one.key for one in found.outcomes] == [("1",), ("2",), ("3",)]
        assert len(made) == expected
        segment.refresh(MEMBERS)
        made.clear()


def test_many_values_are_made_in_batches(segment, made, monkeypatch):
    """Each value is made once, also the last of a batch and the first of the next."""
    monkeypatch.setattr(spelling, "BATCH", 3)
    rows = [{"contact_id": n, "phone": f"06 00 00 00 0{n}"} for n in range(1, 8)]
    segment.model(rows)
    found = segment.refresh([{"id": str(n), "phone": f"+3360000000{n}"} for n in range(1, 8)])
    assert found.mapped == 7
    assert sorted(made) == [row["phone"] for row in rows]
    assert BATCH > 1_000


@pytest.mark.parametrize(
    ("member", "row", "looked_up"),
    [
        ("Anna@example.com", "anna@b\u00fccher.example", 0),
        ("\u00e9@example.com", "anna@b\u00fccher.example", 1),
        ("anna@b\u00fccher.example", "Anna@XN--BCHER-KVA.example", 1),
        ("anna@xn--bcher-kva.example", "anna@b\u00fccher.example", 1),
        ("anna@b\u00fccher.example", "anna@b\u00fccher.example", 1),
    ],
)
def test_the_models_addresses_are_looked_at_only_when_a_member_may_need_it(segment, made, member, row, looked_up):
    """A domain meets its other spelling; without a member outside ASCII no address goes through Python."""
    segment.plan = plan_of(entries=(EMAIL,))
    segment.model([{"contact_id": 1, "email": row}])
    found = segment.map(segment.fetch([{"id": "m1", "email": member}]))
    same = KINDS["email"].normalise(member) == KINDS["email"].normalise(row)
    assert (found.mapped, found.unknown) == ((1, 0) if same else (0, 1))
    assert len(made) == looked_up
    assert watched_addresses(segment.plan) == ["email"]


def test_a_hash_that_the_engine_lacks_is_made_in_python(segment):
    """The model's addresses meet a platform's SHA-1 on every engine."""
    segment.plan = plan_of(entries=((Pair("sha", "email_sha1", "email"),),))
    segment.names = ("id", "sha")
    segment.model([{"contact_id": 1, "email": " Anna@Example.com"}, {"contact_id": 2, "email": None}])
    digits = "46864313fa6d54ca75d20f478c80edfa75d92a16"  # of anna@example.com
    members = [{"id": "m1", "sha": digits.upper()}, {"id": "m2", "sha": "x"}, {"id": "m3", "sha": "0" * 40}]
    found = segment.refresh(members)
    assert (found.mapped, found.unknown, found.invalid) == (1, 1, 1)
    assert segment.published() == [1]
