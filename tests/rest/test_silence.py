"""Our calls leave no trace in the log of the HTTP library; calls of others do."""

import logging

import httpx
import pytest

from remote_segments.rest.silence import LOGGERS, unlogged


def test_only_our_own_calls_are_kept_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Promise 29: an address may hold a cursor made of a member's id; a user's own httpx keeps its lines."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200))
    with caplog.at_level(logging.DEBUG), httpx.Client(transport=transport) as client:
        with unlogged():
            client.get("http://127.0.0.1/ours")
        client.get("http://127.0.0.1/theirs")
    assert "theirs" in caplog.text
    assert "ours" not in caplog.text


@pytest.mark.parametrize("name", LOGGERS)
def test_every_logger_of_the_library_is_kept_silent(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Promise 29: the library logs under several names, and a filter counts for one."""
    with caplog.at_level(logging.DEBUG), unlogged():
        logging.getLogger(name).warning("a member")
    assert caplog.text == ""
