"""Export jobs: submitted once, waited for, downloaded from anywhere without the credential."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from remote_segments.conformance.world import World
from remote_segments.errors import PlatformError, RemoteSegmentsError, TemporaryError
from remote_segments.rest.platform import Fetch
from tests.support import exporting
from tests.support.exporting import (
    CSV,
    EXPORT,
    JOB,
    JSON_LINES,
    LINES,
    LINKS,
    MEMBERS,
    STORAGE,
    Exporter,
    archive,
    manifest,
    packed,
)
from tests.support.invented_platform import HOST, connect, read

FILE = "GET /files/0"
SUBMIT = "POST /exports"
LOOK = "GET /exports/7"


def fetching(server: Exporter, world: World, members: Mapping[str, Any], **changes: Any) -> Fetch:
    whole = manifest({**EXPORT, **members}, **changes)
    return connect(whole, server, world).fetch("segment", {"segment_id": "s1"})


def polling(**changes: Any) -> dict[str, Any]:
    """Returns the job with other keys of its poll."""
    return {**JOB, "poll": {**JOB["poll"], **changes}}


def submitting(**changes: Any) -> dict[str, Any]:
    """Returns the job with other keys of its submission."""
    return {**JOB, "submit": {**JOB["submit"], **changes}}


def answering(status: int = 200, **content: Any) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(status, **content)


def failing(kind: type[httpx.TransportError]) -> Callable[[httpx.Request], httpx.Response]:
    def fail(request: httpx.Request) -> httpx.Response:
        raise kind("failed", request=request)

    return fail


def served(content: bytes = exporting.lines()) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: Exporter((content,)).file(0)


def test_an_export_is_submitted_waited_for_and_read(world: World) -> None:
    """One submission, looks at an interval, one download; the id of the segment is in the body."""
    server = Exporter()
    fetch = fetching(server, world, LINES)
    assert read(fetch) == list(MEMBERS)
    assert server.called() == ["GET /segments/s1", SUBMIT, LOOK, LOOK, LOOK, FILE]
    assert server.requests[1].content == b'{"segment": "s1"}'
    assert world.slept == [10, 10]
    assert (fetch.proof.members, fetch.proof.calls) == (5, 6)


def test_many_files_are_one_membership(world: World) -> None:
    """Promise 2: files are read one after the other, and their numbers are compared with those that the job tells."""
    server = Exporter(
        (packed(exporting.csv(MEMBERS[:3])), packed(exporting.csv(MEMBERS[3:]))), more={"files": 2, "rows": 5}
    )
    members = {**CSV, "compression": "gzip", "end": "rows", "rows": "rows", "files": "files"}
    fetch = fetching(server, world, members)
    assert read(fetch) == list(MEMBERS)
    assert (fetch.proof.completeness, fetch.proof.declared_total) == ("file whole; the job's own count agrees", 5)
    for more, code in (({"files": 3, "rows": 5}, "files-missing"), ({"files": 2, "rows": 6}, "total-mismatch")):
        with pytest.raises(RemoteSegmentsError, match=code):
            read(fetching(Exporter(server.files, more=more), world, members))
    for more in ({"files": 2}, {"rows": 5}):
        with pytest.raises(PlatformError, match="path-missing"):
            read(fetching(Exporter(server.files, more=more), world, members))


def test_a_zip_of_many_files_is_one_membership(world: World) -> None:
    """An archive holds one file of JSON lines for some thousands of people."""
    content = archive(*(exporting.json_lines((member,)) for member in MEMBERS))
    fetch = fetching(Exporter((content,)), world, {**JSON_LINES, "compression": "zip", "end": "archive"})
    assert read(fetch) == list(MEMBERS)
    assert fetch.proof.completeness == "file whole, by the check sums in it"


@pytest.mark.parametrize("prefix", ["", "sha256:"])
def test_the_check_sum_that_the_job_tells_is_compared(prefix: str, world: World) -> None:
    """A file that is not the announced one is not read."""
    digest = prefix + hashlib.sha256(exporting.lines()).hexdigest().upper()
    members = {**LINES, "sha256": "sum"}
    assert read(fetching(Exporter(more={"sum": digest}), world, members)) == list(MEMBERS)
    with pytest.raises(TemporaryError, match="file-damaged"):
        read(fetching(Exporter((exporting.lines(("m1",)),), more={"sum": digest}), world, members))
    for more in ({"sum": "md5:1"}, {"sum": 7}):
        with pytest.raises(PlatformError, match="wrong-type"):
            read(fetching(Exporter(more=more), world, members))
    two = Exporter((exporting.lines(), exporting.lines(("m6",))), more={"sum": digest})
    with pytest.raises(PlatformError, match="wrong-type"):
        read(fetching(two, world, members))


def test_a_storage_is_told_neither_credential_nor_headers(world: World) -> None:
    """Promise 30: a file on another host is called as by a stranger."""
    server = Exporter()
    read(fetching(server, world, LINES))
    (file,) = (request for request in server.requests if request.url.host == "storage.example.test")
    assert set(file.headers) == {"host", "accept", "accept-encoding", "connection", "user-agent"}
    others = [request for request in server.requests if request is not file]
    assert all(request.headers["authorization"] == "Bearer s3cret-canary" for request in others)


def test_a_file_on_the_platforms_own_host_needs_the_credential(world: World) -> None:
    """An address on the connection's host is one of the platform's calls."""
    links = {"status": "ready", "urls": ["/exports/7/file"]}
    server = Exporter(answers={LOOK: answering(json=links)})
    assert read(fetching(server, world, LINES)) == list(MEMBERS)
    assert server.requests[-1].headers["authorization"] == "Bearer s3cret-canary"


@pytest.mark.parametrize(
    "link",
    [
        "http://storage.example.test/files/0",
        "https://key@storage.example.test/files/0",
        "https://127.0.0.1/files/0",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/files/0",
        "https://localhost/files/0",
        "ftp://storage.example.test/files/0",
        "https://storage.example.test:port/files/0",
        "https://[storage.example.test/files/0",
        "https:///files/0",
        "https://storage.example.test/\x00",
        "<a href=https://storage.example.test/files/0>file</a>",
    ],
)
def test_an_address_that_leads_astray_is_never_called(link: str, world: World) -> None:
    """Promise 30: no file without encryption, in a private network, or at what is no address."""
    server = Exporter(answers={LOOK: answering(json={"status": "ready", "urls": [link]})})
    with pytest.raises(RemoteSegmentsError) as caught:
        read(fetching(server, world, LINES))
    assert caught.value.code in {"foreign-link", "address-not-found"}
    assert {request.url.host for request in server.requests} == {"api.example.test"}


def test_a_redirect_of_a_storage_is_followed_as_by_a_stranger(world: World) -> None:
    """Storages lead to one another; never back to the platform, never without end."""
    moved = {FILE: answering(307, headers={"location": f"{STORAGE}/files/1"})}
    server = Exporter((b"", exporting.lines()), answers=moved)
    one = {**LINKS, "at": "first"}
    server.more = {"first": f"{STORAGE}/files/0"}
    assert read(fetching(server, world, {**LINES, "download": one})) == list(MEMBERS)
    assert "authorization" not in server.requests[-1].headers
    for place in (f"{STORAGE}/files/0", f"{HOST}/exports/7/file"):
        server = Exporter(answers={FILE: answering(302, headers={"location": place})})
        with pytest.raises(PlatformError, match="redirected"):
            read(fetching(server, world, LINES))
    server = Exporter(answers={FILE: answering(302)})
    with pytest.raises(PlatformError, match="foreign-link"):
        read(fetching(server, world, LINES))


def here(**changes: Any) -> dict[str, Any]:
    return {"download": {"kind": "here", "path": "/exports/{job}/file", **changes}}


def test_a_file_at_an_address_of_the_platform(world: World) -> None:
    """The file is one of the platform's own calls; it may lead to a storage where the manifest says so."""
    server = Exporter()
    assert read(fetching(server, world, {**LINES, **here()})) == list(MEMBERS)
    assert server.called()[-1] == "GET /exports/7/file"
    away = answering(302, headers={"location": f"{STORAGE}/files/0"})
    server = Exporter(answers={"GET /exports/7/file": away})
    with pytest.raises(PlatformError, match="foreign-link"):
        read(fetching(server, world, {**LINES, **here()}))
    server = Exporter(answers={"GET /exports/7/file": away})
    assert read(fetching(server, world, {**LINES, **here(redirects=True)})) == list(MEMBERS)
    assert "authorization" not in server.requests[-1].headers


