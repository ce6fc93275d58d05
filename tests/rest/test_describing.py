"""What the platform says about one segment, without a network: flows are driven by hand."""

import json
from collections.abc import Generator
from typing import Any

import pytest
from pydantic import ValidationError

from remote_segments.errors import PlatformError, ProjectError
from remote_segments.rest.describing import Among, Describe, Description
from remote_segments.rest.messages import Base, Request, Response

BASE = Base("https://api.example.test", "https://api.example.test")


def describe(*documents: object, segment: str = "a/b", **settings: Any) -> tuple[Description, list[Request]]:
    """Describes a segment whose platform gives these answers; returns the calls, too."""
    block = Describe.model_validate({"path": "/s/{segment_id}", "name": "name", **settings})
    flow: Generator[Request, Response, Description] = block.flow(BASE, {"segment_id": segment}, "here")
    requests = [next(flow)]
    try:
        for document in documents:
            requests.append(flow.send(Response(200, {}, json.dumps(document).encode())))
    except StopIteration as stop:
        return stop.value, requests
    raise AssertionError("the flow asks for more")


def test_the_id_is_one_piece_of_the_address() -> None:
    """An id is percent-encoded where it becomes part of a path."""
    found, requests = describe({"name": "VIP"})
    assert found == Description("VIP")
    assert [request.url for request in requests] == ["https://api.example.test/s/a%2Fb"]


@pytest.mark.parametrize(("size", "expected"), [(3, 3), ("120", 120)])
def test_the_size_is_a_whole_number(size: object, expected: int) -> None:
    """A count is read as a number, also where the platform writes it as text."""
    assert describe({"name": "VIP", "size": size}, size="size")[0].size == expected


@pytest.mark.parametrize("size", [None, "many", 1.5, True, [3]])
def test_a_size_that_is_none_is_an_error(size: object) -> None:
    """A count that cannot be read is never zero."""
    with pytest.raises(PlatformError, match="wrong-type"):
        describe({"name": "VIP", "size": size}, size="size")


def test_a_size_may_be_unknown() -> None:
    """An absent or null size is unknown where the manifest says so, an error elsewhere."""
    assert describe({"name": "VIP", "size": None}, size="size", size_absent="unknown")[0].size is None
    assert describe({"name": "VIP"}, size="size", size_absent="unknown")[0].size is None
    with pytest.raises(PlatformError, match="path-missing"):
        describe({"name": "VIP"}, size="size")


def test_the_size_may_take_a_second_call() -> None:
    """A count with an address of its own is asked for after the description."""
    found, requests = describe({"name": "VIP"}, {"count": 7}, count={"path": "/s/{segment_id}/count", "size": "count"})
    assert found.size == 7
    assert requests[1].url.endswith("/s/a%2Fb/count")


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        ("2026-11-24T08:00:00Z", "iso", "2026-11-24T08:00:00+00:00"),
        ("2026-11-24T08:00:00", "iso", "2026-11-24T08:00:00+00:00"),
        (1795507200, "unix", "2026-11-24T08:00:00+00:00"),
        (None, "iso", None),
    ],
)
def test_the_last_change_is_an_instant(value: object, form: str, expected: str | None) -> None:
    """Times become instants in UTC where no zone is given."""
    found, _ = describe({"name": "VIP", "at": value}, updated_at="at", updated_form=form)
    assert (found.updated_at.isoformat() if found.updated_at else None) == expected


@pytest.mark.parametrize(("value", "form"), [("soon", "iso"), ([], "iso"), ("soon", "unix"), (1e30, "unix")])
def test_a_time_in_another_form_is_an_error(value: object, form: str) -> None:
    """A time that cannot be read says where it stands."""
    with pytest.raises(PlatformError, match=r"wrong-type.*`at`"):
        describe({"name": "VIP", "at": value}, updated_at="at", updated_form=form)


def test_states_are_told_with_their_reason() -> None:
    """Computing and inactive are told apart, with the manifest's sentence."""
    computing = {"path": "state", "values": ["build"], "message": "It builds."}
    inactive = {"path": "active", "values": "false", "message": "It sleeps."}
    blocks = {"computing": computing, "inactive": inactive}
    assert describe({"name": "V", "state": "done", "active": True}, **blocks)[0].state == "ready"
    found = describe({"name": "V", "state": "done", "active": False}, **blocks)[0]
    assert (found.state, found.warning) == ("inactive", "It sleeps.")
    found = describe({"name": "V", "state": "build", "active": False}, **blocks)[0]
    assert (found.state, found.warning) == ("computing", "It builds.")
    with pytest.raises(PlatformError, match="path-missing"):
        describe({"name": "V", "active": False}, **blocks)


