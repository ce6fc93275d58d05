"""An audience mirrored by a project's own files into real lists, read back from the servers themselves.

A GNU Mailman list can be read, so that what is in doubt after a kill is looked for; a Kinto collection cannot (by this
manifest), so that it is sent again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from remote_segments.errors import HeldError
from remote_segments.sync.audiences import refresh_audience
from tests.support import kinto, mailman
from tests.support.activations import Desk, address, contacts
from tests.support.dying_sends import dying_sends
from tests.support.servers.serving import free_port
from tests.support.warehouses import duckdb_warehouse

STRANGER = "stranger@example.test"
RUNS = 100
"""Sends that a stranger must survive."""

EVERY = 10
"""Of so many sends one follows a change of the audience."""


@dataclass
class Mirror:
    """A project whose audience `loyal` is mirrored into a list of a real server, in which a stranger is."""

    desk: Desk
    connection: Mapping[str, object]
    activation: Mapping[str, object]
    held: Callable[[], set[str]]
    """Addresses in the list, by the server's own word."""
    size: int
    """People of the audience."""
    calls: int
    """Calls that are made when half of them are others."""
    people: set[str]
    """Addresses in the audience."""

    def write(self, **connection: str) -> None:
        """Writes the project's files, with another address of the server if need be."""
        connections = {
            "warehouse": {"platform": "warehouse"},
            "there": {**self.connection, "password": {"file": "password"}, **connection},
        }
        self.desk.write(activations={"out": self.activation}, connections=connections)

    def publish(self, first: int) -> None:
        """Publishes the audience with as many people as ever, from one of them on."""
        numbers = range(first, first + self.size)
        self.desk.publish(numbers)
        refresh_audience(self.desk.project, "loyal", run_id=None, now=self.desk.now)
        self.people = {address(one) for one in numbers}

    def begin(self) -> None:
        """Publishes the audience, approves the first plan, and sends it."""
        self.publish(1)
        with pytest.raises(HeldError):
            self.desk.apply()
        self.desk.approve()
        self.desk.apply()


def mirrored(
    folder: Path, password: str, connection: Mapping[str, object], activation: Mapping[str, object], **more: Any
) -> Mirror:
    """A project with a model and an audience that nobody has published yet."""
    (folder / "password").write_text(password)
    for name in ("audiences", "platforms"):
        (folder / name).mkdir()
    guards = "{max_left: 100%, max_joined: 1000%}"
    (folder / "audiences" / "loyal.yaml").write_text(f"model: contacts\nall: [vip]\nguards: {guards}\n")
    (folder / "platforms" / "kinto_sending.yaml").write_text(kinto.MANIFEST.read_text())
    desk = Desk(folder, duckdb_warehouse(folder))
    sending = {"audience": "loyal", "guards": {"max_removes": "100%"}, **activation}
    mirror = Mirror(desk, connection, sending, people=set(), **more)
    mirror.write()
    desk.model(contacts(range(1, 400)))
    return mirror


@pytest.fixture(scope="module")
def mailman_server() -> Iterator[mailman.Mailman]:
    """The server; one test process at a time has it."""
    with mailman.running() as server:
        yield server


@pytest.fixture(scope="module")
def kinto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kinto.Kinto]:
    """The server."""
    with kinto.running(tmp_path_factory.mktemp("kinto")) as server:
        yield server


@pytest.fixture
def mailing_list(mailman_server: mailman.Mailman, tmp_path: Path) -> Iterator[Mirror]:
    """A list of its own, to which one call subscribes one person."""
    server, name = mailman_server, "mirrored.lists.example.test"
    server.ask("POST", "/lists", fqdn_listname="mirrored@lists.example.test")
    try:
        server.subscribe(name, STRANGER)
        yield mirrored(
            tmp_path,
            server.password,
            {"platform": "mailman", "base_url": server.url, "username": server.username},
            {"destination": {"connection": "there", "list_id": name}, "identifiers": ["email"]},
            held=lambda: server.held(name),
            size=8,
            calls=5,  # each of the four who join, then one for all who left
        )
    finally:
        server.ask("DELETE", f"/lists/{name}")


