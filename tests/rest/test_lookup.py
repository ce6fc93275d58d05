"""Identifiers that are looked up in batches: every member is answered, named as missing, or an error."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from remote_segments.conformance.world import World
from remote_segments.errors import PlatformError, RemoteSegmentsError
from remote_segments.rest.manifest import Manifest
from tests.support.exporting import manifest
from tests.support.invented_platform import connect

PAGES: Mapping[str, Any] = {
    "path": "/segments/{segment_id}/members",
    "query": {"size": "{page_size}"},
    "page_size": 3,
    "format": {"kind": "json", "items": "members"},
    "paging": {"kind": "offset", "parameter": "skip", "end": "total"},
    "total": {"certainty": "exact", "source": "page", "path": "total"},
}
LOOKUP: Mapping[str, Any] = {
    "method": "POST",
    "path": "/people/read",
    "body": '{"fields": ["mail"], "query": {}}',
    "repeatable": True,
    "parameter": "query.in",
    "place": "body",
    "each": "id",
    "most": 2,
    "items": "found",
    "id": "key",
    "missing": {"items": "gone", "ids": "about.ids", "reason": "why", "reasons": ["deleted"]},
}
IDENTIFIERS: Mapping[str, Any] = {
    "id": {"path": "id"},
    "email": {"path": "mail.address", "kind": "email", "looked_up": True, "absent": "null"},
}


def platform(**lookup: Any) -> Manifest:
    """Returns a manifest of a platform that looks up e-mail addresses; a key that is None is left out."""
    whole = {name: value for name, value in {**LOOKUP, **lookup}.items() if value is not None}
    return manifest(PAGES, identifiers=IDENTIFIERS, lookup=whole)


class Server:
    """Lists so many members; answers look-ups, but for ids that are deleted, left out, or known under another id."""

    def __init__(
        self, members: int, *, gone: tuple[str, ...] = (), silent: tuple[str, ...] = (), merged: Mapping[str, str] = {}
    ) -> None:
        self.members = [f"m{number}" for number in range(1, members + 1)]
        self.gone, self.silent, self.merged = gone, silent, merged
        self.asked: list[list[str]] = []
        self.why = "deleted"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/people/read":
            return self.read(request)
        if not request.url.path.endswith("/members"):
            return httpx.Response(200, json={"name": "VIP", "size": len(self.members)})
        start = int(request.url.params["skip"])
        items = [{"id": one} for one in self.members[start : start + 3]]
        return httpx.Response(200, json={"members": items, "total": len(self.members)})

    def read(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            ids = request.url.params.get_list("ids[]")
        else:
            ids = [one["id"] for one in json.loads(request.content)["query"]["in"]]
        self.asked.append(ids)
        known = [one for one in ids if one not in (*self.gone, *self.silent)]
        found = [{"key": self.merged.get(one, one), "mail": {"address": f"{one}@example.test"}} for one in known]
        gone = [{"why": self.why, "about": {"ids": [one]}} for one in ids if one in self.gone]
        return httpx.Response(207 if gone else 200, json={"found": found[::-1], "gone": gone, "count": len(found)})


def fetched(server: Server, world: World, **lookup: Any) -> tuple[dict[str, list[str | None]], Any]:
    """Returns the columns and the proof of a fetch with look-ups."""
    fetch = connect(platform(**lookup), server, world).fetch("segment", {"segment_id": "s1"})
    columns: dict[str, list[str | None]] = {"id": [], "email": []}
    for page in fetch:
        assert {len(values) for values in page.columns.values()} == {page.length}
        for name, values in page.columns.items():
            columns[name] += values
    return columns, fetch.proof


def test_members_are_looked_up_in_full_batches_across_pages(world: World) -> None:
    """Members of several pages fill the calls; answers in another order reach their own members."""
    server = Server(7)
    columns, proof = fetched(server, world)
    assert columns["id"] == server.members
    assert columns["email"] == [f"{one}@example.test" for one in server.members]
    assert server.asked == [["m1", "m2"], ["m3", "m4"], ["m5", "m6"], ["m7"]]
    assert proof.completeness == "last page seen; the platform's total agrees; all of 7 ids looked up"
    assert (proof.members, proof.missing, proof.calls) == (7, 0, 1 + 3 + 4)
    assert platform().calls_per_refresh("segment", 7) == 1 + 3 + 4


def test_many_members_are_passed_on_before_the_last_page_is_read(world: World) -> None:
    """Not more than some batches and a page are held: a large segment takes no more memory."""
    fetch = connect(platform(most=1), Server(40), world).fetch("segment", {"segment_id": "s1"})
    assert [page.length for page in fetch] == [10, 2, 10, 2, 10, 2, 4]


def test_nothing_is_looked_up_that_nobody_wants(world: World) -> None:
    """A segment whose identifiers need no look-up makes no call for it, in a fetch, a preview or an estimate."""
    server = Server(7)
    account = connect(platform(), server, world)
    pages = list(account.fetch("segment", {"segment_id": "s1"}, ("id",)))
    assert [list(page.columns) for page in pages] == [["id"]] * 3
    assert account.preview("segment", {"segment_id": "s1"}, ()).columns == {"id": ["m1", "m2", "m3"]}
    assert server.asked == []
    assert account.estimate_calls("segment", 7, ["id"]) == 4
    assert platform().sources["segment"].read(["id"]) == ("id",)


def test_a_preview_looks_up_its_own_page_only(world: World) -> None:
    """A look at a segment shows the looked up identifiers, too, and no page but the first is read."""
    server = Server(7, gone=("m2",))
    page = connect(platform(), server, world).preview("segment", {"segment_id": "s1"})
    assert page.columns == {"id": ["m1", "m2", "m3"], "email": ["m1@example.test", None, "m3@example.test"]}
    assert server.asked == [["m1", "m2"], ["m3"]]


def test_members_whom_the_platform_names_as_missing_stay_and_are_counted(world: World) -> None:
    """They are members, without what was looked up; their number is in the words of the proof."""
    columns, proof = fetched(Server(5, gone=("m2", "m5")), world)
    assert columns["email"] == ["m1@example.test", None, "m3@example.test", "m4@example.test", None]
    assert proof.missing == 2
    assert "5 ids looked up, 2 of which the platform does not know any more" in proof.completeness


def test_a_member_who_is_neither_answered_nor_missing_is_an_error(world: World) -> None:
    """Promise 2: an answer that lost somebody is not taken for one without their address."""
    with pytest.raises(PlatformError, match="1 of 2 members are neither answered") as told:
        fetched(Server(5, silent=("m4",)), world)
    assert told.value.code == "lookup-unanswered"
    server = Server(5, gone=("m2",))
    server.why = "may not be read"
    with pytest.raises(PlatformError, match="lookup-unanswered"):
        fetched(server, world)
    assert "m2" not in str(told.value)


def test_who_is_left_out_counts_as_missing_only_where_the_platform_counts_too(world: World) -> None:
    """A cut answer is told from members who are gone by the platform's own count of the answer."""
    query = {"method": "GET", "body": None, "repeatable": None, "place": "query", "each": None, "parameter": "ids[]"}
    leaving = {**query, "missing": None, "left_out": "missing", "total": "count"}
    columns, proof = fetched(Server(3, silent=("m1",)), world, **leaving)
    assert (columns["email"], proof.missing) == ([None, "m2@example.test", "m3@example.test"], 1)

    class Cut(Server):
        def read(self, request: httpx.Request) -> httpx.Response:
            whole = super().read(request).json()
            return httpx.Response(200, json={**whole, "found": whole["found"][1:]})

    with pytest.raises(PlatformError, match="counts other members"):
        fetched(Cut(3), world, **leaving)
    with pytest.raises(ValidationError, match="a cut answer would look like"):
        platform(missing=None, left_out="missing")