def test_what_must_hold_is_checked() -> None:
    """A segment that cannot be used is a mistake of the segment file."""
    expect = [{"path": "list.type", "values": ["0-1"], "message": "It holds no contacts."}]
    assert describe({"name": "V", "list": {"type": "0-1"}}, expect=expect)[0].name == "V"
    with pytest.raises(ProjectError, match=r"segment-unsuitable.*no contacts"):
        describe({"name": "V", "list": {"type": "0-2"}}, expect=expect)


def test_a_name_that_is_no_text_is_an_error() -> None:
    """The name is read as strictly as everything else."""
    for document in ({"name": 7}, {"name": None}):
        with pytest.raises(PlatformError, match="wrong-type"):
            describe(document)
    with pytest.raises(PlatformError, match="path-missing"):
        describe({"title": "V"})
    with pytest.raises(PlatformError, match="path-missing"):
        describe([])


AMONG = {"items": "lists", "ids": {"segment_id": "id"}}


def test_a_segment_is_picked_among_all_others() -> None:
    """An id may be a number or a text in the answer; all other paths are within the entry."""
    document = {"lists": [{"id": 8, "name": "Other", "n": 1}, {"id": "a/b", "name": "VIP", "n": 3}]}
    found, requests = describe(document, among=AMONG, size="n")
    assert (found.name, found.size, len(requests)) == ("VIP", 3, 1)
    assert describe(document["lists"], among={"ids": {"segment_id": "id"}})[0].name == "VIP"
    assert describe({"lists": [{"id": 8, "name": "VIP"}]}, segment="8", among=AMONG)[0].name == "VIP"


def test_segments_may_stand_under_keys() -> None:
    """An object with one entry under each key is searched like an array; PHP writes an empty one as an array."""
    keyed = {**AMONG, "keyed": "true"}
    assert describe({"lists": {"2": {"id": "a/b", "name": "VIP"}}}, among=keyed)[0].name == "VIP"
    with pytest.raises(ProjectError, match="segment-not-found"):
        describe({"lists": []}, among=keyed)
    with pytest.raises(PlatformError, match="wrong-type"):
        describe({"lists": [{"id": "a/b", "name": "VIP"}]}, among=keyed)


OFFSET = {"kind": "offset", "parameter": "offset", "end": "total"}
PAGED = {**AMONG, "page_size": 2, "paging": OFFSET, "total": "count"}


def test_a_segment_is_sought_on_page_after_page() -> None:
    """Until a page holds it, and no further; once all are seen, it is not found; a page that is cut is an error."""
    first = {"count": 3, "lists": [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}]}
    last = {"count": 3, "lists": [{"id": "a/b", "name": "VIP"}]}
    query = {"limit": "{page_size}"}
    found, requests = describe(first, last, among=PAGED, query=query)
    assert found.name == "VIP"
    assert [request.url.partition("?")[2] for request in requests] == ["limit=2&offset=0", "limit=2&offset=2"]
    assert len(describe({**first, "lists": last["lists"]}, among=PAGED, query=query)[1]) == 1
    with pytest.raises(ProjectError, match="lists 3 segments"):
        describe(first, {"count": 3, "lists": [{"id": 3, "name": "z"}]}, among=PAGED, query=query)
    with pytest.raises(PlatformError, match="page-short"):
        describe({**first, "lists": first["lists"][:1]}, among=PAGED, query=query)
    with pytest.raises(ValueError, match="are written together"):
        Among.model_validate({**AMONG, "paging": OFFSET})


def test_a_segment_that_is_not_listed_is_not_found() -> None:
    """None of the entries, or no array where the platform leaves it out; another shape is an error of its own."""
    for document, settings in (({"lists": [{"id": 8, "name": "x"}]}, AMONG), ({}, {**AMONG, "absent": "empty"})):
        with pytest.raises(ProjectError, match="segment-not-found"):
            describe(document, among=settings)
    for document, code in (({}, "path-missing"), ({"lists": {}}, "wrong-type"), ({"lists": [{}]}, "path-missing")):
        with pytest.raises(PlatformError, match=code):
            describe(document, among=AMONG)


def test_a_second_call_may_answer_nothing_but_the_number() -> None:
    """Iterable's size of a list is a number and nothing around it; a text is no number."""
    count = {"path": "/s/{segment_id}/count"}
    assert describe({"name": "VIP"}, 1_234, count=count)[0].size == 1_234
    with pytest.raises(PlatformError, match="wrong-type"):
        describe({"name": "VIP"}, {"count": 3}, count=count)


