"""`add` for files and tables: columns by measured match rate, completeness as somebody states it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from remote_segments.config.loader import load_project
from remote_segments.sync.previewing import preview
from tests.support.commands import command, edit
from tests.support.deliveries import Row, content, put
from tests.support.row_projects import row_project

PEOPLE = tuple(
    {"Customer No": f"{1000 + number}", "E-Mail": f"p{number}@x.test", "country": "DE", "visits": str(number % 3)}
    for number in range(40)
)


@pytest.fixture(params=["duckdb", "postgres"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project on each warehouse with connections to files and to the warehouse, and its working directory."""
    row_project(request, tmp_path)
    known = [{"contact_id": one["Customer No"], "mail": one["E-Mail"], "age": "40"} for one in PEOPLE[:36]]
    put(tmp_path, "contacts.csv", delivery(known, "csv"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REMOTE_SEGMENTS_PROJECT", str(tmp_path))
    return tmp_path


def delivery(rows: Sequence[Row], kind: str) -> bytes:
    """A file of rows with whatever columns they have."""
    return content(rows, kind, tuple(rows[0]))


def written(folder: Path, name: str) -> dict[str, Any]:
    """A segment's file."""
    found: dict[str, Any] = yaml.safe_load((folder / "segments" / f"{name}.yaml").read_text())
    return found


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "ndjson", "parquet"])
def test_a_file_is_added_by_its_columns(ending: str, folder: Path) -> None:
    """Its own names of columns are written where they are none for an identifier; what repeats names nobody."""
    put(folder / "drop" / "vip", f"members.{ending}", delivery(PEOPLE, ending))
    shown = command("add", f"drop/vip/members.{ending}", "--completeness", "atomic")
    assert shown.code == 0, shown.err
    assert "36 of 40" in shown.out
    file = written(folder, "vip_members")
    assert file["source"] == {
        "connection": "drop",
        "path": f"vip/members.{ending}",
        "completeness": "atomic",
        "columns": {"customer_no": "Customer No"},
    }
    assert file["identifiers"] == [{"customer_no": "contact_id"}]
    seen = preview(load_project(folder), "vip_members")
    assert (seen.counts.fetched, seen.counts.mapped) == (40, 36)


def test_addresses_are_compared_as_addresses(folder: Path) -> None:
    """A column of addresses is called `email`, whatever its own name, so that case does not count."""
    put(folder / "drop", "m.csv", delivery([{"E-Mail": one["E-Mail"].upper()} for one in PEOPLE], "csv"))
    assert command("add", "drop/m.csv", "--completeness", "atomic", "--name", "loud").code == 0
    file = written(folder, "loud")
    assert file["source"]["columns"] == {"email": "E-Mail"}
    assert file["identifiers"] == [{"email": "mail"}]
    assert preview(load_project(folder), "loud").counts.mapped == 36


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_what_stands_between_the_values_is_seen_in_the_header(delimiter: str, folder: Path) -> None:
    """A spreadsheet of half of Europe writes semicolons; read by commas, each row would be one identifier."""
    text = delivery(PEOPLE, "csv").decode().replace(",", delimiter)
    put(folder / "drop", "m.csv", text)
    assert command("add", "drop/m.csv", "--completeness", "atomic", "--name", "sheet").code == 0
    assert written(folder, "sheet")["source"]["csv"] == {"delimiter": delimiter}
    assert preview(load_project(folder), "sheet").counts.mapped == 36


def test_members_are_told_apart_by_a_column_that_is_never_empty(folder: Path) -> None:
    """Else the first row without an address would end the first refresh."""
    rows = [{"row": f"r{number}", "E-Mail": one["E-Mail"] if number % 5 else ""} for number, one in enumerate(PEOPLE)]
    put(folder / "drop", "m.csv", delivery(rows, "csv"))
    assert command("add", "drop/m.csv", "--completeness", "atomic", "--name", "gaps").code == 0
    assert written(folder, "gaps")["source"]["member_id"] == "row"
    assert preview(load_project(folder), "gaps").counts.fetched == 40
    put(folder / "drop", "n.csv", delivery([{"E-Mail": one["E-Mail"]} for one in rows] + [{"E-Mail": "x"}], "csv"))
    shown = command("add", "drop/n.csv", "--completeness", "atomic")
    assert (shown.code, "[no-member-id]" in shown.err) == (2, True)


