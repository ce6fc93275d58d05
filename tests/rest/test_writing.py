"""How members are sent: the shapes of calls, the outcomes of members, and what nobody knows afterwards."""

import base64
import hmac
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from remote_segments.destinations.batches import Batch
from remote_segments.destinations.failures import AnswerUnread, BatchRefused, OutcomeUnknown
from remote_segments.errors import EngineError, ProjectError, RemoteSegmentsError, TemporaryError
from remote_segments.rest.catalog import load_platforms
from remote_segments.rest.destination import PlatformDestination
from remote_segments.rest.platform import Platform
from tests.support.invented_destination import IDS, Talk, manifest, reply

EACH = {"kind": "each", "at": "results", "status": "state", "accepted": ["ok"], "rejected": ["bad"], "reason": "code"}


def test_bare_values_of_one_identifier_are_an_array() -> None:
    """The platform's own name of the identifier may be the name of the array."""
    described = manifest(
        identifiers={"email": {"kind": "email", "called": "emails"}, "id": {"kind": "platform_id", "type": "integer",
                                                                             "called": "ids"}},
        add={"members": {"at": "{identifier}"}, "most": 10},
    )  # fmt: skip
    talk = Talk(described, reply(), reply())
    talk.send("a@example.test", "b@example.test")
    assert talk.send(identifiers={"id": ["7", "x8"]}).outcomes == ["accepted", "rejected"]
    assert talk.bodies() == [{"emails": ["a@example.test", "b@example.test"]}, {"ids": [7]}]


@pytest.mark.parametrize(
    ("empty", "sent"),
    [
        ("left-out", [{"e": "a@example.test", "more": [{"p": "+1"}]}, {"e": "b@example.test"},
                      {"more": [{"p": "+3"}]}]),
        ("text", [{"e": "a@example.test", "more": [{"p": "+1"}]}, {"e": "b@example.test", "more": [{"p": ""}]},
                  {"e": "", "more": [{"p": "+3"}]}]),
        ("object", [{"e": "a@example.test", "more": [{"p": "+1"}]}, {"e": "b@example.test", "more": [{}]}, {}]),
    ],
)  # fmt: skip
def test_an_identifier_that_a_member_lacks(empty: str, sent: list[Any]) -> None:
    """Its key is left out, or holds an empty text, or the object around it is empty; nobody without any is sent."""
    described = manifest(
        identifiers={"email": {"kind": "email"}, "phone": {"kind": "phone"}},
        add={"members": {"at": "people", "each": '{"e": "{email}", "more": [{"p": "{phone}"}]}', "empty": empty},
             "most": 10},
    )  # fmt: skip
    talk = Talk(described, reply())
    people = {"email": ["a@example.test", "b@example.test", None, None], "phone": ["+1", None, "+3", None]}
    answer = talk.send(identifiers=people)
    assert talk.bodies() == [{"people": sent}]
    assert answer.outcomes == ["accepted", "accepted", "accepted", "rejected"]
    assert answer.reasons[3] == "not-addressable"


def test_attributes_go_where_the_manifest_says() -> None:
    """Null included: an attribute may be emptied."""
    described = manifest(
        upsert={
            "path": "/users",
            "idempotent": True,
            "most": 5,
            "members": {"at": "users", "each": '{"email": "{email}"}', "attributes": "props"},
        }
    )
    talk = Talk(described, reply())
    talk.send("a@example.test", verb="upsert", attributes={"plan": ["gold"], "city": [None]})
    assert talk.bodies() == [{"users": [{"email": "a@example.test", "props": {"plan": "gold", "city": None}}]}]


def test_members_in_a_query_are_joined_or_repeated() -> None:
    """As the platform wants them."""
    for joined, query in ((",", "ids=a%2Cb"), (None, "ids=a&ids=b")):
        members = {"place": "query", "at": "ids"} | ({"joined": joined} if joined else {})
        add = {"method": "DELETE", "members": members, "most": 5}
        talk = Talk(manifest(identifiers={"key": {"kind": "text"}}, add=add), reply())
        talk.send(identifiers={"key": ["a", "b"]})
        assert talk.requests[0].url.query.decode() == query
        assert talk.requests[0].content == b""


WITHIN = {"place": "query", "at": "filter", "by": "key", "joined": ",", "form": "[0-9a-f]+"}