COUNTED = {"method": "HEAD", "path": "/s/{segment_id}/members", "header": "Total-Objects"}


def counted(**headers: str) -> Description:
    """A segment whose size stands in a header of a second answer."""
    parts = Describe.model_validate({"path": "/s/{segment_id}", "name": "name", "count": COUNTED})
    flow = parts.flow(BASE, {"segment_id": "7"}, "here")
    next(flow)
    assert flow.send(Response(200, {}, b'{"name": "VIP"}')).method == "HEAD"
    with pytest.raises(StopIteration) as stop:
        flow.send(Response(200, headers, b""))
    found: Description = stop.value.value
    return found


def test_the_size_may_stand_in_a_header() -> None:
    """Kinto counts only in a header, and only when it is asked with HEAD."""
    assert counted(**{"total-objects": "1788"}).size == 1788
    for headers in ({}, {"total-objects": ""}, {"total-objects": "many"}):
        with pytest.raises(PlatformError, match=r"wrong-type.*header Total-Objects"):
            counted(**headers)


@pytest.mark.parametrize("wrong", [{**COUNTED, "size": "count"}, {"method": "HEAD", "path": "/s/count"}])
def test_a_count_is_at_one_place(wrong: dict[str, str]) -> None:
    """HEAD without a header to read is refused when the manifest is loaded, and so is a count in two places."""
    with pytest.raises(ValidationError):
        Describe.model_validate({"path": "/s/{segment_id}", "name": "name", "count": wrong})
    with pytest.raises(ValidationError, match="HEAD"):
        Describe.model_validate({"method": "HEAD", "path": "/s/{segment_id}", "name": "name"})


def test_a_segment_without_a_name_is_called_by_its_ids() -> None:
    """What is only a filter has no name of its own; a name is either told or said, never both or neither."""
    block = {"path": "/s/{segment_id}", "called": "type {segment_id}", "size": "total"}
    flow = Describe.model_validate(block).flow(BASE, {"segment_id": "7"}, "here")
    next(flow)
    with pytest.raises(StopIteration) as stop:
        flow.send(Response(200, {}, b'{"total": 3}'))
    assert stop.value.value == Description("type 7", 3)
    for wrong in ({"path": "/s/{segment_id}"}, {**block, "name": "name"}):
        with pytest.raises(ValidationError, match="name"):
            Describe.model_validate(wrong)


ARCHIVED = {"path": "archived", "values": ["true"], "message": "It is archived."}
DELETED = {"path": "deleted", "values": ["true"], "message": "It is deleted."}
INACTIVE = {"path": "on", "values": ["false"], "message": "It is switched off."}


@pytest.mark.parametrize(
    ("document", "state", "warning"),
    [
        ({"archived": False, "on": True}, "ready", None),
        ({"archived": True, "on": True}, "archived", "It is archived."),
        ({"archived": False, "on": False}, "inactive", "It is switched off."),
        ({"archived": True, "on": False}, "archived", "It is archived."),
    ],
)
def test_an_archived_segment_is_read_with_a_word_of_warning(document: Any, state: str, warning: str | None) -> None:
    """Archived says more than that it is not updated."""
    found, _ = describe({"name": "VIP", **document}, archived=ARCHIVED, inactive=INACTIVE)
    assert (found.state, found.warning) == (state, warning)


def test_a_segment_described_as_deleted_is_not_there() -> None:
    """The same code as where the platform has it no more: the same people must act."""
    with pytest.raises(ProjectError, match="It is deleted") as gone:
        describe({"name": "VIP", "deleted": True}, deleted=DELETED)
    assert gone.value.code == "segment-not-found"
    assert describe({"name": "VIP", "deleted": False}, deleted=DELETED)[0].state == "ready"


def test_a_rule_is_known_by_its_hash() -> None:
    """The order of keys says nothing, that of a list does; a rule that is not told is not known, and stops nobody."""
    rules = [{"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}, {"a": 1, "b": [2, 1]}, "text", 7]
    hashes = [describe({"name": "VIP", "rule": rule}, rule="rule")[0].rule_hash for rule in rules]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 4
    assert all(found is not None and len(found) == 32 for found in hashes)
    assert describe({"name": "VIP", "rule": None}, rule="rule")[0].rule_hash is None
    assert describe({"name": "VIP"}, rule="rule")[0].rule_hash is None
    assert describe({"name": "VIP", "rule": "text"})[0].rule_hash is None