@pytest.mark.parametrize("status", [202, 404, 409])
def test_a_file_that_is_not_ready_is_asked_for_again(status: int, world: World) -> None:
    """Promise 2: what says "not yet" is the platform's own, and has an end."""
    place = "GET /exports/7/file"
    waits = {**LINES, **here(not_ready=[status], every=5, deadline=12)}
    server = Exporter(answers={place: [answering(status), answering(status), served()]})
    assert read(fetching(server, world, waits)) == list(MEMBERS)
    with pytest.raises(TemporaryError, match="export-not-ready"):
        read(fetching(Exporter(answers={place: answering(status)}), world, waits))
    with pytest.raises(RemoteSegmentsError, match=r"file-missing|address-not-found|request-refused"):
        read(fetching(Exporter(answers={place: answering(status)}), world, {**LINES, **here()}))


def unwatched(**changes: Any) -> dict[str, Any]:
    """Returns members whose job tells nothing but an address, which is refused until the file is there."""
    submit = {**JOB["submit"], "job": None}
    return {
        **LINES,
        "job": {"submit": submit},
        "download": {**LINKS, "at": "url", "not_ready": [403, 404], "every": 10, "deadline": 60, **changes},
    }


def test_an_export_without_a_status_is_ready_when_its_file_is(world: World) -> None:
    """The address comes at once, and answers 403 or 404 until there is a file; for ever is an error."""
    submitted = answering(json={"url": f"{STORAGE}/files/0"})
    server = Exporter(answers={SUBMIT: submitted, FILE: [answering(403), answering(404), served()]})
    assert read(fetching(server, world, unwatched())) == list(MEMBERS)
    assert world.slept == [10, 10]
    server = Exporter(answers={SUBMIT: submitted, FILE: answering(403)})
    with pytest.raises(TemporaryError, match="export-not-ready"):
        read(fetching(server, world, unwatched()))
    assert server.called().count(SUBMIT) == 1


