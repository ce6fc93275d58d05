"""What a live check saves: of every platform and every kind of membership, exchanges that anybody can replay."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.conformance.exchanges import Case
from remote_segments.conformance.reading import SECRET, read_exchanges
from remote_segments.conformance.replay import differences
from remote_segments.conformance.secrets import invented_secrets
from remote_segments.conformance.world import World
from remote_segments.rest.catalog import bundled, load_manifest
from remote_segments.simulator import Simulator
from remote_segments.simulator.documented.holding import Held
from remote_segments.sources.account import Account
from remote_segments.sync.connecting import connect
from remote_segments.sync.proving import Findings, prove
from remote_segments.sync.recording import save
from tests.support.projects import write_project

MANIFESTS = {file.stem: load_manifest(file) for file in bundled()}
PAGES_OF_ROWS = ("salesforce", "bulk_query")
"""Read as any other; what is saved of it does not replay."""

KINDS = [(name, kind) for name, one in MANIFESTS.items() for kind in one.sources if (name, kind) != PAGES_OF_ROWS]
CANARY = "c4na4y"  # as long as nothing else


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulator with 24 members to a segment, in which no account was written by hand."""
    with Simulator(people=400) as running:
        running.state.accounts.clear()
        yield running


def quickly(project: Project, connection: str, **surroundings: Any) -> Account:
    """Opens an account for which waiting takes no time."""
    world = World()
    return connect(project, connection, clock=world.clock, now=world.now, sleep=world.sleep, **surroundings)


def account(folder: Path, simulator: Simulator, held: Held) -> Project:
    """A project with one connection, to the account that holds a segment."""
    connection = {"platform": held.platform, "base_url": simulator.url(held.platform), **held.membership.options}
    for name, text in invented_secrets(MANIFESTS[held.platform]).items():
        (folder / name).write_text(text.replace(SECRET, CANARY).replace(SECRET.encode().hex(), CANARY.encode().hex()))
        connection[name] = {"file": name}
    return load_project(write_project(folder, simulator, {}, connections={held.platform: connection}))


def checked(folder: Path, simulator: Simulator, held: Held) -> tuple[Findings, Path]:
    """What a live check of a segment finds, and the file that it saves."""
    project = account(folder, simulator, held)
    ids = "/".join(f"{key}={value}" for key, value in held.membership.ids.items())
    findings = prove(project, held.platform, ids, quickly)
    saved = save(project, findings, date(2026, 11, 24), None)
    assert saved.lacking == ()
    assert saved.file is not None
    return findings, saved.file


def people(findings: Findings) -> set[str]:
    """What the members that were read are known by."""
    found = {text for one in findings.readings for column in one.columns.values() for text in column if text}
    return {text for text in found if len(text) > 5}


def test_pages_of_rows_are_proven_and_that_their_record_does_not_replay_is_told(
    tmp_path: Path, simulator: Simulator
) -> None:
    """Recorded pages of CSV do not replay: the check says so beside the file that it saves."""
    name, kind = PAGES_OF_ROWS
    held = next(one for one in simulator.state.documented(name).segments if one.kind == kind and one.size)
    project = account(tmp_path, simulator, held)
    ids = "/".join(f"{key}={value}" for key, value in held.membership.ids.items())
    findings = prove(project, name, ids, quickly)
    assert findings.readings[0].proof.members == held.size
    saved = save(project, findings, date(2026, 11, 24), None)
    assert "does not replay" in " ".join(saved.lacking)


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_what_was_read_can_be_replayed(name: str, kind: str, tmp_path: Path, simulator: Simulator) -> None:
    """Promises 29 and 34: for every platform and kind, as many members as were read, and nothing of any of them."""
    for held in simulator.state.documented(name).segments:
        if held.kind != kind or not held.size:
            continue
        findings, file = checked(tmp_path, simulator, held)
        cases = read_exchanges(file).cases
        assert [len(next(iter(case.gives["members"].values()))) for case in cases.values()] == [
            one.proof.members for one in findings.readings
        ]
        text = file.read_text()
        assert [one for one in (*people(findings), CANARY, f":{simulator.port}") if one in text] == []
        for case in cases.values():
            assert [str(one) for one in differences(MANIFESTS[name], Case.model_validate(case))] == []
