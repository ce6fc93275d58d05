"""Whether a platform's host answers at all, and what time it has there: one call without a credential."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

from remote_segments.rest.limits import utc_now
from remote_segments.rest.silence import unlogged
from remote_segments.rest.transport import certificates, proxy

PATIENCE = 8.0
"""Seconds for one answer."""


@dataclass(frozen=True)
class Reached:
    """What came of one call: `failure` is a word for why there was no answer, None when there was one."""

    host: str
    proxy: str | None
    failure: str | None = None
    skew: float | None = None
    """Seconds that this machine's clock is ahead of the host's; None where the host does not tell."""


def reach(url: str, transport: httpx.BaseTransport | None = None, now: Callable[[], datetime] = utc_now) -> Reached:
    """Calls an address with HEAD; every answer, an error too, shows that the host is reached.

    Args:
        url: the address.
        transport: network double of tests.
        now: the wall clock.
    """
    address = httpx.URL(url)
    host = f"{address.host}:{address.port}" if address.port else address.host
    through = proxy(url)
    named = httpx.URL(through).host if through else None  # without the credential that a proxy's address may hold
    inner = transport or httpx.HTTPTransport(verify=certificates(), proxy=through)
    try:
        with unlogged(), httpx.Client(transport=inner, timeout=PATIENCE, trust_env=False) as client:
            answer = client.head(address)
    except httpx.TransportError as failure:
        return Reached(host, named, type(failure).__name__)
    return Reached(host, named, skew=_skew(answer.headers.get("date"), now()))


def _skew(date: str | None, now: datetime) -> float | None:
    try:
        return (now - parsedate_to_datetime(date)).total_seconds() if date else None
    except (ValueError, TypeError):
        return None