def test_what_makes_a_delivery_complete_is_never_guessed(folder: Path) -> None:
    """The marker of Spark is known by its name; anything else somebody says, or nothing is written."""
    put(folder / "drop" / "vip", "a.csv", delivery(PEOPLE, "csv"))
    shown = command("add", "drop/vip/")
    assert (shown.code, "[completeness-unknown]" in shown.err) == (2, True)
    assert "--completeness atomic" in shown.err
    assert not (folder / "segments").exists()
    put(folder / "drop" / "vip", "_SUCCESS", minute=1)
    assert command("add", "drop/vip/").code == 0
    assert written(folder, "vip")["source"]["completeness"] == {"marker": "_SUCCESS"}
    assert command("add", "drop/vip/", "--completeness", "markr=x", "--name", "slip").code == 2


@pytest.mark.parametrize("words", [["own/crm.vips"], ["own", "--sql", "select * from crm.vips", "--name", "vips"]])
def test_a_table_and_a_query_are_added(words: list[str], folder: Path) -> None:
    """Types that are no ids are not looked at; the listing proposes the command."""
    with load_project(folder).open_warehouse().write() as session:
        session.execute("CREATE SCHEMA crm")
        session.execute("CREATE TABLE crm.vips (number bigint, mail text, score double precision, since timestamptz)")
        values = ", ".join(f"({one['Customer No']}, '{one['E-Mail']}', 1.5, NULL)" for one in PEOPLE)
        session.execute(f"INSERT INTO crm.vips VALUES {values}")
    assert "remote-segments add own/crm.vips" in command("segments", "own").out
    shown = command("add", *words)
    assert shown.code == 0, shown.err
    file = written(folder, "vips")
    assert file["identifiers"] == [{"number": "contact_id"}]
    assert set(file["source"]) == {"connection", "table"} if len(words) == 1 else {"connection", "sql"}
    assert preview(load_project(folder), "vips").counts.mapped == 36


@pytest.mark.parametrize(
    ("words", "code", "meant"),
    [
        (["drop/m.csv", "--sql", "select 1"], "bad-value", "--sql is for the warehouse"),
        (["drop"], "bad-value", "No file is named"),
        (["own"], "bad-value", "--sql"),
        (["own/crm.vips", "--completeness", "atomic"], "bad-value", "a query is whole"),
        (["own/crm.vpis"], "source-missing", ""),
        (["own", "--sql", "selct 1", "--name", "x1"], "source-unreadable", "syntax error"),
        (["drop/none.csv", "--completeness", "atomic"], "file-missing", "There is no such file"),
        (["drop/m.csv", "--completeness", "atomic", "--identifier", "email=emial"], "unknown-column", "`mail`"),
        (
            ["drop/m.csv", "--completeness", "atomic", "--identifier", "nummer=mail"],
            "unknown-identifier",
            "customer_no",
        ),
        (["drop/empty.csv", "--completeness", "atomic"], "nothing-to-measure", "--identifier"),
    ],
)
def test_a_slip_writes_no_file(words: list[str], code: str, meant: str, folder: Path) -> None:
    """It is told with what to do."""
    put(folder / "drop", "m.csv", delivery(PEOPLE, "csv"))
    put(folder / "drop", "empty.csv", b"a,b\n")
    shown = command("add", *words)
    assert shown.code != 0
    assert f"[{code}]" in shown.err, shown.err
    assert meant in shown.err
    assert not (folder / "segments").exists()


def test_a_model_that_is_made_later_may_be_named_offline(folder: Path) -> None:
    """The columns are written as they were named, and nobody looks at them."""
    put(folder / "drop", "m.csv", delivery(PEOPLE, "csv"))
    edit(folder / "project.yaml", models={"contacts": {"path": "later.csv", "key": "contact_id"}})
    words = ("add", "drop/m.csv", "--completeness", "atomic", "--identifier", "customer_no=contact_id")
    assert "[model-missing]" in command(*words).err
    assert command(*words, "--offline").code == 0
    assert written(folder, "drop_m")["source"]["columns"] == {"customer_no": "Customer No"}
