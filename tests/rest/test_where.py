"""Who is on a page and no member: left out by a value, counted, and never by a value that nobody knows."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from remote_segments.conformance.world import World
from remote_segments.errors import PlatformError
from remote_segments.rest.manifest import Manifest
from tests.support.exporting import manifest
from tests.support.invented_platform import connect, read

PEOPLE = (("m1", "on", True), ("m2", "off", False), ("m3", "off", True), ("m4", "on", False), ("m5", "on", True))
PAGES: Mapping[str, Any] = {
    "path": "/segments/{segment_id}/members",
    "query": {"size": "{page_size}"},
    "page_size": 2,
    "format": {"kind": "json", "items": "members"},
    "paging": {"kind": "offset", "parameter": "skip", "end": "total"},
    "total": {"certainty": "exact", "source": "page", "path": "total"},
}
ROWS = {**PAGES, "format": {"kind": "rows", "items": "rows", "columns": ["id", "status", "mail"]}}
LINES: Mapping[str, Any] = {"kind": "stream", "path": "/segments/{segment_id}/file", "end": "total",
                            "total": {"certainty": "exact", "source": "describe"}}  # fmt: skip
ON = {"path": "status", "keep": "on", "of": ["on", "off"]}
FILES = {
    "ndjson": {**LINES, "format": {"kind": "ndjson"}},
    "csv": {**LINES, "format": {"kind": "csv", "columns": ["id", "status", "mail"]}},
}


def answer(request: httpx.Request) -> httpx.Response:
    """Lists everybody, members or not, and counts them all."""
    if request.url.path.endswith("/file"):
        csv = "".join(f"{one},{status},{str(mail).lower()}\n" for one, status, mail in PEOPLE)
        objects = "".join(
            f'{{"id":"{one}","status":"{status}","mail":{str(mail).lower()}}}\n' for one, status, mail in PEOPLE
        )
        return httpx.Response(200, text=csv if "csv" in request.url.path else objects)
    if not request.url.path.endswith("/members"):
        return httpx.Response(200, json={"name": "VIP", "size": len(PEOPLE)})
    start = int(request.url.params["skip"])
    held = PEOPLE[start : start + 2]
    members = [{"id": one, "status": status, "mail": mail, "in": {"list": 1}} for one, status, mail in held]
    return httpx.Response(200, json={"members": members, "rows": [list(one) for one in held], "total": len(PEOPLE)})


def platform(where: Mapping[str, Any], members: Mapping[str, Any] = PAGES, **changes: Any) -> Manifest:
    """Returns a manifest that keeps some of those on its pages."""
    return manifest(members, where=where, **changes)


@pytest.mark.parametrize("members", [PAGES, ROWS, *FILES.values()], ids=["json", "rows", *FILES])
def test_who_is_no_member_is_left_out_and_counted(members: Mapping[str, Any], world: World) -> None:
    """The platform's total counts everybody, and agrees with everybody; the proof counts members and those left out."""
    kind = members["format"]["kind"]
    if kind == "csv":
        members = {**members, "path": "/segments/{segment_id}/csv/file"}
    fetch = connect(platform(ON, members), answer, world).fetch("segment", {"segment_id": "s1"})
    assert read(fetch) == ["m1", "m4", "m5"]
    assert (fetch.proof.members, fetch.proof.left_out, fetch.proof.declared_total) == (3, 2, 5)
    assert fetch.proof.completeness.endswith("; 2 of 5 left out, by their `status`")
    page = connect(platform(ON, members), answer, world).preview("segment", {"segment_id": "s1"})
    assert page.columns == {"id": ["m1", "m4", "m5"] if kind in FILES else ["m1"]}


def test_an_id_of_the_source_may_say_who_is_kept(world: World) -> None:
    """One manifest reads those who may be mailed, and those who may not, as the segment's file says."""
    kept = platform(
        {"path": "mail", "keep": "{mail}", "of": ["true", "false"]},
        ids=["segment_id", "mail"],
        id_forms={"mail": "true|false"},
    )
    for mail, found in (("true", ["m1", "m3", "m5"]), ("false", ["m2", "m4"])):
        assert read(connect(kept, answer, world).fetch("segment", {"segment_id": "s1", "mail": mail})) == found


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ({**ON, "of": ["on", "paused"]}, "value-unknown"),
        ({**ON, "path": "state"}, "path-missing"),
        ({**ON, "path": "in"}, "wrong-type"),
        ({**ON, "path": "in.list"}, "value-unknown"),
    ],
)
def test_a_value_that_nobody_knows_is_an_error(where: Mapping[str, Any], code: str, world: World) -> None:
    """Promise 2: a misspelt or new value does not make members vanish."""
    with pytest.raises(PlatformError, match=code) as told:
        read(connect(platform(where), answer, world).fetch("segment", {"segment_id": "s1"}))
    assert "m1" not in str(told.value)


@pytest.mark.parametrize(
    ("where", "changes", "words"),
    [
        ({**ON, "keep": "onn"}, {}, "`onn` of keep is not one of"),
        ({**ON, "keep": ["on", "off"]}, {}, "nobody is left out"),
        ({**ON, "keep": "{state}"}, {}, "id_forms says which values"),
        ({**ON, "path": "state"}, {"members": ROWS}, "is not one of those that the format declares"),
        (ON, {"members": {**PAGES, "format": {"kind": "strings", "items": "members"}}}, "members are bare texts"),
    ],
)
def test_a_filter_that_cannot_work_is_refused_when_loaded(where: Any, changes: dict[str, Any], words: str) -> None:
    """A manifest names a value that is there, and who is kept by it."""
    with pytest.raises(ValidationError, match=words):
        platform(where, **changes)
