"""Whether a host answers, and what time it has there."""

from datetime import UTC, datetime

import httpx

from remote_segments.rest.reaching import reach

NOW = datetime(2026, 11, 24, 10, 0, 40, tzinfo=UTC)


def answering(answer: httpx.Response | Exception) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """A network double, and what it was asked."""
    asked: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return httpx.MockTransport(serve), asked


def test_any_answer_counts_and_tells_the_time() -> None:
    """Even a refusal shows that the host is reached; no credential is sent."""
    double, asked = answering(httpx.Response(403, headers={"Date": "Tue, 24 Nov 2026 10:00:00 GMT"}))
    found = reach("https://a.klaviyo.example:8443/api", double, lambda: NOW)
    assert (found.host, found.failure, found.skew) == ("a.klaviyo.example:8443", None, 40.0)
    assert "authorization" not in asked[0].headers


def test_no_answer_is_told_by_its_kind() -> None:
    """The library's own text is left out: it may hold a proxy's credential."""
    double, _ = answering(httpx.ConnectTimeout("http://user:password@proxy"))
    found = reach("https://a.klaviyo.example", double)
    assert (found.host, found.failure, found.skew) == ("a.klaviyo.example", "ConnectTimeout", None)


def test_a_date_that_is_none_is_no_date() -> None:
    """A host that tells no time is reached all the same."""
    double, _ = answering(httpx.Response(200, headers={"Date": "now"}))
    assert reach("https://a.klaviyo.example", double).skew is None
