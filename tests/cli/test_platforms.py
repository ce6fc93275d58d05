"""The commands about platforms: what they print, the JSON they promise, their exit codes."""

import shutil
from pathlib import Path

import pytest

from remote_segments.config.platforms import WITHOUT_MANIFEST
from remote_segments.conformance.reading import exchanges_file, recorded_file
from remote_segments.errors import PlatformError, ProjectError
from remote_segments.rest.catalog import bundled
from tests.support.commands import command

HUBSPOT = next(file for file in bundled() if file.stem == "hubspot")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A platform of the project's own, with one path misspelt."""
    folder = tmp_path / "segment_configs" / "platforms"
    folder.mkdir(parents=True)
    text = HUBSPOT.read_text().replace("name: hubspot", "name: acme").replace("items: results", "items: rezults")
    (folder / "acme.yaml").write_text(text)
    shutil.copy(exchanges_file(HUBSPOT), folder / "acme.exchanges.yaml")
    return folder / "acme.yaml"


def test_platforms_are_listed_with_their_proof(own: Path) -> None:
    """Those of the project are among them; its exchanges are not taken for a platform."""
    listed = command("platforms", "--json").document["platforms"]
    assert {one["name"] for one in listed} == {"acme", *(file.stem for file in bundled()), *WITHOUT_MANIFEST}
    assert len(listed) > 22
    keys = {"name", "verbs", "proof", "limits", "docs", "api_version", "sunset", "checked"}
    assert all(set(one) == keys for one in listed)
    limits = {one["name"]: one["limits"] for one in listed}
    assert (limits["hubspot"], limits["files"]) == ({"per_ten_seconds": 100, "per_day": 250_000}, {})
    assert all({"members", "add"} & set(one["verbs"]) and one["proof"] in {"replayed", "live"} for one in listed)
    assert sum("add" in one["verbs"] for one in listed) >= 22
    assert [one["name"] for one in listed if not set(one["verbs"]) <= set(one["docs"])] == []
    shown = command("platforms")
    assert (shown.code, shown.err) == (0, "")
    assert all(word in shown.out for word in ("acme", "250,000"))


def test_a_right_platform_passes() -> None:
    """Every row is shown, with the reason where one says nothing."""
    shown = command("platform", "check", "mailman")
    assert shown.code == 0
    assert "mailman: all" in shown.out
    assert "ends in page-limit" in shown.out
    report = command("platform", "check", "mailman", "--json").document
    assert report["passed"] is True
    assert {row["result"] for row in report["rows"]} <= {"ok", "not applicable"}
    assert {"source", "row", "about", "result", "code", "note", "problems"} == set(report["rows"][0])


def test_a_misspelt_path_is_named_and_the_exit_code_says_who_must_act(own: Path) -> None:
    """By name or by file: code 4, the path, the file and the line."""
    for word in ("acme", own):
        shown = command("platform", "check", word)
        assert shown.code == PlatformError.exit_code
        assert "rows failed" in shown.out
        assert "`rezults`" in shown.err
        assert "acme.yaml:" in shown.err
    rows = command("platform", "check", own, "--json").document["rows"]
    failed = next(row for row in rows if row["row"] == "three-pages")
    assert (failed["result"], failed["code"]) == ("failed", "path-missing")


def test_an_unknown_platform_and_a_missing_file_are_told(own: Path) -> None:
    """A near miss is offered; a file that is not there is named."""
    unknown = command("platform", "check", "hubspott")
    assert unknown.code == ProjectError.exit_code
    assert "unknown-platform" in unknown.err
    assert "Did you mean `hubspot`?" in unknown.err
    missing = command("platform", "check", own.with_name("nothing.yaml"))
    assert (missing.code, "missing-file" in missing.err) == (ProjectError.exit_code, True)
    own.with_name("acme.exchanges.yaml").unlink()
    lone = command("platform", "check", "acme", "--json")
    assert lone.code == ProjectError.exit_code
    assert lone.document["problems"][0]["code"] == "exchanges-missing"


@pytest.mark.parametrize(
    ("name", "path"), [("hubspot", "paging.next.after"), ("marketo", "nextPageToken"), ("posthog", "next")]
)
def test_a_copy_of_a_bundled_manifest_is_held_against_what_that_platform_documents(
    name: str, path: str, tmp_path: Path
) -> None:
    """Promise 34: in a folder without exchanges, too; cases recorded with it are looked for beside the copy."""
    original = next(file for file in bundled() if file.stem == name)
    text = original.read_text()
    assert f"path: {path}" in text
    copy = tmp_path / original.name
    copy.write_text(text.replace(f"path: {path}", f"path: {path}x", 1))
    shown = command("platform", "check", copy)
    assert shown.code == PlatformError.exit_code
    assert f"`{path}x`" in shown.err
    assert f"{copy.name}:" in shown.err
    assert exchanges_file(copy) == exchanges_file(original)
    assert recorded_file(copy).parent == tmp_path
