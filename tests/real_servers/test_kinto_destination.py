"""Members sent to a collection of a real Kinto server: a batch of requests, with an answer for each of them."""

from collections.abc import Iterator

import pytest

from remote_segments.destinations.batches import Batch
from remote_segments.rest.catalog import load_manifest
from remote_segments.rest.destination import PlatformDestination
from remote_segments.rest.platform import Platform
from tests.support.destinations import DestinationContract, Subject
from tests.support.kinto import MANIFEST, Kinto, running

pytestmark = pytest.mark.xdist_group("kinto")


@pytest.fixture(scope="module")
def kinto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kinto]:
    """The server."""
    with running(tmp_path_factory.mktemp("kinto")) as server:
        yield server


@pytest.fixture
def subject(kinto: Kinto) -> Iterator[Subject]:
    """An empty collection, opened by the manifest of a project of its own."""
    name = kinto.collection("vip")
    platform = Platform(
        load_manifest(MANIFEST),
        connection="kinto",
        secrets={"password": kinto.password},
        options={"username": kinto.username},
        base_url=kinto.url,
    )
    with PlatformDestination(platform) as destination:
        people = [f"m{number}" for number in range(60)]
        yield Subject(
            destination, "collection", {"collection": name}, "member_id", people, lambda: set(kinto.held(name))
        )


class TestKinto(DestinationContract):
    """A collection passes what every destination passes."""


def test_a_bad_record_is_rejected_alone(subject: Subject, kinto: Kinto) -> None:
    """Promise 25: Kinto answers each request of a batch; the one whose id it does not take has its code."""
    people = [f"m{number}" for number in range(25)]
    people[7] = "not an id!"
    answer = subject.send("add", people)
    assert answer.outcomes == ["rejected" if number == 7 else "accepted" for number in range(25)]
    assert answer.reasons[7] == "107"
    assert set(kinto.held("vip")) == {*people} - {"not an id!"}


def test_a_stranger_survives_adds_and_removes(subject: Subject, kinto: Kinto) -> None:
    """Promise 20: whoever was put there by others is never touched, and removing who is not there is no error."""
    path = f"/buckets/{kinto.bucket}/collections/vip/records/stranger"
    kinto.ask("PUT", path, {"data": {"email": "stranger@example.test"}})
    for _ in range(5):
        assert subject.send("add", subject.people[:25]).counts() == {"accepted": 25}
        assert subject.send("remove", subject.people[:25]).counts() == {"accepted": 25}
    assert subject.send("remove", subject.people[:3]).counts() == {"accepted": 3}
    assert kinto.held("vip") == {"stranger": "stranger@example.test"}


def test_attributes_and_addresses_arrive(subject: Subject, kinto: Kinto) -> None:
    """Columns go beside the address; an identifier that a member lacks is left out."""
    batch = Batch("add", {"member_id": ["m1", "m2"], "email": ["a@example.test", None]}, {"plan": ["gold", None]})
    assert subject.destination.send("collection", subject.ids, batch).outcomes == ["accepted", "accepted"]
    assert kinto.held("vip") == {"m1": "a@example.test", "m2": None}


def test_a_collection_is_made(subject: Subject, kinto: Kinto) -> None:
    """Its id is the one that Kinto answers."""
    assert subject.destination.create("collection", "fresh") == {"collection": "fresh"}
    assert kinto.held("fresh") == {}
