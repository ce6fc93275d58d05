"""Pages become columns; whatever is not as the manifest says is an error that names the path."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import UNSET

from remote_segments.errors import PlatformError, TemporaryError
from remote_segments.rest.decoding import Extra, IdentifierField, JoinedAt, Page, PageDecoder
from remote_segments.rest.formats import BareArray, JsonObject, KeyedObject, Rows
from remote_segments.rest.formats import Texts as TextsFormat
from remote_segments.rest.messages import Response

NESTED = {
    "key": IdentifierField(path="id"),
    "email": IdentifierField(path="attributes.email", kind="email"),
    "class": IdentifierField(path="attributes.class-name.$x"),
}


def decoder(**changes: Any) -> PageDecoder:
    """Returns a decoder of a JSON object with `data`, changed where a test wants."""
    settings: dict[str, Any] = {
        "layout": JsonObject(kind="json", items="data"),
        "identifiers": {"key": IdentifierField(path="id")},
        "primary": "key",
        "joined_at": None,
        "extras": {},
        "where": "platform invented",
    }
    return PageDecoder(**{**settings, **changes})


def decode(document: object, **changes: Any) -> tuple[Page, dict[str, Any]]:
    """Decodes a document."""
    return decoder(**changes).decode(Response(200, {}, json.dumps(document).encode()))


def test_nested_values_become_columns() -> None:
    """Members become one list per identifier, in order, nulls kept, whatever else an answer holds."""
    members = [
        {"id": "a", "type": "profile", "attributes": {"email": "a@example.test", "class-name": {"$x": None}}},
        {"id": "b", "attributes": {"email": None, "class-name": {"$x": "c"}, "more": [1]}},
    ]
    page, _ = decode({"data": members, "other": 1}, identifiers=NESTED)
    assert page.columns == {"key": ["a", "b"], "email": ["a@example.test", None], "class": [None, "c"]}
    assert (page.length, page.joined_at) == (2, None)


ADDRESSES = {"key": IdentifierField(path="id"), "email": IdentifierField(path="emails.0.value", absent="null")}


def test_a_member_gives_the_first_of_several_values() -> None:
    """A directory has an array of addresses per user: the first counts, and who has none has no address."""
    several = [{"value": "a@example.test", "primary": True}, {"value": "b@example.test"}]
    members = [{"id": "a", "emails": several}, {"id": "b", "emails": []}, {"id": "c"}]
    page, _ = decode({"data": members}, identifiers=ADDRESSES)
    assert page.columns == {"key": ["a", "b", "c"], "email": ["a@example.test", None, None]}


@pytest.mark.parametrize("emails", [[], "a@example.test", {"0": {"value": "a@example.test"}}, [{"vlaue": "x"}], [None]])
def test_a_first_value_that_must_be_there_is_missed(emails: object) -> None:
    """Without `absent`, a member without one, or with something else in its place, is an error that names the path."""
    fields = {**ADDRESSES, "email": IdentifierField(path="emails.0.value")}
    with pytest.raises(PlatformError, match=r"emails") as caught:
        decode({"data": [{"id": "a", "emails": emails}]}, identifiers=fields)
    assert caught.value.code in {"path-missing", "wrong-type"}


def test_texts_are_members() -> None:
    """An array of texts is a column, bare or at a path."""
    fields = {"key": IdentifierField()}
    assert decode(["a", "b"], layout=TextsFormat(kind="strings"), identifiers=fields)[0].columns == {"key": ["a", "b"]}
    page, _ = decode({"ids": ["a"]}, layout=TextsFormat(kind="strings", items="ids"), identifiers=fields)
    assert page.columns == {"key": ["a"]}


def test_bare_numbers_become_texts() -> None:
    """Where the manifest says so, members that are nothing but a number; text between them is an error."""
    layout, fields = TextsFormat(kind="strings", items="ids"), {"key": IdentifierField(type="integer")}
    assert decode({"ids": [11, 12]}, layout=layout, identifiers=fields)[0].columns == {"key": ["11", "12"]}
    either = {"key": IdentifierField(type="either")}
    assert decode({"ids": [11, "u"]}, layout=layout, identifiers=either)[0].columns == {"key": ["11", "u"]}
    for wrong in (["11"], [11, None], [True], [[11]]):
        with pytest.raises(PlatformError, match="wrong-type"):
            decode({"ids": wrong}, layout=layout, identifiers=fields)


def test_members_may_be_within_the_only_entry_of_an_array() -> None:
    """0 is the only entry; none, or a second one that would hold members too, is an error that names the place."""
    layout, fields = TextsFormat(kind="strings", items="data.0.ids"), {"key": IdentifierField()}
    extras = {"total": Extra("data.0.page.total", int)}
    whole = {"ids": ["u"], "page": {"total": 1}}
    page, values = decode({"data": [whole]}, layout=layout, identifiers=fields, extras=extras)
    assert (page.columns, values) == ({"key": ["u"]}, {"total": 1})
    for answer, place in (
        ({"data": []}, "`data`"),
        ({"data": [whole, whole]}, "at most length 1"),
        ({"data": {"0": whole}}, "`data`"),
        ({"data": [{"ids": ["u"]}]}, r"`data\[0\].page`"),
        ({"data": [{**whole, "ids": [7]}]}, r"data\[0\].ids"),
    ):
        with pytest.raises(PlatformError, match=place):
            decode(answer, layout=layout, identifiers=fields, extras=extras)


KEYED = KeyedObject(kind="keyed", items="contacts")
ROWS = Rows(kind="rows", items="results", columns=("id", "properties.email", "more"), columns_at="columns")
COLUMNS = {"key": IdentifierField(path="id"), "email": IdentifierField(path="properties.email")}


def test_members_under_their_keys_become_columns() -> None:
    """An object of objects is read in its order; an identifier without a path is the key; PHP's `[]` is none."""
    members = {"47": {"id": 47, "email": "a@example.test"}, "12": {"id": 12, "email": None}}
    fields = {"id": IdentifierField(path="id", type="integer"), "email": IdentifierField(path="email")}
    page, _ = decode({"contacts": members}, layout=KEYED, identifiers=fields, primary="id")
    assert page.columns == {"id": ["47", "12"], "email": ["a@example.test", None]}
    fields = {"key": IdentifierField(), "email": IdentifierField(path="email")}
    page, _ = decode({"contacts": members}, layout=KEYED, identifiers=fields)
    assert page.columns == {"key": ["47", "12"], "email": ["a@example.test", None]}
    for nobody in ({}, []):
        assert decode({"contacts": nobody}, layout=KEYED)[0].length == 0
    lenient = KeyedObject(kind="keyed", items="contacts", absent="empty")
    assert decode({}, layout=lenient)[0].length == 0


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"contacts": [{"id": "47"}]}, "wrong-type"),
        ({"contacts": None}, "wrong-type"),
        ({"contacts": {"47": []}}, "wrong-type"),
        ({"contacts": {"47": {}}}, "path-missing"),
        ({"contacts": {"47": {"id": None}}}, "member-without-id"),
        ({}, "path-missing"),
    ],
)
def test_another_shape_of_members_under_keys_is_an_error(document: object, code: str) -> None:
    """An array of members where an object is declared is never taken for none."""
    with pytest.raises(PlatformError) as caught:
        decode(document, layout=KEYED)
    assert caught.value.code == code


