"""Bad input, end to end: each ends in an exit code, a stable code, a place and what to do; the last snapshot stays."""

from collections.abc import Iterator

import pytest

from remote_segments.config.project import Project
from remote_segments.orchestration.progress import reporter
from remote_segments.simulator import Simulator
from tests.support.commands import Result, command, edit, published, set_connection, small_pages
from tests.support.projects import VIP, snapshot_rows, write_segment

EMAIL = "@example.test"  # what every simulated address ends with
SECRET = "pk_secret_canary"


@pytest.fixture
def refreshed(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project whose segment `vip` was published once, from pages of 20; afterwards that snapshot must still stand."""
    small_pages(project.folder)
    set_connection(project.folder, api_key={"env": "KLAVIYO_API_KEY"})
    monkeypatch.setenv("KLAVIYO_API_KEY", SECRET)
    assert command("run", "vip").code == 0
    before = published(project)
    assert len(before) > 20
    yield project
    assert published(project) == before
    assert snapshot_rows(project, "vip")[0]["state"] == "published"


def set_source(project: Project, segment_id: str) -> None:
    """Points the segment at another id."""
    write_segment(project.folder, "vip", {**VIP, "source": {"connection": "klaviyo", "segment_id": segment_id}})


def refused(shown: Result, exit_code: int, code: str, where: str, fix: str) -> None:
    """Checks the message that a person on call gets, and that it names nobody and no secret."""
    assert shown.code == exit_code, shown.err
    assert f"[{code}]" in shown.err
    place, _, said = shown.err.partition(f"[{code}]")
    assert where in place
    assert fix in said
    assert "Traceback" not in shown.err
    assert EMAIL not in shown.err + shown.out
    assert SECRET not in shown.err + shown.out


def test_a_typo_in_a_key(refreshed: Project) -> None:
    """`identifers` for `identifiers` is refused with its line before anything is called."""
    edit(refreshed.folder / "segments" / "vip.yaml", identifiers=None, identifers=[{"email": "email"}])
    where = "segment_configs/segments/vip.yaml:6: "
    refused(command("run", "vip"), 2, "unknown-key", where, "Did you mean `identifiers`?")
    refused(command("validate"), 2, "unknown-key", where, "Did you mean `identifiers`?")


def test_a_missing_file(refreshed: Project) -> None:
    """Without its file a segment is unknown; without project.yaml there is no project."""
    (refreshed.folder / "segments" / "vip.yaml").rename(refreshed.folder / "vip.yaml")
    refused(command("run", "vip"), 2, "unknown-segment", "segment_configs: ", "Known: `paying`.")
    (refreshed.folder / "project.yaml").rename(refreshed.folder / "old.yaml")
    refused(command("run", "vip"), 2, "missing-file", "segment_configs/project.yaml: ", "Create it, or name the folder")


def test_a_missing_model_file(refreshed: Project) -> None:
    """A model in a file that is not there is told with its path and the model's name."""
    edit(refreshed.folder / "project.yaml", models={"contacts": {"path": "contacts.parquet", "key": "contact_id"}})
    shown = command("run", "vip")
    refused(shown, 2, "model-missing", "segment vip, model contacts: ", "Write it, or name another path.")
    assert "contacts.parquet" in shown.err


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"identifiers": [{"email": "emial"}]}, "segments/vip.yaml:6, segment vip, model contacts"),
        ({"columns": {"include": ["emial"]}}, "segments/vip.yaml:10, segment vip, model contacts"),
    ],
)
def test_an_unknown_column(change: dict[str, object], where: str, refreshed: Project) -> None:
    """What only the warehouse knows is found at the first run: file, line and the nearest column."""
    edit(refreshed.folder / "segments" / "vip.yaml", **change)
    assert command("validate").code == 0
    refused(command("run", "vip"), 2, "unknown-column", where, "Did you mean `email`?")


def test_an_unknown_key_column(refreshed: Project) -> None:
    """A model key that the model does not have is told at the first run."""
    edit(refreshed.folder / "project.yaml", models={"contacts": {"table": "analytics.contacts", "key": "contactid"}})
    refused(command("run", "vip"), 2, "unknown-column", "segment vip, model contacts", "Did you mean `contact_id`?")