def test_members_stand_within_a_text_of_the_query() -> None:
    """One whose value would change what the text means is rejected, and never sent."""
    members = {**WITHIN, "within": "id:[{members}]+list:-{list_id}"}
    add = {"method": "PUT", "members": members, "most": 5}
    block = manifest(identifiers={"key": {"kind": "text"}}, add=add, id_forms={"list_id": "[0-9]+"})
    talk = Talk(block, reply())
    answer = talk.send(identifiers={"key": ["a1", "b2],all:[x", "c3", "", "d4,e5"]})
    assert talk.requests[0].url.params["filter"] == "id:[a1,c3]+list:-7"
    assert answer.outcomes == ["accepted", "rejected", "accepted", "rejected", "rejected"]
    assert answer.reasons[1] == "identifier-misshapen"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"within": "id:[{members}]", "form": None}, "it needs `joined` and `form`"),
        ({"within": "id:[{members}]", "joined": None}, "it needs `joined` and `form`"),
        ({"within": "id:[{members}]", "place": "body"}, "it needs `joined` and `form`"),
        ({"within": "id:[]"}, "holds {members} once"),
        ({"within": "id:[{members}]", "form": ".*"}, "the form fits an empty value"),
        ({"within": "id:[{members}]", "form": "[0-9"}, "no regular expression"),
        ({"within": "id:[{members}]", "by": None}, "which `by` names"),
        ({"within": "id:[{members}]+list:{list_id}"}, "list_id stands within a longer text"),
        ({"within": "id:[{members}]+list:{other}"}, "{other} in destinations.list"),
    ],
)
def test_a_text_around_members_that_proves_nothing_is_refused(changed: dict[str, Any], said: str) -> None:
    """When the manifest is loaded."""
    members = {name: value for name, value in {**WITHIN, **changed}.items() if value is not None}
    add = {"method": "PUT", "members": members, "most": 5}
    with pytest.raises(ValidationError) as caught:
        manifest(identifiers={"key": {"kind": "text"}}, add=add)
    assert said in str(caught.value)


def test_a_form_repeats_a_field() -> None:
    """Fields that are written down stay."""
    add = {"members": {"at": "emails"}, "most": 5, "body": {"kind": "form", "fields": {"list": "{list_id}"}}}
    talk = Talk(manifest(add=add), reply())
    talk.send("a@example.test", "b@example.test")
    assert talk.requests[0].content == b"list=7&emails=a%40example.test&emails=b%40example.test"


def test_a_call_of_its_own_for_each_member() -> None:
    """A refusal is about its member; an address that needs escaping is one piece of the path."""
    add = {"path": "/lists/{list_id}/{email}", "method": "PUT", "refused": {"statuses": [400, 404, 409],
           "harmless": ["http-409"], "unknown_people": ["http-404"]}}  # fmt: skip
    talk = Talk(manifest(add=add), reply(), reply({}, 404), reply({}, 409), reply({}, 400))
    answer = talk.send("a/b@example.test", "b@example.test", "c@example.test", "d@example.test")
    assert answer.outcomes == ["accepted", "rejected", "accepted", "rejected"]
    assert answer.reasons == [None, "unknown-person", None, "http-400"]
    assert talk.requests[0].url.raw_path == b"/lists/7/a%2Fb%40example.test"


def test_a_call_that_is_cut_in_the_middle_leaves_the_rest_unsent() -> None:
    """Promise 22: what was told stays, the one that was cut is unknown, the others were certainly not sent."""
    add = {"path": "/lists/{list_id}/{email}", "idempotent": False}
    talk = Talk(manifest(add=add), reply(), httpx.ReadError("cut"))
    answer = talk.send("a@example.test", "b@example.test", "c@example.test")
    assert answer.outcomes == ["accepted", "unknown", "unsent"]
    assert isinstance(answer.stopped, OutcomeUnknown)
    assert len(talk.requests) == 2


@pytest.mark.parametrize("failure", [httpx.ReadError("x"), httpx.ReadTimeout("x"), reply({}, 503), reply({}, 500)])
def test_what_may_have_arrived_is_not_repeated(failure: Any) -> None:
    """Promise 22: cut, timed out, an error of the server: one call, and an outcome that nobody knows."""
    talk = Talk(manifest(add={"members": {"at": "emails"}, "most": 10, "idempotent": False}), failure)
    with pytest.raises(OutcomeUnknown) as caught:
        talk.send("a@example.test")
    assert caught.value.code == "outcome-unknown"
    assert len(talk.requests) == 1