def test_an_address_that_expired_is_asked_for_again(world: World) -> None:
    """Links that hold for minutes are renewed by a look at the same job, never by a new one."""
    server = Exporter(answers={FILE: [answering(403), served()]})
    assert read(fetching(server, world, LINES)) == list(MEMBERS)
    assert server.called()[-3:] == [FILE, LOOK, FILE]
    assert server.requests[-3].url != server.requests[-1].url
    assert server.called().count(SUBMIT) == 1
    server = Exporter(answers={FILE: answering(403)})
    with pytest.raises(TemporaryError, match="link-expired"):
        read(fetching(server, world, LINES))
    assert server.called().count(FILE) == 4


def test_a_second_file_whose_address_expired_is_renewed(world: World) -> None:
    """What was read of the first file is kept, and nothing is read twice."""
    files = (exporting.lines(MEMBERS[:3]), exporting.lines(MEMBERS[3:]))
    second = [answering(410), lambda request: Exporter(files).file(1)]
    server = Exporter(files, answers={"GET /files/1": second})
    assert read(fetching(server, world, LINES)) == list(MEMBERS)


def test_an_export_that_changes_meanwhile_is_an_error(world: World) -> None:
    """Files of two exports are never mixed."""
    one, two = ({"status": "ready", "urls": [f"{STORAGE}/files/{n}" for n in range(count)]} for count in (1, 2))
    server = Exporter(answers={LOOK: [answering(json=one), answering(json=two)], FILE: answering(403)})
    with pytest.raises(TemporaryError, match="export-changed"):
        read(fetching(server, world, LINES))


@pytest.mark.parametrize("kind", [httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ConnectError, httpx.ReadError])
def test_a_submission_of_unknown_outcome_is_not_repeated(kind: type[httpx.TransportError], world: World) -> None:
    """Promise 9: a second job may cost quota or disturb the first, so that a person is told instead."""
    server = Exporter(answers={SUBMIT: failing(kind)})
    with pytest.raises(TemporaryError) as caught:
        read(fetching(server, world, LINES))
    assert caught.value.code == "export-unknown"
    assert server.called().count(SUBMIT) == 1