def test_rows_become_columns() -> None:
    """Values are found by their place; what nobody asks for may be anything."""
    document = {"columns": list(ROWS.columns), "results": [["a", "a@example.test", {}], ["b", None, 7]]}
    page, _ = decode(document, layout=ROWS, identifiers=COLUMNS)
    assert page.columns == {"key": ["a", "b"], "email": ["a@example.test", None]}
    times = JoinedAt(path="more", form="unix")
    assert decode(
        {"columns": list(ROWS.columns), "results": [["a", "x", 0]]}, layout=ROWS, identifiers=COLUMNS, joined_at=times
    )[0].joined_at == [datetime(1970, 1, 1, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("columns", "row", "code"),
    [
        (ROWS.columns, ["a", "x"], "wrong-type"),
        (ROWS.columns, ["a", "x", 1, 2], "wrong-type"),
        (ROWS.columns, {"id": "a"}, "wrong-type"),
        (ROWS.columns, [7, "x", 1], "wrong-type"),
        (ROWS.columns, [None, "x", 1], "member-without-id"),
        (("properties.email", "id", "more"), ["x", "a", 1], "wrong-type"),
        (ROWS.columns[:2], ["a", "x", 1], "wrong-type"),
    ],
)
def test_rows_of_another_shape_are_an_error(columns: tuple[str, ...], row: object, code: str) -> None:
    """A value in another place would be another person's identifier."""
    with pytest.raises(PlatformError) as caught:
        decode({"columns": list(columns), "results": [["a", "x", 1], row]}, layout=ROWS, identifiers=COLUMNS)
    assert caught.value.code == code


def test_an_identifier_may_be_a_number_or_a_text() -> None:
    """Some platforms write one id both ways; nothing else is taken for an id."""
    either = {"key": IdentifierField(path="id", type="either")}
    assert decode({"data": [{"id": 7}, {"id": "u-1"}]}, identifiers=either)[0].columns == {"key": ["7", "u-1"]}
    for value in (7.5, True, [], {}):
        with pytest.raises(PlatformError, match="wrong-type"):
            decode({"data": [{"id": value}]}, identifiers=either)


@pytest.mark.parametrize("value", [b"NaN", b"Infinity", b"-Infinity", b"nan", b"1e999", b"undefined"])
def test_what_is_no_json_is_no_id(value: bytes) -> None:
    """A server that writes NaN for a missing number is told, and nobody is called `nan`."""
    either = {"key": IdentifierField(path="id", type="either")}
    with pytest.raises(PlatformError, match=r"not-json|wrong-type"):
        decoder(identifiers=either).decode(Response(200, {}, b'{"data": [{"id": ' + value + b"}]}"))


def test_whole_numbers_become_text_only_where_declared() -> None:
    """An integer id is kept as its digits where the manifest says integer, and is an error where it says text."""
    integer = {"key": IdentifierField(path="id", type="integer")}
    assert decode([{"id": 10_000_000_000_000_001}], layout=BareArray(kind="array"), identifiers=integer)[0].columns == {
        "key": ["10000000000000001"]
    }
    for value, fields in ((7, {"key": IdentifierField(path="id")}), ("7", integer), (7.5, integer), (True, integer)):
        with pytest.raises(PlatformError, match=r"wrong-type.*data.*\.id"):
            decode({"data": [{"id": value}]}, identifiers=fields)


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({}, "`data`"),
        ({"data": [{}]}, "`data[0].id`"),
        ({"data": [{"id": "a", "attributes": {"class-name": {"$x": "c"}}}]}, "`data[0].attributes.email`"),
        ({"data": [{"id": "a"}]}, "`data[0].attributes`"),
    ],
)
def test_an_absent_path_is_named(document: object, path: str) -> None:
    """The message names the path that is not there."""
    with pytest.raises(PlatformError) as caught:
        decode(document, identifiers=NESTED)
    assert caught.value.code == "path-missing"
    assert path in caught.value.problem.found


