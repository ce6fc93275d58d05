"""`erase`: what a person who answers a request for erasure types, and reads."""

import io
import json

import pytest

from remote_segments.config.project import Project
from tests.support.commands import command, edit
from tests.support.projects import table_rows


@pytest.fixture
def refreshed(project: Project) -> Project:
    """Both segments, refreshed once."""
    assert command("run", "vip", "paying").code == 0
    return project


def test_a_person_is_erased_and_a_receipt_is_kept(refreshed: Project) -> None:
    """Promise 32: counts, what stays to be done, and where the receipt lies; never who it was."""
    before = table_rows(refreshed, "vip")
    key = str(before[0][0])
    shown = command("erase", "key", key, "--by", "dpo", "--reason", "request 17", "--yes")
    assert shown.code == 0, shown.err
    assert "1 of vip" in shown.out
    assert "A search afterwards found nothing." in shown.out
    assert "erase the person in contacts, too" in shown.out
    assert key not in shown.out
    assert len(table_rows(refreshed, "vip")) == len(before) - 1
    (receipt,) = (refreshed.state / "receipts").iterdir()
    assert json.loads(receipt.read_text())["reason"] == "request 17"
    assert key not in receipt.read_text()


def test_a_person_of_two_models_with_the_same_key_is_one(project: Project) -> None:
    """Promise 32: `explain` finds and `erase` removes them in segments of both (`same_key_as`), by a key of either."""
    model = {"table": "analytics.contacts", "key": "contact_id"}
    edit(project.folder / "project.yaml", models={"contacts": model, "users": {**model, "same_key_as": "contacts"}})
    edit(project.folder / "segments" / "vip.yaml", model="users")
    assert command("run", "vip", "paying").code == 0
    names = ("vip", "paying")
    both = set.intersection(*({str(row[0]) for row in table_rows(project, name, "contact_id")} for name in names))
    for key, of in zip(sorted(both)[:2], ("contacts", "users"), strict=True):
        asked = ("key", key, "--model", of)
        found = command("explain", *asked, "--json").document
        assert {one["name"]: one["state"] for one in found["segments"]} == {"vip": "member", "paying": "member"}
        assert command("erase", *asked, "--by", "dpo", "--reason", "request 18", "--yes").code == 0
        for name in (*names, "keys"):
            column = "key" if name == "keys" else "contact_id"
            assert (key,) not in table_rows(project, name, column)


def test_the_receipt_is_one_json_document(refreshed: Project) -> None:
    """For a script that keeps the record elsewhere."""
    shown = command("erase", "email", "nobody@example.test", "--by", "dpo", "--yes", "--json")
    assert shown.document["proven"] is True
    assert not any(shown.document["rows"].values())


def test_nothing_is_erased_without_a_yes(refreshed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question comes after the counts; any other answer leaves everything as it was."""
    before = table_rows(refreshed, "vip")
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    shown = command("erase", "key", str(before[0][0]))
    assert shown.code == 1
    assert "vip: 1 fetched rows" in shown.out
    assert table_rows(refreshed, "vip") == before


def test_a_typo_is_told(refreshed: Project) -> None:
    """Which identifiers there are, and a near miss."""
    shown = command("erase", "emial", "a@example.test", "--yes")
    assert shown.code == 2
    assert "[unknown-identifier]" in shown.err
    assert "`email`" in shown.err
    assert "a@example.test" not in shown.err
