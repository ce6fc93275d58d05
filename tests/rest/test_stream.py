"""A membership as one stream: read in any format and packing, whole or not at all."""

import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from remote_segments.conformance.world import World
from remote_segments.errors import PlatformError, RemoteSegmentsError, TemporaryError
from remote_segments.rest.platform import Fetch
from tests.support import exporting
from tests.support.exporting import CSV, JSON_LINES, LINES, MEMBERS, STREAM, Exporter, archive, manifest, packed
from tests.support.invented_platform import connect, read

GZIP: Mapping[str, Any] = {"compression": "gzip", "end": "archive"}
ZIP: Mapping[str, Any] = {"compression": "zip", "end": "archive"}
WAYS: dict[str, tuple[Mapping[str, Any], tuple[bytes, ...], str]] = {
    "lines": (LINES, (exporting.lines(),), "text/plain; charset=utf-8"),
    "lines without the last line feed": (LINES, (exporting.lines()[:-1],), "text/plain"),
    "lines as Windows ends them": (LINES, (exporting.lines().replace(b"\n", b"\r\n"),), "text/plain"),
    "lines after a byte order mark": (LINES, (b"\xef\xbb\xbf" + exporting.lines(),), "text/plain"),
    "lines in gzip": ({**LINES, **GZIP}, (packed(exporting.lines()),), "text/plain"),
    "lines in two gzip members": ({**LINES, **GZIP}, (packed(b"m1\nm2\n") + packed(b"m3\nm4\nm5"),), "text/plain"),
    "JSON lines": (JSON_LINES, (exporting.json_lines(),), "application/x-ndjson"),
    "JSON lines without the last line feed": (JSON_LINES, (exporting.json_lines()[:-1],), "application/x-ndjson"),
    "JSON lines in gzip": ({**JSON_LINES, **GZIP}, (packed(exporting.json_lines()),), "application/gzip"),
    "JSON lines in a zip of two": (
        {**JSON_LINES, **ZIP},
        (archive(exporting.json_lines(MEMBERS[:2])[:-1], exporting.json_lines(MEMBERS[2:])),),
        "application/zip",
    ),
    "CSV": (CSV, (exporting.csv(),), "text/csv"),
    "CSV without quotes": (CSV, (exporting.csv().replace(b'"', b""),), "text/csv"),
    "CSV in a zip of two, each with a header": (
        {**CSV, **ZIP},
        (archive(exporting.csv(MEMBERS[:3]), exporting.csv(MEMBERS[3:])),),
        "application/zip",
    ),
    "CSV with semicolons and no header": (
        {"format": {"kind": "csv", "delimiter": "semicolon", "columns": ["email", "id"]}},
        ("".join(f"{one}@example.test;{one}\r\n" for one in MEMBERS).encode(),),
        "text/csv",
    ),
}


def fetching(server: Exporter, world: World, members: Mapping[str, Any], **changes: Any) -> Fetch:
    return connect(manifest({**STREAM, **members}, **changes), server, world).fetch("segment", {"segment_id": "s1"})


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_is_read(way: str, world: World) -> None:
    """Every format and packing gives the same members, in order, and a proof."""
    members, files, media = WAYS[way]
    fetch = fetching(Exporter(files, media), world, members)
    assert read(fetch) == list(MEMBERS)
    assert (fetch.proof.members, fetch.proof.repeated, fetch.proof.calls) == (5, 0, 2)


@pytest.mark.parametrize("way", WAYS)
def test_one_member_is_read(way: str, world: World) -> None:
    """A membership of one is not taken for a heading or for nothing."""
    members, _, media = WAYS[way]
    kind = members["format"]["kind"]
    write = {"lines": exporting.lines, "ndjson": exporting.json_lines, "csv": exporting.csv}[kind]
    content = write(("m1",))
    if members["format"].get("columns"):
        content = b"m1@example.test;m1"
    content = {"gzip": packed, "zip": archive}.get(members.get("compression", ""), lambda found: found)(content)
    assert read(fetching(Exporter((content,), media), world, members)) == ["m1"]


def test_the_proof_says_what_it_rests_on(world: World) -> None:
    """Promise 2: the proof names the transfer, the check sums, or the platform's own count."""
    total = {"certainty": "exact", "source": "describe"}
    fetch = fetching(Exporter(), world, LINES)
    read(fetch)
    assert fetch.proof.completeness == "file as long as announced, which nothing else confirms"
    fetch = fetching(Exporter((packed(exporting.lines()),)), world, {**LINES, **GZIP})
    read(fetch)
    assert fetch.proof.completeness == "file whole, by the check sums in it"
    fetch = fetching(Exporter(), world, {**LINES, "end": "total", "total": total})
    read(fetch)
    assert (fetch.proof.completeness, fetch.proof.declared_total) == ("file whole; the platform's total agrees", 5)