@pytest.mark.parametrize("failure", [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), reply({}, 429)])
def test_what_surely_did_not_arrive_is_made_again(failure: Any) -> None:
    """A connection that was never there, a refusal because of too many calls: the batch was not carried out."""
    talk = Talk(manifest(add={"members": {"at": "emails"}, "most": 10, "idempotent": False}), failure, reply())
    assert talk.send("a@example.test").outcomes == ["accepted"]
    assert len(talk.requests) == 2


def test_a_doubt_stays_a_doubt() -> None:
    """Promise 22: a try that may have arrived, and then only refusals because of too many calls."""
    talk = Talk(manifest(), httpx.ReadError("x"), reply({}, 429), reply({}, 429))
    with pytest.raises(OutcomeUnknown):
        talk.send("a@example.test")
    only = Talk(manifest(), reply({}, 429), reply({}, 429), reply({}, 429))
    with pytest.raises(TemporaryError) as caught:
        only.send("a@example.test")
    assert caught.value.code == "rate-limited"
    assert not isinstance(caught.value, OutcomeUnknown)


def test_a_refused_batch_is_to_be_halved() -> None:
    """Promise 25: what is in it is wrong, or there is too much of it; the same of one member is a rejection."""
    for status, code in ((400, "batch-refused"), (422, "batch-refused"), (413, "batch-too-large")):
        with pytest.raises(BatchRefused) as caught:
            Talk(manifest(), reply({}, status)).send("a@example.test", "b@example.test")
        assert caught.value.code == code
    assert Talk(manifest(), reply({}, 422)).send("a@example.test").reasons == ["http-422"]


def test_a_refused_key_and_an_unknown_list_are_nobodys_rejection() -> None:
    """They are about the call: nothing was carried out, and a person acts."""
    for status, code in ((401, "key-refused"), (403, "access-denied"), (404, "segment-not-found")):
        with pytest.raises(ProjectError) as caught:
            Talk(manifest(), reply({}, status)).send("a@example.test")
        assert caught.value.code == code


def test_a_refusal_of_one_member_is_read_by_its_meaning_first() -> None:
    """A 400 that says too many calls, or a wrong key, is not about the member: neither is its rejection."""
    told = [{"status": 400, "path": "code", "values": ["17"], "means": "throttled"},
            {"status": 400, "path": "code", "values": ["190"], "means": "key-refused"},
            {"status": 200, "path": "code", "other_than": ["0"], "means": "refused"}]  # fmt: skip
    add = {"members": {"at": "emails"}, "most": 10, "refused": {"statuses": [200, 400], "reason": "code"}}
    described = manifest(add=add, refusals=told)
    talk = Talk(described, reply({"code": 17}, 400), reply({"code": 0}))
    assert talk.send("a@example.test").outcomes == ["accepted"]
    with pytest.raises(ProjectError):
        Talk(described, reply({"code": 190}, 400)).send("a@example.test")
    for status in (200, 400):
        assert Talk(described, reply({"code": 40002}, status)).send("a@example.test").reasons == ["40002"]


def test_one_entry_per_member_in_order() -> None:
    """Reasons are the platform's codes; a sentence that might name somebody is not kept."""
    talk = Talk(
        manifest(add={"members": {"at": "emails"}, "most": 10, "answer": {**EACH, "permanent": ["INVALID"]}}),
        reply({"results": [{"state": "ok"}, {"state": "bad", "code": "INVALID"},
                           {"state": "bad", "code": "c@example.test is 5551234567"}]}),
    )  # fmt: skip
    answer = talk.send("a@example.test", "b@example.test", "c@example.test")
    assert answer.outcomes == ["accepted", "rejected", "rejected"]
    assert answer.reasons == [None, "INVALID", "other"]
    assert answer.permanent == [False, True, False]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"result": []}, "path-missing"),
        ({"results": [{"state": "ok"}]}, "outcome-missing"),
        ({"results": [{"state": "ok"}, {"status": "ok"}]}, "path-missing"),
        ({"results": [{"state": "ok"}, {"state": "maybe"}]}, "outcome-unknown-value"),
        ({"results": None}, "wrong-type"),
        ("a text", "path-missing"),
    ],
)
def test_an_answer_that_is_not_understood_is_never_an_acceptance(document: Any, code: str) -> None:
    """Promise 22: the platform took the batch, and nobody knows what became of whom."""
    talk = Talk(manifest(add={"members": {"at": "emails"}, "most": 10, "answer": EACH}), reply(document))
    with pytest.raises(AnswerUnread) as caught:
        talk.send("a@example.test", "b@example.test")
    assert caught.value.code == code
    assert "example.test" not in str(caught.value)


