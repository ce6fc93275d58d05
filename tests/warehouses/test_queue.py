import fcntl
import os
import threading

import pytest

from remote_segments.errors import ProjectError, TemporaryError
from remote_segments.warehouses.queue import Turnstile, open_private, try_lock


def gate_is_taken(folder):
    descriptor = open_private(folder / "gate")
    try:
        return not try_lock(descriptor, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "locks"


def test_readers_share_and_a_writer_is_alone(folder):
    """Two readers hold a turn together; a writer is told who has it, and gets it after them."""
    reading, done = threading.Barrier(3), threading.Event()

    def read():
        with Turnstile(folder, "it", 60).turn(exclusive=False):
            reading.wait()
            done.wait()

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    reading.wait()
    with pytest.raises(TemporaryError, match=f"process {os.getpid()}"), Turnstile(folder, "it", 0).turn(exclusive=True):
        pass
    done.set()
    for reader in readers:
        reader.join()
    with Turnstile(folder, "it", 60).turn(exclusive=True):
        pass


def test_a_reader_who_comes_later_does_not_overtake_a_waiting_writer(folder):
    """The waiting writer keeps the gate: a stream of readers cannot starve it."""
    order = []

    def write():
        with Turnstile(folder, "it", 60).turn(exclusive=True):
            order.append("writer")

    def read():
        with pytest.raises(TemporaryError), Turnstile(folder, "it", 0).turn(exclusive=False):
            order.append("late reader")

    with Turnstile(folder, "it", 60).turn(exclusive=False):
        writer = threading.Thread(target=write)
        writer.start()
        while not gate_is_taken(folder):
            pass
        late = threading.Thread(target=read)
        late.start()
        late.join()
        order.append("first reader")
    writer.join()
    assert order == ["first reader", "writer"]


def test_a_turn_that_was_given_up_is_given_back(folder):
    """Who stopped waiting leaves nothing behind that would keep others out."""
    given_up = []

    def give_up():
        with pytest.raises(TemporaryError), Turnstile(folder, "it", 0).turn(exclusive=True):
            pass
        given_up.append(None)

    with Turnstile(folder, "it", 60).turn(exclusive=True):
        impatient = [threading.Thread(target=give_up) for _ in range(3)]
        for thread in impatient:
            thread.start()
        for thread in impatient:
            thread.join()
    assert given_up == [None] * 3
    for exclusive in (True, False, True):
        with Turnstile(folder, "it", 60).turn(exclusive):
            pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """The person is told which file, and to run as its owner."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError) as caught, Turnstile(tmp_path / "file" / "locks", "it", 0).turn(exclusive=True):
        pass
    assert caught.value.code == "warehouse-refused"
