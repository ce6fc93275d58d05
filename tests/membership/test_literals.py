"""Names and values as SQL text, read back by both engines."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from remote_segments.membership.literals import literal, quoted, table_name

VALUES = ["", "it's", "back\\slash", "100 %", "{x}", "line\nbreak", 'say "so"', "é\u00a0", 0, -5, 2**40, 1.5, None]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_comes_back_as_it_went(warehouse, value):
    """No character of a value is read as SQL."""
    with warehouse.read() as session:
        name = quoted('odd "name"')
        ((found,),) = session.rows(f"SELECT {literal(value)} AS {name}")
    assert (float(found) if isinstance(value, float) else found) == value


def test_an_instant_comes_back_to_the_microsecond(warehouse):
    """Whatever its zone, an instant is the same in UTC."""
    instant = datetime(2026, 11, 24, 9, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with warehouse.read() as session:
        assert session.rows(f"SELECT {literal(instant)}") == [(instant.astimezone(UTC),)]


def test_a_nul_character_is_refused():
    """Postgres cannot store it, so it is not written anywhere."""
    with pytest.raises(ValueError, match="NUL"):
        literal("a\0b")


def test_a_table_is_named_with_or_without_its_schema():
    """A temporary table has no schema."""
    assert (table_name("my schema", "t"), table_name(None, "t")) == ('"my schema"."t"', '"t"')