def test_a_cut_answer_is_a_doubt() -> None:
    """The status said success, and half of the JSON came."""
    cut = httpx.Response(200, content=b'{"results": [{"state": "o')
    with pytest.raises(OutcomeUnknown):
        Talk(manifest(add={"members": {"at": "emails"}, "most": 10, "answer": EACH}), cut).send("a@example.test")


NAMED = {"kind": "named", "lists": [{"at": "added", "outcome": "accepted"}, {"at": "missing", "ids": "who.email"}]}


def test_arrays_name_who_was_taken_and_who_was_not() -> None:
    """Platforms write addresses in lower case; who is named nowhere, or was never sent, is an error."""
    add = {"members": {"at": "emails"}, "most": 10, "answer": NAMED}
    told = {"added": ["a@example.test"], "missing": [{"who": {"email": ["b@example.test"]}}]}
    assert Talk(manifest(add=add), reply(told)).send("A@example.test", "b@example.test").outcomes == [
        "accepted",
        "rejected",
    ]
    for people, code in (
        (["a@example.test"], "outcome-foreign"),
        (["a@example.test", "b@example.test", "c@example.test"], "outcome-missing"),
    ):
        with pytest.raises(AnswerUnread) as caught:
            Talk(manifest(add=add), reply(told)).send(*people)
        assert caught.value.code == code


def test_an_object_holds_an_entry_for_each() -> None:
    """Its keys are the identifiers; the whole answer may be that object."""
    lists = [{"keyed": True, "status": "ok", "accepted": ["true"], "rejected": ["false"]}]
    add = {"members": {"at": "emails"}, "most": 10, "answer": {"kind": "named", "lists": lists}}
    told = {"a@example.test": {"ok": True}, "b@example.test": {"ok": False}}
    assert Talk(manifest(add=add), reply(told)).send("a@example.test", "b@example.test").outcomes == [
        "accepted",
        "rejected",
    ]


def test_a_count_that_is_short_means_halving() -> None:
    """Promise 25: some were refused and nobody says who: one alone is told."""
    add = {"members": {"at": "emails"}, "most": 10, "answer": {"kind": "whole", "taken": "received", "refused": "bad"}}
    assert Talk(manifest(add=add), reply({"received": 2, "bad": 0})).send("a@example.test", "b@example.test").outcomes
    with pytest.raises(BatchRefused):
        Talk(manifest(add=add), reply({"received": 2, "bad": 1})).send("a@example.test", "b@example.test")
    alone = Talk(manifest(add=add), reply({"received": 0, "bad": 1})).send("a@example.test")
    assert alone.outcomes == ["rejected"]


