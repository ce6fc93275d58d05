"""Written segment files say what was meant to everybody who reads them."""

from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from remote_segments.config.segment import Segment
from remote_segments.config.writing import Match, scalar, segment_text
from remote_segments.validation import check
from remote_segments.yaml import parse

AMBIGUOUS = [
    *[
        "010",
        "8",
        "12:30",
        "1_000",
        "1e3",
        "0x1F",
        "1.0",
        "+1",
        "yes",
        "null",
        "~",
        "2026-11-24",
        "-",
        "#1",
        "a: b",
        "",
    ],
    *[" x", "{a}", "[a]", "*a", "&a", "!a", "a,b", "x #y", "'", '"', "\n", "\u00e9"],
]
"""Texts that plain YAML takes for numbers, days, switches, or its own signs."""


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_an_id_stays_the_characters_it_is(text: str) -> None:
    """Ids that YAML would read as something else are quoted, wherever they stand."""
    assert yaml.safe_load(f"a: {scalar(text)}") == {"a": text}
    assert yaml.safe_load(f"{{a: {scalar(text)}, b: c}}") == {"a": text, "b": "c"}
    assert parse(f"{{a: {scalar(text)}}}", Path("x.yaml")).content == {"a": text}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_any_text_stays_what_it_is(text: str) -> None:
    """Whatever a platform calls a segment can be written down."""
    assert yaml.safe_load(f"{{a: {scalar(text)}}}") == {"a": text}


@pytest.mark.parametrize("text", ["VIPOPN", "klaviyo", "1 hour", "1 day at 06:30", "VIP openers", "C1"])
def test_plain_words_are_not_quoted(text: str) -> None:
    """A file looks as a person would write it."""
    assert scalar(text) == text


def test_a_written_file_is_valid() -> None:
    """All parts come back as they were given."""
    text = segment_text(
        description='VIP: "openers"',
        model="contacts",
        connection="klaviyo",
        source={"list_id": "a1", "segment_id": "010"},
        identifiers=[Match("external_id", "contact id", note="9 of 10"), Match("email", "email_sha256", "sha256")],
        frequency="30 6 * * mon-fri",
        start=date(2026, 11, 24),
        schema="../schema/segment.json",
    )
    file = Path("vip.yaml")
    segment, problems = check(parse(text, file), Segment, {"file": file})
    assert problems == []
    assert segment is not None
    assert segment.source.ids == {"list_id": "a1", "segment_id": "010"}
    assert segment.description == 'VIP: "openers"'
    assert [[(name, one.column, one.hashed) for name, one in entry.items()] for entry in segment.identifiers] == [
        [("external_id", "contact id", None)],
        [("email", "email_sha256", "sha256")],
    ]
    assert segment.start == date(2026, 11, 24)
    assert segment.refresh_frequency.text == "30 6 * * mon-fri"