@pytest.fixture
def collection(kinto_server: kinto.Kinto, tmp_path: Path) -> Mirror:
    """A collection of its own; a call is a batch of 25 requests."""
    server, name = kinto_server, kinto_server.collection("mirrored")
    path = f"/buckets/{server.bucket}/collections/{name}/records/stranger"
    server.ask("PUT", path, {"data": {"email": STRANGER}})
    return mirrored(
        tmp_path,
        server.password,
        {"platform": "kinto_sending", "base_url": server.url, "username": server.username},
        {
            "destination": {"connection": "there", "collection": name},
            "identifiers": {"member_id": "contact_id", "email": "email"},
        },
        held=lambda: {str(one) for one in server.held(name).values()},
        size=80,
        calls=4,  # two for those who join, two for those who left
    )


@pytest.fixture(
    params=[
        pytest.param("mailing_list", marks=pytest.mark.xdist_group("mailman")),
        pytest.param("collection", marks=pytest.mark.xdist_group("kinto")),
    ]
)
def mirror(request: pytest.FixtureRequest) -> Mirror:
    """Runs the test with both servers."""
    found: Mirror = request.getfixturevalue(request.param)
    return found


def test_an_audience_is_mirrored_once_its_first_plan_is_approved(mirror: Mirror) -> None:
    """Promises 20, 27: until then nobody is sent; then everybody; then whoever joined and left; a stranger stays."""
    desk = mirror.desk
    mirror.publish(1)
    with pytest.raises(HeldError) as held:
        desk.apply()
    assert held.value.code == "first-plan"
    assert mirror.held() == {STRANGER}
    desk.approve()
    planned = desk.plan()
    assert (planned.counts["adds"], planned.counts["removes"]) == (mirror.size, 0)
    first = desk.apply(plan_id=planned.plan_id).send
    assert first is not None
    assert (first.state, first.approved_by, first.accepted) == ("applied", "ann", mirror.size)
    assert mirror.held() == mirror.people | {STRANGER}
    moved = mirror.size // 2
    mirror.publish(1 + moved)
    planned = desk.plan()
    assert {name: planned.counts[name] for name in ("adds", "removes", "unchanged")} == dict.fromkeys(
        ("adds", "removes", "unchanged"), moved
    )
    second = desk.apply(plan_id=planned.plan_id).send
    assert second is not None
    assert (second.state, second.accepted) == ("applied", 2 * moved)
    assert mirror.held() == mirror.people | {STRANGER}


def test_a_stranger_survives_many_sends(mirror: Mirror) -> None:
    """Promises 20, 23: some follow a change of the audience; the others succeed without a server, so make no call."""
    mirror.begin()
    for number in range(1, RUNS + 1):
        changed = number % EVERY == 0
        if changed:
            mirror.write()
            mirror.publish(1 + number // EVERY)
        done = mirror.desk.apply()
        assert (done.send is not None, done.calls > 0) == (changed, changed)
        if changed or number == 1:
            assert mirror.held() == mirror.people | {STRANGER}
            mirror.write(base_url=f"http://127.0.0.1:{free_port()}")
    assert mirror.held() == mirror.people | {STRANGER}


def test_a_killed_send_and_the_next_one_end_with_exactly_the_audience(mirror: Mirror) -> None:
    """Promise 22: with `kill -9` around calls and before a statement; a stranger stays, nobody is in doubt."""
    desk, moved = mirror.desk, mirror.size // 2
    mirror.begin()
    deaths = [("after", 1), ("before", 2), ("after", mirror.calls), ("statement", 7)]
    with dying_sends(desk.folder) as dying:
        for number, (moment, place) in enumerate(deaths, 1):
            mirror.publish(1 + number * moved)
            before = mirror.held()
            killed, calls = dying.send(moment, place, desk.now)
            assert killed
            if moment == "after":
                assert mirror.held() != before
            if moment != "statement":
                assert calls >= (place if moment == "after" else place - 1)  # others may be under way
            desk.apply()
            assert mirror.held() == mirror.people | {STRANGER}
            assert set(desk.known().values()) == {"yes"}
    assert desk.apply().send is None