JOB = {
    "id": "job",
    "ask": {
        "path": "/jobs/{job}", "status": "state", "pending": ["busy"], "done": ["done"], "failed": ["lost"],
        "answer": {"kind": "whole", "refused": "errors"},
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("told", "outcomes"),
    [
        ({"state": "busy"}, ["unknown", "unknown"]),
        ({"state": "done", "errors": 0}, ["accepted", "accepted"]),
        ({"state": "lost"}, ["rejected", "rejected"]),
    ],
)
def test_a_job_decides_later(told: dict[str, Any], outcomes: list[str]) -> None:
    """Until it is done its members are unknown; a job that fails rejects them for now."""
    talk = Talk(manifest(add={"members": {"at": "emails"}, "most": 10, "job": JOB}), reply({"job": 5}), reply(told))
    answer = talk.send("a@example.test", "b@example.test")
    assert answer.outcomes == outcomes
    assert talk.requests[1].url.path == "/jobs/5"


def test_a_job_in_a_state_that_is_not_known_is_an_error() -> None:
    """Neither accepted nor rejected; so is a job that refused some, to be halved."""
    add = {"members": {"at": "emails"}, "most": 10, "job": JOB}
    with pytest.raises(RemoteSegmentsError) as caught:
        Talk(manifest(add=add), reply({"job": 5}), reply({"state": "odd"})).send("a@example.test")
    assert caught.value.code == "job-status-unknown"
    with pytest.raises(BatchRefused):
        Talk(manifest(add=add), reply({"job": 5}), reply({"state": "done", "errors": 1})).send("a@x.test", "b@x.test")
    with pytest.raises(AnswerUnread):
        Talk(manifest(add=add), reply({"jobs": 5})).send("a@example.test")


def test_a_body_that_is_too_large_is_split() -> None:
    """Everybody once, in order; an answer is read for each call."""
    talk = Talk(manifest(add={"members": {"at": "emails"}, "most": 10, "bytes": 60}), reply(), reply(), reply())
    people = [f"{letter}@example.test" for letter in "abcde"]
    assert talk.send(*people).outcomes == ["accepted"] * 5
    assert [email for body in talk.bodies() for email in body["emails"]] == people
    assert all(len(request.content) <= 60 for request in talk.requests)


def test_a_batch_that_does_not_fit_is_a_bug() -> None:
    """Too many members, a verb or an identifier that it does not take: nothing is called."""
    talk = Talk(manifest())
    for people, more in (
        (["a@x.test"] * 11, {}),
        (["a@x.test"], {"verb": "remove"}),
        ([], {"identifiers": {"no": ["1"]}}),
    ):
        with pytest.raises(EngineError):
            talk.send(*people, **more)  # type: ignore[arg-type]
    assert talk.requests == []


def test_a_list_is_made_once() -> None:
    """Its id comes from the answer or a header; a cut call may have made it, and is not repeated."""
    create = {"path": "/lists", "body": '{"title": "{name}", "folder": {folder}}', "ids": {"list_id": "data.id"},
              "needs": ["folder"]}  # fmt: skip
    described = manifest(create=create)
    with Talk(described, reply({"data": {"id": 9}})).open() as destination:
        assert destination.create("list", 'Say "hi"', {"folder": "3"}) == {"folder": "3", "list_id": "9"}
    with pytest.raises(ProjectError, match="folder"), Talk(described).open() as destination:
        destination.create("list", "x")
    for failure, kind in ((httpx.ReadError("x"), OutcomeUnknown), (reply({"data": {}}), AnswerUnread)):
        with pytest.raises(kind), Talk(described, failure).open() as destination:  # type: ignore[arg-type]
            destination.create("list", "x", {"folder": "3"})
    with pytest.raises(ProjectError) as caught, Talk(manifest()).open() as destination:
        destination.create("list", "x")
    assert caught.value.code == "creating-unsupported"


def test_a_redirect_carries_nothing_away() -> None:
    """Promise 30: neither the credential nor a member goes to another host."""
    talk = Talk(manifest(), httpx.Response(307, headers={"location": "https://elsewhere.test/lists"}))
    with pytest.raises(RemoteSegmentsError) as caught:
        talk.send("a@example.test")
    assert caught.value.code == "foreign-link"
    assert {request.url.host for request in talk.requests} == {"api.invented.test"}


def test_the_same_batch_has_the_same_key() -> None:
    """For platforms that recognise a repetition by a header."""
    add = {"members": {"at": "emails"}, "most": 10, "headers": {"Idempotency-Key": "{batch_key}"}}
    talk = Talk(manifest(add=add), reply())
    talk.send("a@example.test")
    assert talk.requests[0].headers["idempotency-key"] == "k1"
    assert talk.requests[0].headers["authorization"] == "Bearer a-secret"


def test_a_webhook_is_signed_over_its_id_its_time_and_its_body() -> None:
    """As Standard Webhooks has it, judged by its own words; a repetition has the same id, another call has another."""
    key = bytes(range(32))
    described = load_platforms()["webhook"]
    seen: list[httpx.Request] = []

    def receive(request: httpx.Request) -> httpx.Response:
        request.read()
        seen.append(request)
        return httpx.Response(503 if len(seen) == 1 else 204)

    platform = Platform(
        described,
        connection="hook",
        secrets={"signing_secret": "whsec_" + base64.b64encode(key).decode()},
        options={"host": "hooks.example.test"},
        transport=httpx.MockTransport(receive),
        sleep=lambda _: None,
    )
    with PlatformDestination(platform) as destination:
        for number in (1, 2):
            batch = Batch("add", {"email": ["a@example.test"]}, key=f"batch-{number}")
            assert destination.send("hook", {"hook": "vip"}, batch).outcomes == ["accepted"]
    assert [request.headers["webhook-id"] for request in seen] == ["batch-1", "batch-1", "batch-2"]
    for request in seen:
        told = request.headers
        signed = f"{told['webhook-id']}.{told['webhook-timestamp']}.".encode() + request.content
        right = base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
        assert told["webhook-signature"] == f"v1,{right}"
        assert "authorization" not in told
    with pytest.raises(ProjectError) as caught:
        Platform(described, connection="hook", secrets={"signing_secret": "whsec_?"}, options={"host": "h.test"})
    assert caught.value.code == "secret-unreadable"


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"add": {"most": 5}}, "`most` members of one call need `members`"),
    ({"add": {"path": "/add"}}, "add names no identifier of a member"),
    ({"add": {"members": {"at": "x"}, "path": "/{email}"}}, "takes bare values"),
    ({"add": {"members": {"at": "{identifier}"}}}, "each identifier says what it is `called`"),
    ({"add": {"members": {"at": "x", "each": '{"e": "{mail}"}'}}}, "names no identifier"),
    ({"needs": ["mail"]}, "needs has mail"),
    ({"readable": "segment"}, "which is no kind of source"),
    ({"create": {"path": "/x", "ids": {"list_id": "id"}}}, "create does not use {name}"),
    ({"create": {"path": "/x/{name}"}}, "create does not say where list_id is"),
    ({"add": {"members": {"at": "x"}, "idempotent": False, "most": 5, "answer": {"kind": "whole", "taken": "n"}}},
     "only an idempotent verb may"),
    ({"add": {"members": {"at": "x"}, "answer": {"kind": "named", "others": "accepted",
                                                 "lists": [{"at": "errors", "absent": "empty"}]}}},
     "would make everybody accepted"),
    ({"add": {"members": {"at": "x"}, "answer": {"kind": "whole", "errors": "errors"}}}, "would look like success"),
    ({"add": {"members": {"at": "x"}, "answer": {"kind": "each", "at": "r"}}}, "`status` says what became"),
    ({"add": {"path": "/{other}", "members": {"at": "x"}}}, "neither one of its ids nor an option"),
    ({"add": {"members": {"at": "x"}, "query": {"filter": "list = {list_id}"}}}, "id_forms says which values"),
]  # fmt: skip