@pytest.mark.parametrize("size", [4, 6, 500])
def test_a_count_that_disagrees_is_an_error(size: int, world: World) -> None:
    """Promise 2: the platform's count is compared, and one member more or less is not let through."""
    members = {**LINES, "end": "total", "total": {"certainty": "exact", "source": "describe"}}
    with pytest.raises(PlatformError, match="total-mismatch"):
        read(fetching(Exporter(size=size), world, members))


def test_a_count_that_is_not_told_proves_nothing(world: World) -> None:
    """An end by total without a total at run time is an error."""
    members = {**LINES, "end": "total", "total": {"certainty": "exact", "source": "describe"}}
    with pytest.raises(PlatformError, match="end-unproven"):
        read(fetching(Exporter(size=None), world, members))


def test_a_count_may_come_in_a_header(world: World) -> None:
    """A total beside the stream is compared like any other."""
    total = {"certainty": "exact", "source": "header", "header": "X-Total"}
    path = "GET /segments/s1/members"

    def serve(count: str) -> Exporter:
        headers = {"content-type": "text/plain", "x-total": count}
        return Exporter(answers={path: lambda request: httpx.Response(200, content=exporting.lines(), headers=headers)})

    members = {**LINES, "end": "total", "total": total}
    fetch = fetching(serve("5"), world, members)
    read(fetch)
    assert fetch.proof.declared_total == 5
    with pytest.raises(PlatformError, match="total-mismatch"):
        read(fetching(serve("6"), world, members))


def test_members_that_come_twice_are_counted(world: World) -> None:
    """A duplicate anywhere in a file is told in the proof, and does not fill a gap in the count."""
    twice = exporting.lines((*MEMBERS, "m1"))
    fetch = fetching(Exporter((twice,)), world, LINES)
    read(fetch)
    assert (fetch.proof.members, fetch.proof.repeated) == (6, 1)
    members = {**LINES, "end": "total", "total": {"certainty": "exact", "source": "describe"}}
    with pytest.raises(PlatformError, match="total-mismatch"):
        read(fetching(Exporter((twice,), size=6), world, members))


def test_an_empty_file_is_an_error_unless_the_manifest_says_otherwise(world: World) -> None:
    """Not a single byte may be a failure; only the manifest can call it an empty segment."""
    for members, content, media in (
        (LINES, b"", "text/plain"),
        ({**CSV, **GZIP}, packed(b""), "text/csv"),
        ({**CSV, **GZIP}, b"", "text/csv"),
        ({**JSON_LINES, **ZIP}, archive(b"", exporting.json_lines()), "application/zip"),
        ({**JSON_LINES, **ZIP}, archive(), "application/zip"),
    ):
        with pytest.raises(PlatformError, match="file-empty"):
            read(fetching(Exporter((content,), media), world, members))
        fetch = fetching(Exporter((content,), media), world, {**members, "empty": "no-members"})
        assert len(read(fetch)) == fetch.proof.members
    fetch = fetching(Exporter((b'"id","email"\n',), "text/csv"), world, CSV)
    assert (read(fetch), fetch.proof.members) == ([], 0)


def cut_at(content: bytes, length: int) -> bytes:
    return content[:length]


