"""How files may be written, and what is read of them: the characters as they are."""

import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from remote_segments.errors import PlatformError
from tests.support.deliveries import account, put, read

IDS = ("contact_id",)


def csv(folder: Path, text: str | bytes, identifiers: tuple[str, ...] = IDS, **source: Any) -> list[Any]:
    """What is read of one CSV file."""
    put(folder, "vip.csv", text)
    found = read(account(folder), identifiers, path="vip.csv", completeness="atomic", **source)
    return [tuple(row.values()) for row in found.rows]


def refused(folder: Path, text: str | bytes, **source: Any) -> PlatformError:
    """The error in which reading one CSV file ends."""
    with pytest.raises(PlatformError) as caught:
        csv(folder, text, **source)
    return caught.value


def test_ids_stay_the_characters_written(tmp_path: Path) -> None:
    """Nothing is taken for a number, a day or a switch, and no blank is cut off."""
    ids = ["010", "1e5", "1.0", "+33612345678", "2026-11-24", "true", " 7 ", "NULL", "nan"]
    assert csv(tmp_path, "contact_id,x\n" + "".join(f"{one},x\n" for one in ids)) == [(one,) for one in ids]


def test_nothing_and_an_empty_text_differ(tmp_path: Path) -> None:
    """Without quotes there is no value; in quotes there is one, which is empty."""
    found = csv(tmp_path, 'contact_id,email\n1,\n2,""\n3,NULL\n', ("contact_id", "email"))
    assert found == [("1", None), ("2", ""), ("3", "NULL")]


def test_other_words_for_nothing(tmp_path: Path) -> None:
    """What stands for no value can be said; in quotes it stays a text."""
    text = 'contact_id,email\n1,\\N\n2,"NULL"\n3,NULL\n4,\n'
    found = csv(tmp_path, text, ("contact_id", "email"), csv={"nulls": ["NULL", "\\N"]})
    assert found == [("1", None), ("2", "NULL"), ("3", None), ("4", "")]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    """What Excel writes before the first column is left aside, in CSV and in NDJSON."""
    assert csv(tmp_path, b"\xef\xbb\xbfcontact_id,x\n010,x\n") == [("010",)]
    put(tmp_path, "vip.ndjson", b'\xef\xbb\xbf{"contact_id": "010"}\n')
    assert read(account(tmp_path), IDS, path="vip.ndjson", completeness="atomic").ids == ["010"]


def test_line_breaks_and_separators_within_quotes(tmp_path: Path) -> None:
    """A quoted value may hold everything, also in the header."""
    text = '"a\r\nb","contact_id"\r\n"1,\n""2""",010\r\n'
    assert csv(tmp_path, text, ("contact_id", "other"), columns={"other": "a\r\nb"}) == [("010", '1,\n"2"')]


@pytest.mark.parametrize("line", ["\n", "\r\n", "\r"])
def test_every_line_break(tmp_path: Path, line: str) -> None:
    """Files of every system are read, with and without a last line break."""
    assert csv(tmp_path, f"contact_id,x{line}010,1{line}011,2{line}") == [("010",), ("011",)]
    assert csv(tmp_path, f"contact_id,x{line}010,1{line}011,2") == [("010",), ("011",)]


def test_another_separator_and_another_quote(tmp_path: Path) -> None:
    """The dialect can be said."""
    text = "contact_id;x\n'0;1';2\n"
    assert csv(tmp_path, text, csv={"delimiter": ";", "quote": "'"}) == [("0;1",)]


def test_a_tab_separates_values_of_tsv(tmp_path: Path) -> None:
    """The ending of a file says so."""
    put(tmp_path, "vip.tsv", "contact_id\tx\n010\t1\n")
    assert read(account(tmp_path), IDS, path="vip.tsv", completeness="atomic").ids == ["010"]


def test_no_header(tmp_path: Path) -> None:
    """Where the first line is a member, the columns' names are written in the segment's file."""
    assert csv(tmp_path, "010,a\n011,b\n", csv={"header": ["contact_id", "x"]}) == [("010",), ("011",)]
    assert "2 columns" in refused(tmp_path, "010\n011\n", csv={"header": ["contact_id", "x"]}).problem.found


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "cp1252", "shift_jis"])
def test_another_encoding(tmp_path: Path, encoding: str) -> None:
    """The characters' encoding can be said."""
    letter = "é" if encoding != "shift_jis" else "あ"
    text = f"contact_id,x\n{letter * 40_000},1\n010,2\n".encode(encoding)
    assert csv(tmp_path, text, csv={"encoding": encoding}) == [(letter * 40_000,), ("010",)]


