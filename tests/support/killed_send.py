"""Sends that are killed with `kill -9`: run as a script, so that each dies in a process of its own.

    python -m tests.support.killed_send FOLDER list   dies before its 1st, 2nd, ... writing statement, and around calls
    python -m tests.support.killed_send FOLDER file   the same with a file as destination

FOLDER/start holds a project whose segment was sent once and has changed since. Every try works on a copy of its own and
on a list of its own; it is killed, then sent again by another process. One line of JSON per try tells what came of it.
This process never opens a file of the warehouse itself.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import ibis  # noqa: F401 - imported before the processes part, so that not each of them does it

from tests.support import killing
from tests.support.activations import TO_FILE, TO_LIST, Desk, address, contacts
from tests.support.list_server import ListServer, list_server
from tests.support.warehouses import duckdb_warehouse

BEFORE, AFTER = range(1, 26), range(8, 36)
"""Contacts of the segment before and after."""

EVERY = int(os.environ.get("REMOTE_SEGMENTS_KILL_EVERY", "5"))
"""Of the writing statements every fifth one; 1 for each, which takes six minutes, in a release."""

WRITES = ("execute", "append", "append_table", "insert")


def desk(folder: Path, url: str, destination: str) -> Desk:
    """The project of a folder."""
    made = Desk(folder, duckdb_warehouse(folder), url)
    activation = {**(TO_LIST if destination == "list" else TO_FILE), "first_plan": "send"}
    made.write(activations={"out": {**activation, "guards": {"max_removes": "100%"}}})
    return made


def prepare(folder: Path, url: str, destination: str) -> None:
    """Sends once, and publishes what the next send is about."""
    made = desk(folder, url, destination)
    made.model(contacts(range(1, 41)))
    made.publish(BEFORE)
    made.apply()
    made.publish(AFTER)


def in_child(act: Callable[[], object]) -> bool:
    """Runs something in a process of its own; whether that was killed."""
    child = os.fork()
    if child == 0:
        act()
        os._exit(0)
    return killing.killed(child)


def dying_before(number: int) -> None:
    """Makes this process kill itself before its writing statement of that number."""
    killing.dying_before(number, WRITES)


def attempt(folder: Path, lists: ListServer, url: str, destination: str, die: Callable[[], None]) -> bool:
    """One send that dies, and the one after it; prints what came of both. Whether the first was killed."""
    shutil.copytree(folder.parent / "start", folder)
    lists.lists["7"] = {address(one): {} for one in BEFORE} | {"stranger@example.com": {}}
    lists.calls.clear()

    def send() -> None:
        die()
        again = desk(folder, url, destination)
        again.now = again.rows("SELECT max(fetched_at) FROM {s}.snapshots")[0][0]
        again.apply()

    killed = in_child(send)
    first = list(lists.calls)

    def finish() -> None:
        again = desk(folder, url, destination)
        again.now = again.rows("SELECT max(fetched_at) FROM {s}.snapshots")[0][0]
        seen = (folder / "drop" / "out" / "vip.csv").read_text() if destination == "file" else ""
        acknowledged = {key for key, outcome in again.ledger("key, outcome") if outcome == "accepted"}
        mark = len(lists.calls)
        again.apply()
        (folder / "told.json").write_text(
            json.dumps(
                {
                    "acknowledged": sorted(acknowledged),
                    "mark": mark,
                    "known": again.known(),
                    "outgoing": again.rows("SELECT count(*) FROM {s}.outgoing")[0][0],
                    "states": again.states(),
                    "seen": seen.split(),
                    "file": (folder / "drop" / "out" / "vip.csv").read_text().split() if destination == "file" else [],
                }
            )
        )

    in_child(finish)
    told = json.loads((folder / "told.json").read_text())
    told |= {"killed": killed, "people": sorted(lists.people), "first": first, "second": lists.calls[len(first) :]}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    return killed


def main(folder: Path, destination: str) -> None:
    """Kills before every writing statement in turn; with a list, also while each call is under way."""
    with list_server() as (lists, url):
        (folder / "start").mkdir()
        in_child(lambda: prepare(folder / "start", url, destination))
        for number in count(1, EVERY):
            if not attempt(folder / str(number), lists, url, destination, lambda number=number: dying_before(number)):
                break
        for call in (1, 2, 5) if destination == "list" else ():
            for moment in ("before", "after"):
                die = kill_at(lists, call, moment)
                attempt(folder / f"{moment}{call}", lists, url, destination, die)
                lists.before_call.clear()
                lists.after_call.clear()


def kill_at(lists: ListServer, call: int, moment: str) -> Callable[[], None]:
    """Has the server kill the sender when a call arrives, before or after it is carried out; what the sender does."""
    read, write = os.pipe()

    def kill() -> None:
        os.kill(int(os.read(read, 20)), signal.SIGKILL)

    (lists.before_call if moment == "before" else lists.after_call)[call] = kill
    return lambda: os.write(write, str(os.getpid()).encode()) and None


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