@pytest.mark.parametrize(
    "document", [[], 7, None, "x", {"data": {}}, {"data": "x"}, {"data": None}, {"data": [7]}, {"data": [None]}]
)
def test_another_shape_is_an_error(document: object) -> None:
    """A page of another shape is never an empty page."""
    with pytest.raises(PlatformError, match="wrong-type"):
        decode(document)


def test_absence_may_be_declared() -> None:
    """Where the manifest says so, an absent array is an empty page and an absent identifier is null."""
    empty = JsonObject(kind="json", items="body.data", absent="empty")
    assert decode({"body": {}}, layout=empty)[0].length == 0
    assert decode({}, layout=empty)[0].length == 0
    fields = {
        "key": IdentifierField(path="id"),
        "flat": IdentifierField(path="flat", absent="null"),
        "deep": IdentifierField(path="a.deep", absent="null"),
    }
    page, _ = decode(
        {"data": [{"id": "1"}, {"id": "2", "flat": "f", "a": {"deep": "d"}}, {"id": "3", "a": {}}]}, identifiers=fields
    )
    assert page.columns == {"key": ["1", "2", "3"], "flat": [None, "f", None], "deep": [None, "d", None]}


def test_null_may_be_declared_to_be_no_member() -> None:
    """Where the manifest says so, null in place of the array is an empty page; all around it must still be there."""
    empty = JsonObject(kind="json", items="body.data", null="empty")
    extras = {"total": Extra("body.total", int)}
    assert decode({"body": {"data": None, "total": 0}}, layout=empty, extras=extras)[0].length == 0
    for answer in ({"body": None}, {"body": {"total": 0}}):
        with pytest.raises(PlatformError):
            decode(answer, layout=empty, extras=extras)