def test_a_wrong_encoding_is_an_error(tmp_path: Path) -> None:
    """Bytes that are no characters are not replaced by others."""
    assert refused(tmp_path, "contact_id,x\né,1\n".encode("latin-1")).code == "file-unreadable"


@pytest.mark.parametrize(
    "text",
    ['contact_id,x\n1,"open\n2,y\n3,z\n', 'contact_id,x\n1,y\n2,"open', 'contact_id,x\n1,"a"b"\n2,y\n'],
)
def test_a_quote_that_is_never_closed_is_an_error(tmp_path: Path, text: str) -> None:
    """Promise 2: the rows behind it would be one value, and their members gone."""
    assert refused(tmp_path, text).code == "file-unreadable"


@pytest.mark.parametrize("row", ["1", "1,2,3", "secret@example.test"])
def test_a_row_of_another_length_is_an_error(tmp_path: Path, row: str) -> None:
    """The message says which row, and quotes nothing of it."""
    error = refused(tmp_path, f"contact_id,x\n0,0\n{row}\n")
    assert error.code == "file-unreadable"
    assert error.problem.found.startswith("Row 3 has ")
    assert "secret" not in str(error)


def test_two_columns_of_one_name_are_an_error(tmp_path: Path) -> None:
    """Nobody knows which of them is meant."""
    assert refused(tmp_path, "contact_id,contact_id\n1,2\n").code == "column-missing"


def test_a_column_that_is_called_otherwise(tmp_path: Path) -> None:
    """A name of the file leads to an identifier of the segment; others are guessed from what is there."""
    text = "Contact ID,E-Mail\n010,a@x.test\n"
    columns = {"contact_id": "Contact ID", "email": "E-Mail"}
    assert csv(tmp_path, text, ("contact_id", "email"), columns=columns) == [("010", "a@x.test")]
    error = refused(tmp_path, text, columns={"contact_id": "Contact-ID"})
    assert "Did you mean `Contact ID`?" in error.problem.fix


def test_the_header_alone_is_nobody(tmp_path: Path) -> None:
    """Promise 4: a file with the columns' names and nothing else has no member, with or without a line break."""
    assert csv(tmp_path, "contact_id,x\n") == []
    assert csv(tmp_path, "contact_id,x") == []


def ndjson(folder: Path, *objects: Any, identifiers: tuple[str, ...] = IDS, **source: Any) -> list[Any]:
    """What is read of one NDJSON file."""
    put(folder, "vip.ndjson", "\n".join(one if isinstance(one, str) else json.dumps(one) for one in objects))
    found = read(account(folder), identifiers, path="vip.ndjson", completeness="atomic", **source)
    return [tuple(row.values()) for row in found.rows]


def test_paths_lead_into_objects(tmp_path: Path) -> None:
    """A path names keys joined by dots; on the way nothing may be null, which is no value."""
    found = ndjson(
        tmp_path,
        {"ids": {"crm": 7}, "profile": {"email": "a@x.test"}},
        {"ids": {"crm": "010"}, "profile": None},
        {"ids": {"crm": "011"}},
        identifiers=("contact_id", "email"),
        columns={"contact_id": "ids.crm", "email": "profile.email"},
    )
    assert found == [("7", "a@x.test"), ("010", None), ("011", None)]


@pytest.mark.parametrize("value", [1.5, True, ["1"], {"id": 1}, 12345e30])
def test_what_is_no_id_is_an_error(tmp_path: Path, value: Any) -> None:
    """A number with a fraction, a switch, a list and an object are no ids; nothing is made of them."""
    with pytest.raises(PlatformError) as caught:
        ndjson(tmp_path, {"contact_id": value})
    assert caught.value.code == "wrong-type"
    assert "12345" not in str(caught.value)


def test_an_id_that_a_row_lacks_is_an_error(tmp_path: Path) -> None:
    """The column by which members are told apart is in every row; another one in at least one of them."""
    with pytest.raises(PlatformError) as caught:
        ndjson(tmp_path, {"contact_id": "1"}, {"contactid": "2"})
    assert caught.value.code == "column-missing"
    with pytest.raises(PlatformError) as caught:
        ndjson(tmp_path, {"contact_id": "1"}, {"contact_id": "2"}, identifiers=("contact_id", "emial"))
    assert caught.value.code == "column-missing"


@pytest.mark.parametrize("text", ['[{"contact_id": "1"}]', "contact_id,x", '{"contact_id": "1"', '"1"'])
def test_what_is_no_ndjson_is_an_error(tmp_path: Path, text: str) -> None:
    """A document of another shape is not read as nobody."""
    with pytest.raises(PlatformError) as caught:
        ndjson(tmp_path, text)
    assert caught.value.code in ("file-unreadable", "column-missing")