def test_an_unset_secret(refreshed: Project, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named, nothing is called."""
    monkeypatch.delenv("KLAVIYO_API_KEY")
    calls = len(simulator.calls())
    where = "segments/vip.yaml:4, connection klaviyo, api_key: "
    shown = command("run", "vip")
    refused(shown, 2, "secret-unset", where, "Set KLAVIYO_API_KEY where this process starts")
    assert len(simulator.calls()) == calls
    assert command("validate").code == 0


def test_a_wrong_segment_id(refreshed: Project) -> None:
    """The platform's 404 leads to the line where the id is written."""
    set_source(refreshed, "VIPOPM")
    where = "segments/vip.yaml:4, connection klaviyo, platforms/klaviyo.yaml, sources.segment.describe: "
    shown = command("run", "vip")
    refused(shown, 2, "segment-not-found", where, "Copy the id from the segment's page in the tool")
    assert "404" in shown.err


@pytest.mark.parametrize(("verb", "page"), [("describe", None), ("members", 1), ("members", 2)])
def test_a_revoked_key(verb: str, page: int | None, refreshed: Project, simulator: Simulator) -> None:
    """The platform's 401, also in the middle of a fetch, leads to the connection's secret."""
    simulator.fault("key-refused", verb=verb, page=page)
    shown = command("run", "vip")
    refused(shown, 2, "key-refused", "connection klaviyo", "Set a valid key in the secret of this connection")
    assert "401" in shown.err


@pytest.mark.parametrize("page", [1, 3])
def test_html_instead_of_json(page: int, refreshed: Project, simulator: Simulator) -> None:
    """A login page that comes as HTTP 200 is recognised, and none of it is repeated."""
    simulator.fault("html", page=page)
    shown = command("run", "vip")
    refused(shown, 4, "not-json", "platforms/klaviyo.yaml, sources.segment.members: ", "Check base_url")
    assert "a web page, not JSON" in shown.err
    assert "Just a moment" not in shown.err


@pytest.mark.parametrize(
    ("right", "wrong", "absent"),
    [
        ("items: data}", "items: dta}", "dta"),
        ("path: links.next, end: [null-value]", "path: links.nxt, end: [null-value]", "links.nxt"),
        ("path: attributes.external_id", "path: attributes.externl_id", "externl_id"),
        ("size: data.attributes.profile_count", "size: data.attributes.profilecount", "profilecount"),
    ],
)
def test_a_misspelt_path_in_a_manifest(right: str, wrong: str, absent: str, refreshed: Project) -> None:
    """Promise 5: an absent path is an error that names manifest and path, never a shorter membership."""
    file = small_pages(
        refreshed.folder, **{"end: [absent, null-value]": "end: [null-value]", "size_absent: unknown": ""}
    )
    text = file.read_text()
    assert right in text
    file.write_text(text.replace(right, wrong))
    shown = command("run", "vip")
    refused(shown, 4, "path-missing", "platforms/klaviyo.yaml, sources.segment.", "Compare the path in the manifest")
    assert absent in shown.err


def test_a_misspelt_next_link_that_may_be_absent(refreshed: Project) -> None:
    """Where absence may mean the last page, a full page without a next one still proves nothing."""
    small_pages(refreshed.folder, **{"path: links.next": "path: links.nxt"})
    shown = command("run", "vip")
    assert shown.code in (3, 4)
    assert "segments/vip.yaml:4" in shown.err
    assert any(code in shown.err for code in ("[end-unproven]", "[total-mismatch]"))


def test_an_emptied_segment(refreshed: Project) -> None:
    """Promise 4: zero members after many are held until a person allows them; then they are published."""
    set_source(refreshed, "NOBODY")
    shown = command("run", "vip")
    refused(shown, 5, "emptied", "segment vip: ", "set guards: {allow_empty: true} and refresh")
    assert command("status", "--json").document["segments"][1]["state"] == "held"


def test_a_segment_that_was_always_empty(project: Project) -> None:
    """Promise 4: a first refresh with zero members shows as empty and proven: not failed, not never fetched."""
    set_source(project, "NOBODY")
    assert command("run", "vip").code == 0
    never, empty = command("status", "--json").document["segments"]
    assert (never["state"], never["fetched"], never["fresh"]) == ("never_fetched", None, False)
    assert (empty["state"], empty["fetched"], empty["mapped"], empty["fresh"]) == ("empty", 0, 0, True)
    assert published(project) == []
    assert "last page seen" in completeness(project)


def completeness(project: Project) -> str:
    """How the newest snapshot was proven to have no missing page."""
    with project.open_warehouse().read() as session:
        rows = session.rows("SELECT completeness FROM segments.snapshots ORDER BY snapshot_id DESC LIMIT 1")
    return str(rows[0][0])


def test_a_server_that_stops_in_mid_fetch(refreshed: Project, simulator: Simulator) -> None:
    """The connection breaks after the first page, and nobody answers any more."""

    def stop(_: str, pages: int, *__: object) -> None:
        if pages == 1:
            simulator.fault("disconnect", times=None)
            simulator.stop()
            simulator.fault("disconnect", times=None)  # stopping forgets faults; the open connection ends with this one

    token = reporter.set(stop)
    try:
        shown = command("run", "vip")
    finally:
        reporter.reset(token)
    refused(shown, 3, "connection-failed", "segments/vip.yaml:4, connection klaviyo: ", "The next refresh tries again")
    assert list((refreshed.state / "spool" / "vip").glob("*")) == []


def test_an_id_with_a_leading_zero(refreshed: Project, simulator: Simulator) -> None:
    """`segment_id: 010` means the segment 010, and never 8, as YAML's octal numbers would have it."""
    text = (
        "model: contacts\nsource: {connection: klaviyo, segment_id: 010}\nidentifiers:\n  - external_id: contact_id\n"
    )
    (refreshed.folder / "segments" / "octal.yaml").write_text(text + "refresh_frequency: 1 hour\n")
    assert command("run", "octal").code == 0
    asked = {call.segment for call in simulator.calls(platform="klaviyo")}
    assert asked == {"VIPOPN", "010"}
    status = {one["name"]: one for one in command("status", "--json").document["segments"]}
    assert status["octal"]["fetched"] == len(simulator.expected("klaviyo", "010", 1))
    assert status["octal"]["fetched"] != len(simulator.expected("klaviyo", "8", 1))


def test_a_failed_refresh_is_seen_in_status_with_its_reason(refreshed: Project, simulator: Simulator) -> None:
    """Whoever comes later reads what failed and what to do, beside the counts of the snapshot that stands."""
    simulator.fault("access-denied")
    assert command("run", "vip").code == 2
    row = command("status", "--json").document["segments"][1]
    assert (row["state"], row["reason"]) == ("failed", "access-denied")
    assert "Give the key the rights" in row["message"]
    assert row["fetched"] == snapshot_rows(refreshed, "vip")[0]["fetched"]
    assert "Give the key the rights" in command("status").out