DAMAGED: dict[str, tuple[Mapping[str, Any], bytes, type[RemoteSegmentsError], str]] = {
    "gzip cut in the data": ({**LINES, **GZIP}, packed(exporting.lines())[:-12], TemporaryError, "file-damaged"),
    "gzip without its last byte": ({**LINES, **GZIP}, packed(exporting.lines())[:-1], TemporaryError, "file-damaged"),
    "gzip with a wrong sum": (
        {**LINES, **GZIP},
        packed(exporting.lines())[:-8] + b"\0" * 4 + packed(exporting.lines())[-4:],
        TemporaryError,
        "file-damaged",
    ),
    "gzip with a wrong length": (
        {**LINES, **GZIP},
        packed(exporting.lines())[:-4] + b"\1\0\0\0",
        TemporaryError,
        "file-damaged",
    ),
    "something after gzip": ({**LINES, **GZIP}, packed(exporting.lines()) + b"more", TemporaryError, "file-damaged"),
    "no gzip": ({**LINES, **GZIP}, exporting.lines(), PlatformError, "wrong-format"),
    "no zip": ({**JSON_LINES, **ZIP}, exporting.json_lines(), PlatformError, "wrong-format"),
    "zip without its directory": (
        {**JSON_LINES, **ZIP},
        archive(exporting.json_lines())[:-30],
        TemporaryError,
        "file-damaged",
    ),
    "zip with a wrong sum": (
        {**JSON_LINES, **ZIP},
        archive(exporting.json_lines() * 20).replace(b"PK\x01\x02", b"PK\x01\x02", 1)[:60]
        + b"\xff\xff"
        + archive(exporting.json_lines() * 20)[62:],
        TemporaryError,
        "file-damaged",
    ),
    "gzip where plain lines are declared": (LINES, packed(exporting.lines()), PlatformError, "wrong-format"),
    "an empty line": (LINES, b"m1\n\nm2\n", PlatformError, "member-without-id"),
    "no text": (LINES, b"m1\nm\xff2\n", PlatformError, "wrong-format"),
    "a line without end": (LINES, b"x" * 5_000_000, PlatformError, "wrong-format"),
    "JSON cut in a line": (JSON_LINES, exporting.json_lines()[:-4], TemporaryError, "answer-cut"),
    "JSON without the path": (JSON_LINES, b'{"id": "m1"}\n{"name": "m2"}\n', PlatformError, "path-missing"),
    "an id that is a number": (JSON_LINES, b'{"id": "m1"}\n{"id": 2}\n', PlatformError, "wrong-type"),
    "an id that is null": (JSON_LINES, b'{"id": "m1"}\n{"id": null}\n', PlatformError, "member-without-id"),
    "an array instead of lines": (JSON_LINES, b'[{"id": "m1"}]', PlatformError, "wrong-type"),
    "CSV cut in quotes": (CSV, exporting.csv()[:-4], PlatformError, "wrong-format"),
    "CSV cut in a row": (CSV, exporting.csv() + b'"m6"', PlatformError, "row-width"),
    "CSV with a row too long": (CSV, exporting.csv() + b'"m6","a","b"\n', PlatformError, "row-width"),
    "CSV with a broken quote": (CSV, exporting.csv() + b'"m6"x,"a"\n', PlatformError, "wrong-format"),
    "CSV without the column": (CSV, exporting.csv().replace(b'"id"', b'"key"'), PlatformError, "path-missing"),
    "CSV with one column twice": (CSV, exporting.csv().replace(b'"email"', b'"id"'), PlatformError, "wrong-format"),
    "CSV without an id": (CSV, exporting.csv() + b'"","a@example.test"\n', PlatformError, "member-without-id"),
    "a web page": (LINES, b"<!DOCTYPE html><p>Log in</p>", PlatformError, "not-a-file"),
    "a web page where any type is taken": (CSV, b"<html><p>Log in</p>", PlatformError, "not-a-file"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_an_error(name: str, world: World) -> None:
    """Promise 2: a file that is not whole and as declared never ends with a proof."""
    members, content, kind, code = DAMAGED[name]
    fetch = fetching(Exporter((content,)), world, members)
    with pytest.raises(kind) as caught:
        read(fetch)
    assert caught.value.code == code
    for secret in ("m1", "m2", "s3cret-canary"):
        assert secret not in str(caught.value)
    with pytest.raises(RemoteSegmentsError, match="fetch-unfinished"):
        _ = fetch.proof


@pytest.mark.parametrize("way", ["lines in gzip", "JSON lines in a zip of two"])
def test_an_archive_cut_at_any_byte_is_an_error(way: str, world: World) -> None:
    """Promise 2: wherever a packed file is cut, nothing is taken for the end."""
    members, (content,), media = WAYS[way]
    for length in range(1, len(content)):
        with pytest.raises(RemoteSegmentsError) as caught:
            read(fetching(Exporter((content[:length],), media), world, members))
        assert caught.value.code in {"file-damaged", "wrong-format"}


class Broken(httpx.SyncByteStream):
    """Sends a beginning, then fails as a connection does, or just stops."""

    def __init__(self, content: bytes, failure: type[httpx.TransportError] | None) -> None:
        self.content, self.failure = content, failure

    def __iter__(self) -> Iterator[bytes]:
        yield self.content
        if self.failure is not None:
            raise self.failure("cut")


PLACE = "GET /segments/s1/members"


def breaking(content: bytes, failure: type[httpx.TransportError] | None, **headers: str) -> Any:
    headers = {"content-type": "text/plain", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return lambda request: httpx.Response(200, stream=Broken(content, failure), headers=headers)


@pytest.mark.parametrize("failure", [httpx.RemoteProtocolError, httpx.ReadError, httpx.ReadTimeout, None])
def test_a_cut_stream_is_an_error_and_begins_anew(failure: type[httpx.TransportError] | None, world: World) -> None:
    """Promise 2: a body that ends early is tried again from its beginning, then an error."""
    cut = breaking(b"m1\nm2\n", failure, content_length="15")
    server = Exporter(answers={PLACE: cut})
    with pytest.raises(TemporaryError) as caught:
        read(fetching(server, world, LINES))
    assert caught.value.code == ("timeout" if failure is httpx.ReadTimeout else "answer-cut")
    assert server.called().count(PLACE) == 3
    server = Exporter(answers={PLACE: [cut, lambda request: Exporter().file(0)]})
    assert read(fetching(server, world, LINES)) == list(MEMBERS)


def test_a_stream_without_announced_end_is_an_error(world: World) -> None:
    """Promise 2: where a closed connection is all that ends a body, a cut one would look the same."""
    open_ended = breaking(exporting.lines(), None)
    with pytest.raises(PlatformError, match="end-unproven"):
        read(fetching(Exporter(answers={PLACE: open_ended}), world, LINES))
    chunked = breaking(exporting.lines(), None, transfer_encoding="chunked")
    assert read(fetching(Exporter(answers={PLACE: chunked}), world, LINES)) == list(MEMBERS)
    closed_by_gzip = breaking(packed(exporting.lines()), None)
    assert read(fetching(Exporter(answers={PLACE: closed_by_gzip}), world, {**LINES, **GZIP})) == list(MEMBERS)


def test_a_body_packed_for_its_way_is_unpacked_and_checked(world: World) -> None:
    """Content-Encoding is taken off; where a storage says so of a packed file, that was all of its packing."""
    for members, content in (
        (LINES, packed(exporting.lines())),
        ({**LINES, **GZIP}, packed(exporting.lines())),
        ({**LINES, **GZIP}, packed(packed(exporting.lines()))),
    ):
        answer = breaking(content, None, content_encoding="gzip", content_length=str(len(content)))
        assert read(fetching(Exporter(answers={PLACE: answer}), world, members)) == list(MEMBERS)
    short = packed(exporting.lines())[:-3]
    answer = breaking(short, None, content_encoding="gzip", content_length=str(len(short)))
    with pytest.raises(TemporaryError, match="file-damaged"):
        read(fetching(Exporter(answers={PLACE: answer}), world, LINES))
    for encoding in ("br", "gzip"):
        answer = breaking(exporting.lines(), None, content_encoding=encoding, content_length="15")
        with pytest.raises(PlatformError, match="wrong-format"):
            read(fetching(Exporter(answers={PLACE: answer}), world, LINES))
    zipped = archive(exporting.lines())
    answer = breaking(packed(zipped), None, content_encoding="gzip", content_length=str(len(packed(zipped))))
    with pytest.raises(PlatformError, match="wrong-format"):
        read(fetching(Exporter(answers={PLACE: answer}), world, {**LINES, **ZIP}))


def test_a_cut_download_goes_on_where_it_ended(world: World) -> None:
    """With a strong ETag the rest is asked for, and only the rest of the same file is taken."""
    content = exporting.lines()
    cut = breaking(content[:6], None, content_length=str(len(content)), etag='"v1"')

    def rest(request: httpx.Request) -> httpx.Response:
        assert (request.headers["range"], request.headers["if-range"]) == ("bytes=6-", '"v1"')
        headers = {"content-type": "text/plain", "content-range": f"bytes 6-{len(content) - 1}/{len(content)}"}
        return httpx.Response(206, content=content[6:], headers={**headers, "etag": '"v1"'})

    fetch = fetching(Exporter(answers={PLACE: [cut, rest]}), world, LINES)
    assert read(fetch) == list(MEMBERS)
    assert (fetch.proof.members, fetch.proof.calls) == (5, 3)

    def changed(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=exporting.lines(("n1", "n2")), headers={"content-type": "text/plain"})

    assert read(fetching(Exporter(answers={PLACE: [cut, changed]}), world, LINES)) == ["n1", "n2"]

    def other_part(request: httpx.Request) -> httpx.Response:
        headers = {"content-type": "text/plain", "content-range": "bytes 3-14/15", "etag": '"v1"'}
        return httpx.Response(206, content=content[3:], headers=headers)

    server = Exporter(answers={PLACE: [cut, other_part, lambda request: Exporter().file(0)]})
    assert read(fetching(server, world, LINES)) == list(MEMBERS)
    assert "range" not in server.requests[-1].headers


def test_a_weak_tag_proves_no_rest(world: World) -> None:
    """Without a strong ETag a cut download begins anew."""
    cut = breaking(b"m1\n", None, content_length="15", etag='W/"v1"')
    server = Exporter(answers={PLACE: [cut, lambda request: Exporter().file(0)]})
    assert read(fetching(server, world, LINES)) == list(MEMBERS)
    assert "range" not in server.requests[-1].headers


def test_a_file_has_limits(world: World) -> None:
    """Bytes on the way, unpacked bytes, and time are bounded."""
    with pytest.raises(PlatformError, match="answer-too-large"):
        read(fetching(Exporter(), world, {**LINES, "largest_file": 14}))
    bomb = packed(b"m" * 3_000_000)
    with pytest.raises(PlatformError, match="answer-too-large"):
        read(fetching(Exporter((bomb,)), world, {**LINES, **GZIP, "largest_file": 1_000_000}))

    class Slow(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for _ in range(3):
                world.seconds += 50
                yield b"m\n"

    headers = {"content-type": "text/plain", "content-length": "6"}
    server = Exporter(answers={PLACE: lambda request: httpx.Response(200, stream=Slow(), headers=headers)})
    with pytest.raises(TemporaryError, match="timeout"):
        read(fetching(server, world, {**LINES, "deadline_seconds": 120}))


def test_a_refusal_is_told_as_for_any_call(world: World) -> None:
    """Key, right, unknown segment, limits: the stream's address is one of the platform's own."""
    codes = {
        401: "key-refused",
        403: "access-denied",
        404: "segment-not-found",
        429: "rate-limited",
        204: "file-missing",
    }
    for status, code in codes.items():
        server = Exporter(answers={PLACE: lambda request, status=status: httpx.Response(status)})  # type: ignore[misc]
        with pytest.raises(RemoteSegmentsError, match=code):
            read(fetching(server, world, LINES))


def test_a_refusal_within_http_200_is_told_apart_from_a_file(world: World) -> None:
    """Marketo's file address answers 200 with a code, too: it heals where the code says so; a file stays a file."""
    refusals = [{"status": 200, "path": "errors.0.code", "values": ["606"], "means": "throttled"}]
    answers = iter([{"errors": [{"code": "606"}]}, {"errors": []}])
    server = Exporter(answers={PLACE: lambda _: httpx.Response(200, json=next(answers))})
    with pytest.raises(PlatformError, match="path-missing"):
        read(fetching(server, world, JSON_LINES, refusals=refusals))
    assert next(answers, None) is None
    assert len(world.slept) == 1


def test_other_identifiers_and_times_are_read_from_rows(world: World) -> None:
    """Columns may be absent or hold nothing where the manifest says so; times are read in both forms."""
    identifiers = {
        "id": {"path": "ID", "type": "integer"},
        "email": {"path": "EMAIL", "kind": "email"},
        "phone": {"path": "PHONE", "absent": "null"},
    }
    content = b'ID,EMAIL,AT\n1,"a,b\n""c""@example.test",2026-11-24T10:00:00Z\n2,null,\n'
    members = {"format": {"kind": "csv", "nulls": ["", "null"]}}
    more: dict[str, Any] = {"identifiers": identifiers, "joined_at": {"path": "AT"}}
    (page,) = fetching(Exporter((content,), "text/csv"), world, members, **more)
    assert page.columns == {"id": ["1", "2"], "email": ['a,b\n"c"@example.test', None], "phone": [None, None]}
    assert [instant and instant.isoformat() for instant in page.joined_at or []] == ["2026-11-24T10:00:00+00:00", None]
    unix = {**more, "joined_at": {"path": "AT", "form": "unix"}}
    content = b"ID,EMAIL,AT\n1,x,1763978400\n"
    (page,) = fetching(Exporter((content,), "text/csv"), world, members, **unix)
    assert str(page.joined_at and page.joined_at[0]) == "2025-11-24 10:00:00+00:00"
    for bad, code in (
        (b"ID,EMAIL,AT\none,x,\n", "wrong-type"),
        (b"ID,EMAIL,AT\n1,x,yesterday\n", "wrong-type"),
        (b"ID,EMAIL,AT\n1,x,2026-11-24T10:00:00\n", "wrong-type"),
        (b"ID,EMAIL\n1,x\n", "path-missing"),
    ):
        with pytest.raises(PlatformError, match=code):
            read(fetching(Exporter((bad,), "text/csv"), world, members, **more))


def test_a_preview_reads_the_first_members(world: World) -> None:
    """A preview of a stream is its first page, and an empty one has all columns."""
    platform = connect(manifest({**STREAM, **LINES}), Exporter(), world)
    assert platform.preview("segment", {"segment_id": "s1"}).columns == {"id": list(MEMBERS)}
    members = {**STREAM, **LINES, "empty": "no-members"}
    platform = connect(manifest(members), Exporter((b"",)), world)
    assert platform.preview("segment", {"segment_id": "s1"}).columns == {"id": []}


UNPROVEN: dict[str, tuple[Mapping[str, Any], str]] = {
    "no total": ({**LINES, "end": "total"}, "needs a total"),
    "an estimate": (
        {**LINES, "end": "total", "total": {"certainty": "estimate", "source": "describe"}},
        "needs a total",
    ),
    "rows without a job": ({**LINES, "end": "rows"}, "needs rows"),
    "archive without packing": ({**LINES, "end": "archive"}, "needs compression"),
    "lines of any type": ({"format": {"kind": "lines"}}, "need media_type"),
    "a total on a page": (
        {**LINES, "total": {"certainty": "exact", "source": "page", "path": "total"}},
        "no pages that hold a total",
    ),
}


@pytest.mark.parametrize("name", UNPROVEN)
def test_a_stream_that_cannot_prove_its_end_is_refused_at_load(name: str) -> None:
    """Promise 2: what could lose members without an error is no manifest."""
    members, why = UNPROVEN[name]
    with pytest.raises(ValidationError, match=why):
        manifest({**STREAM, **members})


def test_what_proves_the_end_is_always_written() -> None:
    """`end` has no default: a person decides what the proof rests on."""
    without = {name: value for name, value in STREAM.items() if name != "end"}
    with pytest.raises(ValidationError, match="end"):
        manifest({**without, **LINES})


def test_a_file_leaves_nothing_behind(tmp_path: Path, world: World) -> None:
    """Promise 29: a downloaded file has no name, also while it is read, in a folder of its owner only."""
    scratch = tmp_path / "downloads"
    members = {**STREAM, **JSON_LINES, **ZIP}
    server = Exporter((archive(exporting.json_lines()),), "application/zip")
    fetch = connect(manifest(members), server, world, scratch=scratch).fetch("segment", {"segment_id": "s1"})
    for _ in fetch:
        assert list(scratch.iterdir()) == []
    assert scratch.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, world: World) -> None:
    """A full or protected disk is a failure of this machine, to be tried again."""
    (tmp_path / "file").write_text("")
    platform = connect(manifest({**STREAM, **LINES}), Exporter(), world, scratch=tmp_path / "file")
    with pytest.raises(TemporaryError, match="scratch-unwritable"):
        read(platform.fetch("segment", {"segment_id": "s1"}))


def test_a_line_may_lie_across_blocks(world: World) -> None:
    """Blocks end anywhere; no line is lost or split, in any format."""
    many = tuple(f"member-{number:07d}" for number in range(60_000))
    for members, content in (
        (LINES, exporting.lines(many)),
        (JSON_LINES, exporting.json_lines(many)),
        (CSV, exporting.csv(many)),
        ({**LINES, **GZIP}, gzip.compress(exporting.lines(many), 1)),
    ):
        fetch = fetching(Exporter((content,)), world, members)
        assert read(fetch) == list(many)
        assert fetch.proof.pages > 1


def test_a_preview_asks_for_a_sample_where_there_is_one(world: World) -> None:
    """A list that takes an hour to answer is not read for a look at it."""
    called: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        called.append(request.url.raw_path.decode())
        headers = {"content-type": "text/plain", "content-length": "3"}
        return httpx.Response(200, text="m1\n", headers=headers)

    sample = {"path": "/segments/{segment_id}/sample", "query": {"size": "10"}}
    platform = connect(manifest({**STREAM, **LINES, "sample": sample}), answer, world)
    assert platform.preview("segment", {"segment_id": "s1"}).columns == {"id": ["m1"]}
    assert called == ["/segments/s1/sample?size=10"]