def parquet(folder: Path, arrays: dict[str, pa.Array], identifiers: tuple[str, ...] = IDS, **source: Any) -> list[Any]:
    """What is read of one Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(pa.table(arrays), buffer)
    put(folder, "vip.parquet", buffer.getvalue())
    found = read(account(folder), identifiers, path="vip.parquet", completeness="atomic", **source)
    return [tuple(row.values()) for row in found.rows]


@pytest.mark.parametrize(
    "kind", [pa.int8(), pa.int64(), pa.uint64(), pa.decimal128(30, 0), pa.string(), pa.large_string(), pa.binary()]
)
def test_types_of_ids(tmp_path: Path, kind: pa.DataType) -> None:
    """Whole numbers become their digits, however they are kept."""
    values: list[Any] = [7, 0, 120]
    if pa.types.is_decimal(kind):
        values = [Decimal(value) for value in values]
    elif not pa.types.is_integer(kind):
        values = [str(value) if pa.types.is_string(kind) or kind == pa.large_string() else b"%d" % value
                  for value in values]  # fmt: skip
    assert parquet(tmp_path, {"contact_id": pa.array(values, kind)}) == [("7",), ("0",), ("120",)]


def test_ids_of_a_dictionary(tmp_path: Path) -> None:
    """A column whose values are kept once is read like any other."""
    array = pa.array(["a", "b", "a"]).dictionary_encode()
    assert parquet(tmp_path, {"contact_id": array}) == [("a",), ("b",), ("a",)]


def test_the_largest_number_keeps_its_digits(tmp_path: Path) -> None:
    """No id passes through a floating number."""
    assert parquet(tmp_path, {"contact_id": pa.array([2**63 - 1])}) == [("9223372036854775807",)]
    assert ndjson(tmp_path, {"contact_id": 10**29 + 1}) == [(f"1{'0' * 28}1",)]


@pytest.mark.parametrize("kind", [pa.float64(), pa.bool_(), pa.date32(), pa.decimal128(10, 2), pa.list_(pa.string())])
def test_types_that_are_no_ids(tmp_path: Path, kind: pa.DataType) -> None:
    """1.0 and 1 would be two people: a column of such a type is refused, whatever is in it."""
    with pytest.raises(PlatformError) as caught:
        parquet(tmp_path, {"contact_id": pa.array([], kind)})
    assert caught.value.code == "identifier-column-type"


def test_a_column_within_a_struct(tmp_path: Path) -> None:
    """A path leads into structs; a null on the way is no value."""
    ids = pa.array([{"crm": 1, "email": "a@x.test"}, {"crm": 2, "email": None}])
    columns = {"contact_id": "ids.crm", "email": "ids.email"}
    found = parquet(tmp_path, {"ids": ids}, ("contact_id", "email"), columns=columns)
    assert found == [("1", "a@x.test"), ("2", None)]
    with pytest.raises(PlatformError) as caught:
        parquet(tmp_path, {"ids": ids}, columns={"contact_id": "ids.cmr"})
    assert caught.value.code == "column-missing"


def joined(folder: Path, name: str) -> list[Any]:
    """The times of joining in a file."""
    with account(folder) as opened:
        source = {"path": name, "completeness": "atomic", "joined_at": "since"}
        return [one for page in opened.fetch("file", source, IDS) for one in page.joined_at or []]


def test_times_of_joining(tmp_path: Path) -> None:
    """A time with its zone is read in every format; one without is an error, not a guess."""
    at = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
    put(tmp_path, "vip.csv", "contact_id,since\n1,2026-11-01T09:30:00+01:00\n2,\n")
    assert joined(tmp_path, "vip.csv") == [at, None]
    buffer = io.BytesIO()
    pq.write_table(pa.table({"contact_id": ["1"], "since": pa.array([at], pa.timestamp("us", "UTC"))}), buffer)
    put(tmp_path, "vip.parquet", buffer.getvalue())
    assert joined(tmp_path, "vip.parquet") == [at]
    put(tmp_path, "vip.csv", "contact_id,since\n1,2026-11-01 09:30:00\n")
    with pytest.raises(PlatformError) as caught:
        joined(tmp_path, "vip.csv")
    assert caught.value.code == "wrong-type"


def test_a_character_that_no_database_stores(tmp_path: Path) -> None:
    """The character NUL is replaced: no id of a model has it."""
    assert ndjson(tmp_path, {"contact_id": "a\0b"}) == [("a\ufffdb",)]
