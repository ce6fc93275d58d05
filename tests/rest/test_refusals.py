"""What an answer means, and who is told about it."""

import json
from typing import Any

import httpx
import pytest

from remote_segments.conformance.world import World
from remote_segments.errors import PlatformError, ProjectError, RemoteSegmentsError, TemporaryError
from remote_segments.rest.messages import Request, Response
from remote_segments.rest.refusals import Meaning, Refusal, as_text, error, looks_like_page, meaning
from tests.support.invented_platform import DIALECTS, Server, connect, manifest, read


@pytest.mark.parametrize(
    ("status", "means"),
    [
        (200, "success"),
        (204, "success"),
        (301, "moved"),
        (307, "moved"),
        (400, "refused"),
        (401, "key-refused"),
        (402, "access-denied"),
        (403, "access-denied"),
        (404, "not-found"),
        (408, "throttled"),
        (410, "retired"),
        (418, "refused"),
        (423, "unavailable"),
        (429, "throttled"),
        (477, "unavailable"),
        (500, "unavailable"),
        (501, "refused"),
        (505, "refused"),
        (524, "unavailable"),
    ],
)
def test_a_status_means_something_by_itself(status: int, means: str) -> None:
    """Without a rule the status decides."""
    assert meaning(Response(status), ()) == means


RULES = (
    Refusal(status=403, content="not-json", means="throttled"),
    Refusal(status=403, content="json", path="code", values=("QUOTA",), means="daily-quota"),
    Refusal(status=200, path="status", values=("error", "1", "true"), means="refused"),
)


@pytest.mark.parametrize(
    ("status", "body", "means"),
    [
        (403, "<html>", "throttled"),
        (403, "", "throttled"),
        (403, '{"code": "QUOTA"}', "daily-quota"),
        (403, '{"code": "SCOPE"}', "access-denied"),
        (200, '{"status": "error"}', "refused"),
        (200, '{"status": 1}', "refused"),
        (200, '{"status": true}', "refused"),
        (200, '{"status": "ok"}', "success"),
        (200, '{"status": null}', "success"),
        (200, "[]", "success"),
    ],
)
def test_a_rule_of_the_manifest_comes_first(status: int, body: str, means: str) -> None:
    """Status, kind of body and a text in it tell a refusal from success, also within HTTP 200."""
    assert meaning(Response(status, {}, body.encode()), RULES) == means


CODES = (
    Refusal(status=200, path="errors", present=True, means="refused"),
    Refusal(status=200, path="replyCode", other_than=("0",), means="unavailable"),
)


@pytest.mark.parametrize(
    ("body", "means"),
    [
        ('{"replyCode": 0, "data": []}', "success"),
        ('{"replyCode": 2008, "data": ""}', "unavailable"),
        ('{"replyCode": "0"}', "success"),
        ('{"value": [1]}', "success"),
        ('{"errors": [{"message": "no"}], "data": null}', "refused"),
        ('{"errors": {"code": 1}}', "refused"),
        ('{"errors": "no"}', "refused"),
        ('{"errors": []}', "success"),
        ('{"errors": null}', "success"),
        ("not json", "success"),
    ],
)
def test_an_error_code_in_http_200_is_told_from_success(body: str, means: str) -> None:
    """Any code but that of success, and anything where errors stand, is a refusal; an answer without them is not."""
    assert meaning(Response(200, {}, body.encode()), CODES) == means


TOLD: dict[Meaning, tuple[type[RemoteSegmentsError], str]] = {
    "throttled": (TemporaryError, "rate-limited"),
    "daily-quota": (TemporaryError, "rate-limited"),
    "unavailable": (TemporaryError, "platform-unavailable"),
    "key-refused": (ProjectError, "key-refused"),
    "access-denied": (ProjectError, "access-denied"),
    "not-found": (ProjectError, "segment-not-found"),
    "retired": (PlatformError, "version-retired"),
    "moved": (PlatformError, "redirected"),
    "refused": (PlatformError, "request-refused"),
}


NOTHING = (Refusal(status=200, path="data.plan", null=True, means="not-found"),)


@pytest.mark.parametrize(
    ("body", "means"),
    [
        ('{"data": {"plan": null}}', "not-found"),
        ('{"data": {"plan": {"title": "Pro"}}}', "success"),
        ('{"data": {"plan": []}}', "success"),
        ('{"data": {"plans": null}}', "success"),
        ('{"data": null}', "success"),
        ("[]", "success"),
        ("", "success"),
    ],
)
def test_null_may_mean_that_there_is_nothing(body: str, means: str) -> None:
    """GraphQL answers null, with HTTP 200, for what does not exist; a path that is absent says nothing of the kind."""
    assert meaning(Response(200, {}, body.encode()), NOTHING) == means


@pytest.mark.parametrize("means", TOLD)
def test_a_refusal_is_told_to_whoever_must_act(means: Meaning) -> None:
    """Each meaning has an error of the right kind, a stable code, the status, and what to do."""
    told = error(means, Request("https://x.test", where="here"), Response(499), connection="c", detail="words", wait=5)
    kind, code = TOLD[means]
    assert type(told) is kind
    assert (told.code, told.problem.fix != "") == (code, True)
    assert "499 (`words`)" in told.problem.found
    if isinstance(told, TemporaryError):
        assert told.retry_after == 5


def test_a_missing_address_is_not_a_missing_segment() -> None:
    """A 404 of a listing says that the address is wrong."""
    request = Request("https://x.test", names_segment=False)
    assert error("not-found", request, Response(404), connection="c").code == "address-not-found"


def test_an_error_within_http_200_is_an_error(world: World) -> None:
    """A platform that answers 200 to everything is understood by a rule."""
    refusals = [{"status": 200, "path": "error.code", "values": ["401"], "means": "key-refused"}]

    def refuse(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json={"error": {"code": 401}}) if page == 2 else answer

    server = Server(DIALECTS["cursor"], change=refuse)
    with pytest.raises(ProjectError, match="key-refused"):
        read(
            connect(manifest(DIALECTS["cursor"], refusals=refusals), server, world).fetch(
                "segment", {"segment_id": "s"}
            )
        )


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), (1, "1"), (1.5, "1.5"), (False, "false"), (None, None), ([], None)]
)
def test_scalars_are_written_as_in_json(value: Any, text: str | None) -> None:
    """Values of a manifest are compared with what JSON shows."""
    assert as_text(value) == text
    assert text is None or isinstance(value, str) or json.loads(text) == value


@pytest.mark.parametrize(
    ("headers", "content", "page"),
    [
        ({"content-type": "text/html; charset=utf-8"}, b"", True),
        ({}, b"\n <!DOCTYPE html>", True),
        ({}, b"<HTML>", True),
        ({"content-type": "application/json"}, b"{}", False),
    ],
)
def test_a_web_page_is_known(headers: dict[str, str], content: bytes, page: bool) -> None:
    """A login page is told from data by its type or its beginning."""
    assert looks_like_page(Response(200, headers, content)) is page


def test_a_rule_is_read_from_yaml_where_every_scalar_is_a_text() -> None:
    """`present: true` of a manifest is the text `true`; nothing else is a test."""
    assert Refusal.model_validate({"status": 200, "path": "errors", "present": "true", "means": "refused"}).present
    with pytest.raises(ValueError, match="present"):
        Refusal.model_validate({"status": 200, "path": "errors", "present": "false", "means": "refused"})