@pytest.mark.parametrize(("block", "words"), BROKEN, ids=[words[:40] for _, words in BROKEN])
def test_a_block_that_could_lie_is_refused_at_load(block: dict[str, Any], words: str) -> None:
    """Promise 31: what could tell somebody as accepted who is not, or cannot be sent at all."""
    with pytest.raises(ValidationError) as caught:
        manifest(**block)
    assert words in str(caught.value)


def test_abilities_say_what_the_blocks_say() -> None:
    """For validating and planning, before anything is called."""
    described = manifest(
        identifiers={"id": {"kind": "platform_id"}, "email": {"kind": "email", "dots": ["gmail.com"], "without": "+"}},
        resolve={
            "email": {
                "gives": "id", "path": "/find", "query": {"q": "{asked}"}, "most": 50, "items": "found",
                "asked_at": "email", "id": "id",
            }
        },
        add={"members": {"at": "ids", "each": '"{id}"'}, "most": 1000},
        needs=["id", ["email"]],
    )  # fmt: skip
    abilities = described.destinations["list"].abilities()
    assert abilities.verbs["add"].calls(1000, "email") == 21
    assert abilities.verbs["add"].tells == "batch"
    assert abilities.needs == (frozenset({"id"}), frozenset({"email"}))
    assert abilities.identifiers["email"].options.dots == ("gmail.com",)
    assert not abilities.creatable
    assert described.destination_kind(["list_id"]) == ("list", described.destinations["list"])
    assert described.destination_kind(["x"]) is None
    found = {"found": [{"email": "A@example.test", "id": 4}]}
    talk = Talk(described, reply(found), reply())
    answer = talk.send("a@example.test", "b@example.test")
    assert answer.outcomes == ["accepted", "rejected"]
    assert talk.requests[1].content == b'{"ids":["4"]}'
    assert IDS == {"list_id": "7"}