def test_a_submission_answered_by_a_server_error_is_not_repeated(world: World) -> None:
    """A server that fails may have taken the job; one that refuses has not."""
    codes = {500: "export-unknown", 503: "export-unknown", 429: "rate-limited", 400: "request-refused"}
    for status, code in codes.items():
        server = Exporter(answers={SUBMIT: answering(status)})
        with pytest.raises(RemoteSegmentsError, match=code):
            read(fetching(server, world, LINES))
        assert server.called().count(SUBMIT) == 1


def test_a_harmless_submission_is_repeated(world: World) -> None:
    """Where the manifest says so, it is sent again like any call."""
    server = Exporter(answers={SUBMIT: [failing(httpx.ReadTimeout), answering(202, json={"id": 7})]})
    assert read(fetching(server, world, {**LINES, "job": submitting(again="harmless")})) == list(MEMBERS)
    server = Exporter(answers={SUBMIT: answering(500)})
    with pytest.raises(TemporaryError, match="platform-unavailable"):
        read(fetching(server, world, {**LINES, "job": submitting(again="harmless")}))


def test_a_get_that_starts_a_job_is_not_repeated_either(world: World) -> None:
    """Some platforms start a job at a GET: what it does decides, not its name."""
    job = {**JOB, "submit": {"path": "/exports/new/{segment_id}", "job": "id"}}
    server = Exporter(answers={"GET /exports/new/s1": failing(httpx.ReadTimeout)})
    with pytest.raises(TemporaryError, match="export-unknown"):
        read(fetching(server, world, {**LINES, "job": job}))
    assert server.called().count("GET /exports/new/s1") == 1


def test_a_job_may_be_started_by_a_second_call(world: World) -> None:
    """Created, then started: neither is repeated."""
    job = {**JOB, "start": {"method": "POST", "path": "/exports/{job}/enqueue"}}
    place = "POST /exports/7/enqueue"
    server = Exporter(answers={place: answering(json={})})
    assert read(fetching(server, world, {**LINES, "job": job})) == list(MEMBERS)
    assert server.called()[1:4] == [SUBMIT, place, LOOK]
    with pytest.raises(TemporaryError, match="export-unknown"):
        read(fetching(Exporter(answers={place: answering(502)}), world, {**LINES, "job": job}))


def test_a_look_that_fails_does_not_give_up_the_job(world: World) -> None:
    """A failure that passes is one look less; one that lasts ends the wait with its own reason."""
    ready = answering(json={"status": "ready", "urls": [f"{STORAGE}/files/0"]})
    server = Exporter(answers={LOOK: [*[answering(500)] * 7, ready]})
    assert read(fetching(server, world, LINES)) == list(MEMBERS)
    server = Exporter(answers={LOOK: answering(500)})
    with pytest.raises(TemporaryError, match="platform-unavailable"):
        read(fetching(server, world, {**LINES, "job": polling(deadline=200)}))


