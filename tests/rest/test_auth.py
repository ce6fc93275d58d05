"""Each way of authentication puts the secret where the platform looks for it, and nowhere else."""

import logging
from typing import Any

import httpx
import pytest

from remote_segments.conformance.world import World
from remote_segments.errors import PlatformError, ProjectError
from remote_segments.rest.auth import Basic, Bearer, HeaderKey, QueryKey, SchemeWord
from remote_segments.rest.messages import Request
from remote_segments.rest.platform import Platform
from remote_segments.rest.transport import proxy
from tests.support.invented_platform import DIALECTS, Server, connect, manifest, read

SECRET = "s3cret-canary"
WAYS: dict[str, tuple[dict[str, Any], str, str]] = {
    "bearer": ({"kind": "bearer", "secret": "key"}, "authorization", f"Bearer {SECRET}"),
    "scheme": ({"kind": "scheme", "word": "Own-Key", "secret": "key"}, "authorization", f"Own-Key {SECRET}"),
    "header": ({"kind": "header", "name": "Api-Token", "secret": "key"}, "api-token", SECRET),
    "basic": ({"kind": "basic", "username": "me", "secret": "key"}, "authorization", "Basic bWU6czNjcmV0LWNhbmFyeQ=="),
    "basic-of-two-secrets": (
        {"kind": "basic", "username_secret": "key", "secret": "key"},
        "authorization",
        "Basic czNjcmV0LWNhbmFyeTpzM2NyZXQtY2FuYXJ5",
    ),
    "basic-with-the-key-as-user": (
        {"kind": "basic", "username_secret": "key", "password": "X"},
        "authorization",
        "Basic czNjcmV0LWNhbmFyeTpY",
    ),
    "headers-first": ({"kind": "headers", "headers": {"Api-Key": "key", "App-Key": "key"}}, "api-key", SECRET),
    "headers-second": ({"kind": "headers", "headers": {"Api-Key": "key", "App-Key": "key"}}, "app-key", SECRET),
}


@pytest.mark.parametrize("name", WAYS)
def test_the_secret_is_sent_in_its_header(name: str, world: World) -> None:
    """Every call carries the header that the manifest describes."""
    auth, header, value = WAYS[name]
    server = Server(DIALECTS["cursor"])
    read(connect(manifest(DIALECTS["cursor"], auth=auth), server, world).fetch("segment", {"segment_id": "s1"}))
    assert {request.headers[header] for request in server.requests} == {value}


def test_the_secret_is_sent_in_the_query_and_not_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Promise 29: a key in the query reaches the platform, but no log line."""
    server = Server(DIALECTS["cursor"])
    auth = {"kind": "query", "parameter": "api key", "secret": "key"}
    with caplog.at_level(logging.DEBUG):
        read(connect(manifest(DIALECTS["cursor"], auth=auth), server, world).fetch("segment", {"segment_id": "s1"}))
    assert {request.url.params["api key"] for request in server.requests} == {SECRET}
    assert server.requests[-1].url.params["size"] == "2"
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "auth",
    [
        Bearer(kind="bearer", secret="key"),
        SchemeWord(kind="scheme", word="Own", secret="key"),
        HeaderKey(kind="header", name="X", secret="key"),
        QueryKey(kind="query", parameter="k", secret="key"),
        Basic(kind="basic", username="{user}", secret="key"),
    ],
    ids=lambda auth: auth.kind,
)
def test_a_credential_is_never_shown(auth: Bearer) -> None:
    """Promise 29: neither the way nor the credential shows the secret in its repr."""
    credential = auth.credential({"key": SECRET}, {"user": "me"})
    assert SECRET not in repr(credential) + repr(auth)
    assert auth.uses() == ("key",)


def test_the_credential_refuses_every_other_host(world: World) -> None:
    """Promise 30: even a request that was made by mistake does not carry the credential away."""
    server = Server(DIALECTS["cursor"])
    platform = connect(manifest(DIALECTS["cursor"]), server, world)
    with pytest.raises(PlatformError, match="foreign-link"):
        platform._client.send(Request("https://evil.test/"))
    assert server.requests == []


def test_a_connection_without_its_secret_is_refused(world: World) -> None:
    """A missing secret is a mistake of the project, found before any call."""
    platform = manifest(
        DIALECTS["cursor"],
        connection={"secrets": {"key": "The key.", "other": "Another."}},
        auth={"kind": "bearer", "secret": "other"},
    )
    with pytest.raises(ProjectError, match="secret-unset"):
        connect(platform, httpx.Response, world)


@pytest.mark.parametrize("secret", ["pk_\u201cquoted\u201d", "two\nlines", "tab\there"])
def test_a_secret_that_cannot_be_sent_is_refused_unseen(secret: str) -> None:
    """A key that was copied with a typographic quote is told without showing it."""
    with pytest.raises(ProjectError, match="secret-unreadable") as caught:
        Platform(manifest(DIALECTS["cursor"]), connection="c", secrets={"key": secret})
    assert secret not in str(caught.value)


def test_an_address_without_a_scheme_is_refused(world: World) -> None:
    """base_url is a whole address."""
    with pytest.raises(ProjectError, match="bad-value"):
        connect(manifest(DIALECTS["cursor"]), httpx.Response, world, base_url="localhost:8000")


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY and NO_PROXY mean what they mean elsewhere."""
    monkeypatch.setenv("https_proxy", "http://proxy.test:3128")
    monkeypatch.setenv("no_proxy", "inside.test")
    assert proxy("https://api.example.test") == "http://proxy.test:3128"
    assert proxy("https://inside.test") is None


def test_a_connection_without_an_option_is_refused(world: World) -> None:
    """An option without a default must be set."""
    keys = {"secrets": {"key": "The key."}, "options": {"region": "Where the account is."}}
    platform = manifest(DIALECTS["cursor"], connection=keys, base_url="https://{region}.example.test")
    with pytest.raises(ProjectError, match="missing-key"):
        connect(platform, httpx.Response, world)
    assert connect(platform, httpx.Response, world, options={"region": "eu"})._base.url == "https://eu.example.test"