@pytest.mark.parametrize("value", [None, ""])
def test_a_member_without_its_own_id_is_an_error(value: str | None) -> None:
    """The platform's own identifier is never null or empty."""
    with pytest.raises(PlatformError, match="member-without-id"):
        decode({"data": [{"id": "a"}, {"id": value}]})


def test_the_time_of_joining_is_an_instant() -> None:
    """RFC 3339 text and seconds since 1970 become instants with a time zone; null stays null."""
    instant = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    rows = [{"id": "a", "at": "2026-11-24T09:00:00+01:00"}, {"id": "b", "at": None}]
    assert decode({"data": rows}, joined_at=JoinedAt(path="at"))[0].joined_at == [instant, None]
    rows = [{"id": "a", "at": int(instant.timestamp())}, {"id": "b"}]
    unix = JoinedAt(path="at", form="unix", absent="null")
    assert decode({"data": rows}, joined_at=unix)[0].joined_at == [instant, None]


@pytest.mark.parametrize("value", ["2026-11-24T09:00:00", "yesterday", 7])
def test_a_time_without_a_zone_is_an_error(value: object) -> None:
    """A time that could mean two instants is not guessed."""
    with pytest.raises(PlatformError, match="wrong-type"):
        decode({"data": [{"id": "a", "at": value}]}, joined_at=JoinedAt(path="at"))


def test_values_beside_the_members_are_read() -> None:
    """Cursor and total are read in the same pass; absent and null are told apart."""
    extras = {
        "next": Extra("paging.next.after", str, absent=True, null=True),
        "total": Extra("total", int),
    }
    _, values = decode({"data": [], "total": 3, "paging": {"next": {"after": "x"}}}, extras=extras)
    assert values == {"next": "x", "total": 3}
    assert decode({"data": [], "total": 3}, extras=extras)[1]["next"] is UNSET
    assert decode({"data": [], "total": 3, "paging": None}, extras=extras)[1]["next"] is None
    with pytest.raises(PlatformError, match="wrong-type"):
        decode({"data": [], "total": "3"}, extras=extras)


def test_messages_hold_no_value() -> None:
    """Promise 29: an error about a member names types and paths, never what the member holds."""
    for document in ({"data": [{"id": {"email": "ada@example.test"}}]}, {"data": [{"id": ["ada@example.test"]}]}):
        with pytest.raises(PlatformError) as caught:
            decode(document)
        assert "ada" not in str(caught.value)


def test_half_an_answer_is_told_from_nonsense() -> None:
    """A cut answer may come whole next time; nonsense will not."""
    with pytest.raises(TemporaryError, match="answer-cut"):
        decoder().decode(Response(200, {}, b'{"data": [{"id": "a"'))
    with pytest.raises(PlatformError, match=r"not-json.*web page"):
        decoder().decode(Response(200, {"content-type": "text/html; charset=utf-8"}, b"<html>"))
    with pytest.raises(PlatformError, match=r"not-json.*text/csv"):
        decoder().decode(Response(200, {"content-type": "text/csv"}, b"id\na\n"))


def test_an_answer_is_read_in_whole_thousands() -> None:
    """A large page is one list per identifier."""
    page, _ = decode({"data": [{"id": str(number)} for number in range(5000)]})
    assert page.columns["key"][-1] == "4999"
