"""Keeps httpx and what is below it from logging our calls: an address may hold a cursor made of a member's id.

Other users of httpx in the same process keep their log lines.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LOGGERS = ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))
"""The loggers of httpx 0.28 and httpcore 1.0; a filter counts for its own logger only, not for those below."""

_ours: ContextVar[bool] = ContextVar("remote_segments_calling", default=False)


def _of_others(_: logging.LogRecord) -> bool:
    return not _ours.get()


for _name in LOGGERS:
    logging.getLogger(_name).addFilter(_of_others)


@contextmanager
def unlogged() -> Iterator[None]:
    """Drops what is logged about calls while the block runs."""
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)
