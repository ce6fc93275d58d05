"""Ctrl-C while a database works: the interruption arrives as one, never as an error of a statement."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

ENDLESS = "SELECT count(*) FROM generate_series(1, 300000) AS a, generate_series(1, 300000) AS b"


@contextmanager
def struck() -> Iterator[None]:
    """Sends this process the signal of Ctrl-C a moment after the block began."""
    over = threading.Event()

    def strike() -> None:
        if not over.wait(0.3):
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=strike)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def interrupted_after_writing(warehouse) -> None:
    """Writes a row, and is interrupted in the same transaction."""
    with warehouse.write() as session, struck():
        session.append("kept", [{"name": "undone"}])
        session.rows(ENDLESS)


def test_an_interrupted_statement_ends_the_program_and_not_only_the_step(warehouse) -> None:
    """Promise 1: whoever presses Ctrl-C stops everything; an error would only end one segment of many."""
    with warehouse.write() as session:
        session.ensure_table("kept", {"name": "text"})
    with pytest.raises(KeyboardInterrupt):
        interrupted_after_writing(warehouse)
    with warehouse.read() as session:
        assert session.rows(f'SELECT * FROM "{session.schema}".kept') == []


def test_an_interrupted_look_is_an_interruption_too(warehouse) -> None:
    """A reading session as well; the warehouse opens again afterwards."""
    with pytest.raises(KeyboardInterrupt), warehouse.read() as session, struck():
        session.rows(ENDLESS)
    with warehouse.read() as session:
        assert session.rows("SELECT 1") == [(1,)]
