"""Rows that are sent, as columns: judged by plain Python, and by what Arrow itself makes of the same values."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from remote_segments.sync.activation.outgoing import COLUMNS, Rows, instants, numbers, texts

NOW = datetime(2026, 11, 24, 8, 30, 15, 123456, tzinfo=UTC)


def rows(*identifiers: str, first: int = 1, verb: str = "add", attributes: str | None = None) -> Rows:
    """Rows with these identifiers, as the warehouse gives them."""
    count = len(identifiers)
    columns = {name: pa.array([None] * count, pa.string()) for name in COLUMNS}
    columns |= {"position": pa.array(range(first, first + count)), "verb": pa.array([verb] * count)}
    columns |= {"identifiers": pa.array(identifiers), "attributes": pa.array([attributes] * count, pa.string())}
    return Rows(pa.table(columns))


@pytest.mark.parametrize("values", [["a", None, "ü", ""] * 5, ["x"] * 9, [None, None], []])
def test_texts_are_those_that_arrow_would_make(values):
    """Nulls and empty texts are not confused, whatever stands beside them."""
    assert texts(values).equals(pa.array(values, pa.string()))


@pytest.mark.parametrize("values", [[NOW, None, datetime(1969, 1, 1, tzinfo=UTC)], [NOW] * 17])
def test_instants_are_those_that_arrow_would_make(values):
    """To the microsecond, also before 1970."""
    assert instants(values).equals(pa.array(values, pa.timestamp("us", tz="UTC")))


def test_numbers_are_those_that_arrow_would_make():
    """Of 64 bits."""
    assert numbers([1, -1, 2**62]).equals(pa.array([1, -1, 2**62], pa.int64()))


def test_rows_are_taken_by_their_positions():
    """Both ends are included; what lies outside is nothing."""
    some = rows(*['{"email": "a@b.c"}'] * 5, first=11)
    assert some.between(12, 14).positions == [12, 13, 14]
    assert some.between(1, 10).positions == []
    kept, gone = some.parted({12, 15, 99})
    assert (kept.positions, gone.positions) == ([11, 13, 14], [12, 15])
    kept, gone = some.parted(())
    assert (len(kept), len(gone)) == (5, 0)


def test_a_batch_has_what_its_rows_say():
    """Identifiers that a person lacks are null; control characters that the warehouse left as they are do no harm."""
    some = rows('{"email": "a@b.c", "id": null}', '{"id": "7\t"}', attributes='{"plan": "x\ny", "age": 3}')
    batch = some.batch(("email", "id"), False, 4, "send-4")
    assert batch.identifiers == {"email": ["a@b.c", None], "id": [None, "7\t"]}
    assert batch.attributes == {"plan": ["x\ny", "x\ny"], "age": [3, 3]}
    assert (batch.verb, batch.number, batch.key) == ("add", 4, "send-4")


def test_a_destination_of_one_identifier_gets_the_first_that_each_has():
    """Whoever lacks the first goes by the second, in a batch of their own."""
    some = rows('{"email": "a@b.c", "id": "1"}', '{"email": null, "id": "2"}')
    assert some.first_of(("email", "id")) == ["email", "id"]
    assert some.at([1]).batch(("email", "id"), True, 1, "").identifiers == {"id": ["2"]}


def test_whoever_stays_is_written_anew_like_whoever_is_added():
    """Where everybody is written at once."""
    assert rows('{"email": "a@b.c"}', verb="keep").verb == "add"