def test_a_member_who_was_merged_is_asked_about_alone(world: World) -> None:
    """Promise 2: an answer under another id is never given to the wrong member, nor lost."""
    server = Server(4, merged={"m1": "m90", "m2": "m91"})
    columns, proof = fetched(server, world, others="merged")
    assert columns["email"] == [f"m{number}@example.test" for number in range(1, 5)]
    assert server.asked == [["m1", "m2"], ["m1"], ["m2"], ["m3", "m4"]]
    assert proof.missing == 0
    with pytest.raises(PlatformError, match="lookup-foreign"):
        fetched(Server(4, merged={"m1": "m90"}), world)
    with pytest.raises(PlatformError, match="lookup-unanswered"):
        fetched(Server(4, merged={"m2": "m1"}, gone=("m1",)), world, others="merged")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"items": "people"}, "path-missing"),
        ({"id": "number"}, "path-missing"),
        ({"missing": {"items": "gone", "ids": "about.id", "reason": "why", "reasons": ["deleted"]}}, "path-missing"),
        ({"missing": {"items": "lost", "ids": "about.ids"}}, "lookup-unanswered"),
        ({"total": "number"}, "path-missing"),
    ],
)
def test_a_wrong_path_of_a_look_up_is_an_error(change: dict[str, Any], code: str, world: World) -> None:
    """Promise 34: nothing of a look-up can be misspelt without an error."""
    with pytest.raises(RemoteSegmentsError, match=code):
        fetched(Server(4, gone=("m2",)), world, **change)


def test_an_identifier_of_another_type_is_an_error(world: World) -> None:
    """A value that is no text is not written down as one."""

    class Numbers(Server):
        def read(self, request: httpx.Request) -> httpx.Response:
            ids = [one["id"] for one in json.loads(request.content)["query"]["in"]]
            return httpx.Response(
                200, json={"found": [{"key": one, "mail": {"address": 7}} for one in ids], "gone": []}
            )

    with pytest.raises(PlatformError, match="wrong-type"):
        fetched(Numbers(2), world)


def test_an_error_in_the_pages_reaches_them_through_the_look_ups(world: World) -> None:
    """A fetch with look-ups ends in the same error as one without."""

    class Broken(Server):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            if request.url.params.get("skip") == "3":
                return httpx.Response(404)
            return super().__call__(request)

    with pytest.raises(RemoteSegmentsError, match="segment-not-found"):
        fetched(Broken(7), world)


@pytest.mark.parametrize(
    ("identifiers", "lookup", "words"),
    [
        (IDENTIFIERS, None, "need each other"),
        ({"id": {"path": "id"}}, LOOKUP, "need each other"),
        ({"id": {"path": "id", "looked_up": True}}, LOOKUP, "must come with the members"),
        ({"id": {"path": "id"}, "email": {"looked_up": True}}, LOOKUP, "needs a path"),
        (IDENTIFIERS, {**LOOKUP, "method": "GET", "body": None, "repeatable": None}, "belongs to a POST"),
        (IDENTIFIERS, {**LOOKUP, "place": "query"}, "belong to ids in a body"),
        (IDENTIFIERS, {**LOOKUP, "missing": {"items": "gone", "reason": "why"}}, "are written together"),
        (IDENTIFIERS, {**LOOKUP, "path": "/people/{accont}"}, "accont"),
    ],
)
def test_a_look_up_that_cannot_work_is_refused_when_loaded(identifiers: Any, lookup: Any, words: str) -> None:
    """A manifest says what is asked about, with what, and where the answer is."""
    with pytest.raises(ValidationError, match=words):
        manifest(PAGES, identifiers=identifiers, **({} if lookup is None else {"lookup": lookup}))
