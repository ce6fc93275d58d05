"""Nothing that is written names a member or a secret, whatever goes wrong; only the warehouse holds members."""

import logging
import re
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from remote_segments.config.project import Project
from remote_segments.orchestration.home import prepare_home
from remote_segments.simulator import Simulator, server
from remote_segments.simulator.membership import profiles
from remote_segments.sync.quotas import FOLDER
from tests.support.commands import command, published, set_connection, small_pages
from tests.support.projects import VIP, table_rows, write_segment

SECRET = "pk-canary-4711-never-to-be-seen"
SAID = "ada.canary@example.test, 01GDDKASAP8TKDDA2GRZDSVP4H, C0000042, +1 555 000 0042, profile_9f8e7d6c"
"""What the platform says in its errors, beside the reason: real ones name people there."""

CANARIES = re.compile(
    rb"@example\.test|01GDDKASAP8|C0000\d{3}|\+1 ?555 ?000|profile_9f8e|pk-canary|never-to-be-seen", re.IGNORECASE
)

FAULTS = (
    {"kind": "key-refused"},
    {"kind": "access-denied"},
    {"kind": "not-found"},
    {"kind": "cursor-expired"},
    {"kind": "rate-limited", "retry_after": "3600"},
    {"kind": "html"},
    {"kind": "missing-key", "path": "data.0.attributes.email"},
    {"kind": "null-key", "path": "data.0.attributes"},
    {"kind": "null-page"},
    {"kind": "null-id"},
    {"kind": "foreign-link", "page": 1},
    {"kind": "redirect", "host": "http://127.0.0.2:9/ada.canary@example.test"},
)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """A file with everything that any library logs, at the finest level."""
    file = tmp_path / "everything.log"
    handler, root = logging.FileHandler(file), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield file
    root.removeHandler(handler)
    root.setLevel(level)
    handler.close()


@pytest.fixture
def watched(project: Project, tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a Dagster home, all of whose errors would name a person, and a secret worth hiding."""
    monkeypatch.setattr(server, "CANARY", SAID)
    monkeypatch.setenv("KLAVIYO_API_KEY", SECRET)
    monkeypatch.setenv("DAGSTER_HOME", str(prepare_home(tmp_path / "home")))
    small_pages(project.folder)
    set_connection(project.folder, api_key={"env": "KLAVIYO_API_KEY"})
    return project


class Written:
    """Everything that was written: what commands printed, and all files but the warehouse's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed: list[str] = []

    def run(self, expected: int) -> None:
        """Refreshes the segment, and keeps what was printed."""
        for words in (("run", "vip"), ("status",), ("status", "--json")):
            shown = command(*words)
            self.printed += [shown.out, shown.err]
            if words[0] == "run":
                assert shown.code == expected, shown.err

    def texts(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of each."""
        yield "printed", "\n".join(self.printed).encode()
        for file in sorted(self.folder.rglob("*")):
            if file.is_file() and "warehouse.duckdb" not in file.name:
                yield str(file.relative_to(self.folder)), file.read_bytes()
            if file.suffix == ".db":
                yield f"{file.name}, unpacked", b"\n".join(unpacked(file))

    def canaries(self) -> set[tuple[str, bytes]]:
        """Where members or secrets were found."""
        return {(name, found) for name, text in self.texts() for found in CANARIES.findall(text)}


def unpacked(file: Path) -> Iterator[bytes]:
    """The values of a database that Dagster compressed."""
    with sqlite3.connect(file) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    if isinstance(value, bytes):
                        try:
                            yield zlib.decompress(value)
                        except zlib.error:
                            yield value
    connection.close()


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return Written(tmp_path)


def test_no_identifier_and_no_secret_is_written_anywhere_but_in_the_warehouse(
    watched: Project, written: Written, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 29: one refresh that works and many that fail, and no canary in any stream, log, event or file."""
    written.run(0)
    before = published(watched)
    for fault in FAULTS:
        simulator.fault(**fault)
        written.run(3 if fault["kind"] == "rate-limited" else command_code(fault["kind"]))
        simulator.state.faults.clear()
        shutil.rmtree(watched.state / FOLDER)  # for an hour nobody would call: the platform asked for it
    for change, code in (
        ({"identifiers": [{"email": "emial"}]}, 2),
        ({"identifiers": [{"email": "country"}]}, 5),
        ({"source": {"connection": "klaviyo", "segment_id": "NOBODY"}}, 5),
    ):
        write_segment(watched.folder, "vip", {**VIP, **change})
        written.run(code)
    write_segment(watched.folder, "vip", VIP)
    plant_bug(monkeypatch)
    written.run(1)
    assert published(watched) == before
    assert written.canaries() == set()
    assert "unexpected-error" in "".join(written.printed)
    assert any(email and email.endswith("@example.test") for (email,) in table_rows(watched, "members", "email"))


def command_code(kind: str) -> int:
    """The exit code of a fault: a key, a right or an id is for a person, everything else for the platform."""
    return 2 if kind in ("key-refused", "access-denied", "not-found") else 4


def plant_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the spool fail on a member, with the member in the error, as an error of a library would."""

    def fail(_: object, columns: dict[str, list[str]], *__: object) -> None:
        raise ValueError(f"Could not convert {columns['email']} with {SECRET}")

    monkeypatch.setattr("remote_segments.sync.spool.SpoolWriter.add", fail)


def test_the_search_finds_what_it_looks_for(written: Written, simulator: Simulator, tmp_path: Path) -> None:
    """A canary in a file, a stream or a compressed value is found; every member of the simulator has one."""
    members = profiles("klaviyo", simulator.state.seed, simulator.state.people)
    named = [one for one in members if one.kind != "ghost"]
    assert all(CANARIES.search((one.email or "").strip().encode()) for one in named)
    assert all(CANARIES.search(one.external_id.encode()) for one in named if one.external_id)
    assert written.canaries() == set()
    (tmp_path / "left.txt").write_text(f"key {SECRET}")
    written.printed.append(SAID)
    with sqlite3.connect(tmp_path / "events.db") as connection:
        connection.execute("CREATE TABLE events (body BLOB)")
        connection.execute("INSERT INTO events VALUES (?)", [zlib.compress(SAID.encode())])
    connection.close()
    assert {name for name, _ in written.canaries()} == {"left.txt", "printed", "events.db, unpacked"}
