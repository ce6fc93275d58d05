"""Members subscribed to and unsubscribed from a mailing list of a real GNU Mailman server."""

from collections.abc import Iterator

import pytest

from remote_segments.errors import ProjectError
from remote_segments.rest.catalog import load_platforms
from remote_segments.rest.destination import PlatformDestination
from remote_segments.rest.platform import Platform
from tests.support.destinations import DestinationContract, Subject
from tests.support.mailman import Mailman, running

pytestmark = pytest.mark.xdist_group("mailman")

ADDRESS, LIST = "sent@lists.example.test", "sent.lists.example.test"


@pytest.fixture(scope="module")
def mailman() -> Iterator[Mailman]:
    """The server; one test process at a time has it."""
    with running() as server:
        yield server


def opened(server: Mailman, password: str | None = None) -> PlatformDestination:
    """The account as a destination, with the manifest that comes along."""
    platform = Platform(
        load_platforms()["mailman"],
        connection="mailman",
        secrets={"password": password or server.password},
        options={"username": server.username},
        base_url=server.url,
    )
    return PlatformDestination(platform)


@pytest.fixture
def subject(mailman: Mailman) -> Iterator[Subject]:
    """A list of its own, which nobody is on."""
    mailman.ask("POST", "/lists", fqdn_listname=ADDRESS)
    people = [f"sent{number:03d}@example.test" for number in range(8)]
    try:
        with opened(mailman) as destination:
            yield Subject(destination, "list", {"list_id": LIST}, "email", people, lambda: mailman.held(LIST))
    finally:
        mailman.ask("DELETE", f"/lists/{LIST}")


class TestMailman(DestinationContract):
    """A mailing list passes what every destination passes."""


def test_an_address_that_mailman_refuses_is_rejected_alone(subject: Subject) -> None:
    """Promise 25: the others are subscribed."""
    answer = subject.send("add", [subject.people[0], "no address", subject.people[1]])
    assert answer.outcomes == ["accepted", "rejected", "accepted"]
    assert answer.reasons[1] == "http-400"
    assert subject.held() == set(subject.people[:2])


def test_a_stranger_survives_adds_and_removes(subject: Subject, mailman: Mailman) -> None:
    """Promise 20: who subscribed by themselves is never touched; who is not there need not be removed."""
    mailman.subscribe(LIST, "stranger@example.test")
    for _ in range(2):
        assert subject.send("add", subject.people[:3]).counts() == {"accepted": 3}
        assert subject.send("remove", subject.people[:4]).counts() == {"accepted": 4}
    assert subject.held() == {"stranger@example.test"}


def test_a_wrong_password_subscribes_nobody(subject: Subject, mailman: Mailman) -> None:
    """It is an error that a person mends, not anybody's rejection."""
    with opened(mailman, "wrong") as destination:
        wrong = Subject(destination, "list", subject.ids, "email", subject.people, subject.held)
        with pytest.raises(ProjectError) as caught:
            wrong.send("add", subject.people[:2])
    assert caught.value.code == "key-refused"
    assert subject.held() == set()
