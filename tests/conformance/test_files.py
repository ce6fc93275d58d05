"""Members that come as files: the kit makes streams and export jobs of their documented exchanges."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from remote_segments.conformance.kit import Report, check_platform

HOST = "https://api.example.test"
STORAGE = "https://storage.example.test"

MANIFEST: dict[str, Any] = {
    "name": "filed",
    "title": "Filed",
    "docs": {},
    "api_version": "1",
    "checked": "2026-11-24",
    "proof": "replayed",
    "base_url": HOST,
    "connection": {"secrets": {"key": "The key."}},
    "key_help": "Ask.",
    "auth": {"kind": "bearer", "secret": "key"},
    "limits": {},
}
SOURCE: dict[str, Any] = {
    "title": "Segment",
    "ids": "segment_id",
    "ids_help": "Look.",
    "identifiers": {"id": {"path": "id"}, "email": {"path": "email", "kind": "email"}},
    "primary": "id",
    "describe": {"path": "/segments/{segment_id}", "name": "name", "size": "size"},
}
JOB: dict[str, Any] = {
    "submit": {"method": "POST", "path": "/exports", "body": '{"segment": "{segment_id}"}', "job": "id"},
    "poll": {"path": "/exports/{job}", "status": "state", "pending": ["busy"], "done": ["done"], "failed": ["broken"]},
}
EXPORT: dict[str, Any] = {
    "kind": "export",
    "job": JOB,
    "download": {"kind": "links", "at": "files", "each": "url"},
    "format": {"kind": "ndjson"},
    "compression": "zip",
    "end": "archive",
    "empty": "no-members",
}
STREAM: dict[str, Any] = {
    "kind": "stream",
    "path": "/segments/{segment_id}/members",
    "format": {"kind": "csv"},
    "end": "total",
    "total": {"certainty": "exact", "source": "describe"},
}

MEMBERSHIP: dict[str, Any] = {
    "ids": {"segment_id": "7"},
    "identifiers": {"id": "u-{n}", "email": "p{n}@example.test"},
    "total": "exact",
    "describe": [{"request": f"{HOST}/segments/7", "response": {"json": {"name": "{name}", "size": "{size}"}}}],
}
DONE: list[dict[str, Any]] = [
    {
        "request": {"method": "POST", "url": f"{HOST}/exports", "body": {"segment": "7"}},
        "response": {"status": 202, "json": {"id": "{job}"}},
    },
    {
        "request": f"{HOST}/exports/{{job}}",
        "pending": {"json": {"state": "busy"}},
        "failed": {"json": {"state": "broken"}},
        "response": {"json": {"state": "done", "files": "{links}"}},
    },
]
EXPORTED: dict[str, Any] = {
    "address": f"{STORAGE}/{{file}}.zip?signature=abc",
    "link": {"url": "{link}"},
    "member": {"id": "{id}", "email": "{email}"},
    "compression": "zip",
    "files": 2,
    "packed": 3,
    "when_empty": "no-file",
}
STREAMED: dict[str, Any] = {
    "download": f"{HOST}/segments/7/members",
    "member": "{id},{email}",
    "content": "id,email\n{members}\n",
}


def check(folder: Path, members: dict[str, Any], files: dict[str, Any], **source: Any) -> Report:
    """Runs the kit on a manifest and exchanges made on the spot."""
    manifest = {**MANIFEST, "sources": {"segment": {**SOURCE, **source, "members": members}}}
    total = {} if "total" in members else {"total": None, "describe": [
        {"request": f"{HOST}/segments/7", "response": {"json": {"name": "{name}"}}}]}  # fmt: skip
    exchanges = {
        "headers": {"authorization": "Bearer invented-key"},
        "memberships": {"segment": {**MEMBERSHIP, **total, "files": files, "job": DONE if "address" in files else []}},
    }
    (folder / "filed.yaml").write_text(yaml.safe_dump(manifest))
    (folder / "filed.exchanges.yaml").write_text(yaml.safe_dump(exchanges))
    return check_platform(folder / "filed.yaml")


UNCOUNTED = {"path": "/segments/{segment_id}", "name": "name"}


def results(report: Report) -> dict[str, str]:
    """Each row and what it came to."""
    return {line.row: line.verdict.result for line in report.lines}


def test_an_export_of_archives_passes(tmp_path: Path) -> None:
    """Two archives of three files on another host: read whole; cut, failed, late and expired: noticed."""
    report = check(tmp_path, EXPORT, EXPORTED, describe=UNCOUNTED)
    assert [str(problem) for problem in report.problems] == []
    done = results(report)
    for row in ("three-pages", "job-never-done", "job-failed", "truncated-file", "expired-cursor", "cut-body"):
        assert done[row] == "ok"
    assert done["page-cap"] == "not applicable"


def test_a_stream_of_rows_passes(tmp_path: Path) -> None:
    """One CSV whose rows the description counts."""
    report = check(tmp_path, STREAM, STREAMED)
    assert [str(problem) for problem in report.problems] == []
    assert results(report)["truncated-file"] == "ok"
    assert results(report)["job-failed"] == "not applicable"


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("at: files", "at: file", "file"),
        ("each: url", "each: link", "link"),
        ("status: state", "status: stat", "stat"),
        ("job: id", "job: ids", "ids"),
    ],
)
def test_a_misspelt_path_of_an_export_is_named(old: str, new: str, path: str, tmp_path: Path) -> None:
    """Promise 34: paths of jobs and of files are paths, too."""
    check(tmp_path, EXPORT, EXPORTED, describe=UNCOUNTED)
    file = tmp_path / "filed.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    report = check_platform(file)
    assert f"`{path}`" in "\n".join(map(str, report.problems))