LOOKS: dict[str, tuple[Any, type[RemoteSegmentsError], str]] = {
    "never done": ({"status": "running"}, TemporaryError, "export-not-ready"),
    "failed": ({"status": "failed", "message": "ada@example.test has no room"}, TemporaryError, "export-failed"),
    "failed without a word": ({"status": "failed"}, TemporaryError, "export-failed"),
    "in an unknown state": ({"status": "Ready"}, PlatformError, "export-status-unknown"),
    "in no state": ({"status": None}, PlatformError, "export-status-unknown"),
    "without the status": ({"state": "ready"}, PlatformError, "path-missing"),
    "without addresses": ({"status": "ready"}, PlatformError, "path-missing"),
    "with one that is no text": ({"status": "ready", "urls": [7]}, PlatformError, "wrong-type"),
    "with a thing instead of addresses": ({"status": "ready", "urls": {"a": 1}}, PlatformError, "wrong-type"),
    "with a blank address": ({"status": "ready", "urls": [""]}, PlatformError, "wrong-type"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_job_that_does_not_end_well_is_an_error(name: str, world: World) -> None:
    """Promise 2: pending has an end, failed and unknown are errors, each path must be there."""
    document, kind, code = LOOKS[name]
    server = Exporter(answers={LOOK: answering(json=document)})
    with pytest.raises(kind) as caught:
        read(fetching(server, world, LINES))
    assert caught.value.code == code
    assert "ada@" not in str(caught.value)
    assert server.called().count(SUBMIT) == 1


def test_no_files_at_all_need_a_word_of_the_manifest(world: World) -> None:
    """A job that lists no file is no empty segment, unless the manifest says so."""
    nothing = answering(json={"status": "ready", "urls": []})
    with pytest.raises(PlatformError, match="file-empty"):
        read(fetching(Exporter(answers={LOOK: nothing}), world, LINES))
    fetch = fetching(Exporter(answers={LOOK: nothing}), world, {**LINES, "empty": "no-members"})
    assert (read(fetch), fetch.proof.members) == ([], 0)


def test_the_reason_of_a_failure_is_told(world: World) -> None:
    """The platform's own sentence is shown, without people."""
    failed = answering(json={"status": "failed", "message": "No room left for bob@example.test"})
    with pytest.raises(TemporaryError, match=r"failed: No room left for \[removed\]"):
        read(fetching(Exporter(answers={LOOK: failed}), world, LINES))


def test_a_status_may_be_one_of_http(world: World) -> None:
    """202 until the job is done, whatever the answer says."""
    poll = {"path": "/exports/{job}", "not_ready": 202}
    ready = answering(json={"urls": [f"{STORAGE}/files/0"]})
    server = Exporter(answers={LOOK: [answering(202, json={}), answering(202), ready]})
    assert read(fetching(server, world, {**LINES, "job": {**JOB, "poll": poll}})) == list(MEMBERS)


def test_a_pending_job_may_have_failed(world: World) -> None:
    """Where an end time beside a pending status is how the platform says that the job failed."""
    poll = {"path": "/exports/{job}", "status": "ready", "pending": "false", "done": "true", "failed_at": "ended"}
    job = {**JOB, "poll": poll}
    ready = {"ready": True, "urls": [f"{STORAGE}/files/0"], "ended": "10:00"}
    server = Exporter(answers={LOOK: [answering(json={"ready": False}), answering(json=ready)]})
    assert read(fetching(server, world, {**LINES, "job": job})) == list(MEMBERS)
    server = Exporter(answers={LOOK: answering(json={"ready": False, "ended": "10:00"})})
    with pytest.raises(TemporaryError, match="export-failed"):
        read(fetching(server, world, {**LINES, "job": job}))


def test_values_of_the_job_stand_in_what_follows(world: World) -> None:
    """What the job made is named by its answer, and read from there."""
    job = {**JOB, "gives": {"file_id": "result.file"}}
    done = answering(json={"status": "ready", "result": {"file": 12}})
    members = {**LINES, "job": job, **here(path="/results/{file_id}/file")}
    server = Exporter(answers={LOOK: done})
    assert read(fetching(server, world, members)) == list(MEMBERS)
    assert server.called()[-1] == "GET /results/12/file"
    server = Exporter(answers={LOOK: answering(json={"status": "ready", "result": {"file": None}})})
    with pytest.raises(PlatformError, match="wrong-type"):
        read(fetching(server, world, members))


def test_addresses_may_be_within_entries(world: World) -> None:
    """An array of objects holds one address each."""
    download = {**LINKS, "at": "files", "each": "url"}
    server = Exporter(more={"files": [{"url": f"{STORAGE}/files/0", "name": "x"}]})
    assert read(fetching(server, world, {**LINES, "download": download})) == list(MEMBERS)
    for files, code in (([{"name": "x"}], "path-missing"), ({"url": "x"}, "wrong-type")):
        with pytest.raises(PlatformError, match=code):
            read(fetching(Exporter(more={"files": files}), world, {**LINES, "download": download}))


def test_an_export_may_be_asked_for_by_name(world: World) -> None:
    """The name comes from the description, so that renaming the segment breaks nothing; in a preview, too."""
    job = {**JOB, "submit": {**JOB["submit"], "body": '{"name": "{described_name}"}'}}
    server = Exporter()
    read(fetching(server, world, {**LINES, "job": job}))
    assert server.requests[1].content == b'{"name": "VIP"}'
    platform = connect(manifest({**EXPORT, **LINES, "job": job}), Exporter(), world)
    assert platform.preview("segment", {"segment_id": "s1"}).columns == {"id": list(MEMBERS)}


@pytest.mark.parametrize("step", [SUBMIT, LOOK, FILE])
def test_a_web_page_at_any_step_is_an_error(step: str, world: World) -> None:
    """Promise 2: a login page is neither a job, nor a status, nor a file."""
    page = answering(html="<!doctype html><p>Log in</p>")
    with pytest.raises(PlatformError) as caught:
        read(fetching(Exporter(answers={step: page}), world, LINES))
    assert caught.value.code in {"not-json", "not-a-file"}


def test_a_cut_file_is_read_again_from_the_same_job(world: World) -> None:
    """Promise 2: nothing of a cut file counts, and no second job is submitted for it."""
    short = {"content-type": "text/plain", "content-length": "15"}
    cut = answering(stream=httpx.ByteStream(b"m1\n"), headers=short)
    server = Exporter(answers={FILE: [cut, served()]})
    assert read(fetching(server, world, LINES)) == list(MEMBERS)
    assert server.called().count(SUBMIT) == 1
    server = Exporter(answers={FILE: cut})
    with pytest.raises(TemporaryError, match="answer-cut"):
        read(fetching(server, world, LINES))
    assert server.called().count(FILE) == 3


def test_a_storage_that_is_not_well_is_no_fault_of_the_key(world: World) -> None:
    """Refusals of a storage are about the address, those of the platform about the key."""
    for status, code in ((500, "platform-unavailable"), (401, "link-expired"), (400, "link-expired"), (204, "file-")):
        with pytest.raises(RemoteSegmentsError, match=code):
            read(fetching(Exporter(answers={FILE: answering(status)}), world, LINES))
    for step, status, code in ((SUBMIT, 401, "key-refused"), (LOOK, 403, "access-denied"), (LOOK, 404, "not-found")):
        with pytest.raises(RemoteSegmentsError, match=code):
            read(fetching(Exporter(answers={step: answering(status)}), world, LINES))


REFUSED: dict[str, tuple[Mapping[str, Any], str]] = {
    "nothing says when it is done": ({"job": {"submit": JOB["submit"]}}, "nothing says when"),
    "a poll that tells nothing": ({"job": {**JOB, "poll": {"path": "/exports/{job}"}}}, "Nothing says"),
    "a status without a word for done": ({"job": polling(done=[])}, "written together"),
    "words without a status": ({"job": polling(status=None, done=[])}, "values of `status`"),
    "one word for two things": ({"job": polling(failed="ready")}, "two things"),
    "an id that is not there yet": ({"job": submitting(path="/exports/{job}")}, "not known before"),
    "the job's id by two ways": ({"job": {**JOB, "gives": {"job": "id"}}}, "submit.job"),
    "an id that nothing gives": ({"job": submitting(job=None)}, r"\{job\}"),
    "a name that nothing gives": (here(path="/exports/{other}"), r"\{other\}"),
    "repeatable instead of again": ({"job": submitting(repeatable=True)}, "again"),
    "rows that nothing counts": ({"end": "rows"}, "needs rows"),
    "a check sum of several": (
        {"sha256": "sum", "download": {**LINKS, "each": "url"}},
        "check sum",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_export_that_cannot_be_understood_is_refused_at_load(name: str) -> None:
    """Promise 2: a manifest whose end nothing proves, or whose words contradict each other, is not loaded."""
    members, why = REFUSED[name]
    with pytest.raises(ValidationError, match=why):
        manifest({**EXPORT, **LINES, **members})


def test_the_calls_of_an_export_are_estimated() -> None:
    """Description, submission, looks and a download, whatever the size."""
    whole = manifest({**EXPORT, **LINES})
    assert whole.calls_per_refresh("segment", 10) == whole.calls_per_refresh("segment", 10_000_000) == 13
    assert manifest(unwatched() | {"kind": "export", "end": "transfer"}).calls_per_refresh("segment", 10) == 3
