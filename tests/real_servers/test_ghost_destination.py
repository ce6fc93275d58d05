"""A label given to and taken from members of a real Ghost."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from remote_segments.errors import ProjectError
from remote_segments.rest.catalog import load_platforms
from remote_segments.rest.destination import PlatformDestination
from remote_segments.rest.platform import Platform
from tests.support.destinations import DestinationContract, Subject
from tests.support.servers.accounts import Account
from tests.support.servers.ghost import labelled, running

pytestmark = pytest.mark.xdist_group("ghost")

NUMBERS = count(1)
"""Of the labels, each of which is one test's own."""


@pytest.fixture(scope="module")
def ghost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Account, Path]]:
    """A seeded site, and its database."""
    with running(tmp_path_factory.mktemp("ghost")) as site:
        yield site


def noted(database: Path, label_id: str) -> list[str]:
    """The address of every member once for each time that Ghost notes the label, read from its own tables."""
    query = """
        SELECT members.email FROM members
        JOIN members_labels ON members_labels.member_id = members.id WHERE members_labels.label_id = ?
    """
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return [email for (email,) in connection.execute(query, [label_id])]


@pytest.fixture
def platform(ghost: tuple[Account, Path]) -> Iterator[Platform]:
    """The account, with the manifest that comes along."""
    account = ghost[0]
    opened = Platform(
        load_platforms()["ghost"],
        connection="ghost",
        secrets=account.secrets,
        options=dict(account.options),
        base_url=account.base_url,
    )
    with opened:
        yield opened


@pytest.fixture
def subject(ghost: tuple[Account, Path], platform: Platform) -> Subject:
    """A label that was made for it, which nobody has; members go by their addresses."""
    destination = PlatformDestination(platform)
    ids = destination.create("label", f"Sent {next(NUMBERS)}", {})
    people = [f"member{number}@example.test" for number in range(240, 250)]
    return Subject(destination, "label", ids, "email", people, lambda: set(noted(ghost[1], ids["label_id"])))


class TestGhost(DestinationContract):
    """A label passes what every destination passes."""


def test_a_stranger_keeps_the_label(subject: Subject, ghost: tuple[Account, Path], platform: Platform) -> None:
    """Promise 20: two are added by their ids, and one is removed; who had the label, and other labels, stay."""
    subject.send("add", [subject.people[9]])
    others = labelled(ghost[1], "quiet-since-2025")
    ids = {email: number for number, email in others}
    known = replace(subject, identifier="member_id")
    added = [ids[email] for email in subject.people[:2]]
    assert known.send("add", added).outcomes == ["accepted", "accepted"]
    assert subject.held() == {*subject.people[:2], subject.people[9]}
    assert known.send("remove", added[:1]).outcomes == ["accepted"]
    assert subject.held() == {subject.people[1], subject.people[9]}
    assert labelled(ghost[1], "quiet-since-2025") == others
    read = platform.preview("label_id", subject.ids)
    assert set(read.columns["email"]) == subject.held()


def test_whom_ghost_does_not_know_is_rejected_alone(subject: Subject) -> None:
    """Promise 25: Ghost would pass over them without a word; nobody is created."""
    for identifier, unknown in (("email", "nobody@example.test"), ("member_id", "0" * 24)):
        one = replace(subject, identifier=identifier)
        assert one.send("add", [unknown]).reasons == ["unknown-person"]
    answer = subject.send("add", [subject.people[0], "nobody@example.test", subject.people[1]])
    assert answer.outcomes == ["accepted", "rejected", "accepted"]
    assert subject.held() == set(subject.people[:2])


def test_a_repetition_is_not_noted_twice(subject: Subject, ghost: tuple[Account, Path]) -> None:
    """Ghost notes a label again whenever it is asked to, and counts it again; who has it is not asked about."""
    for _ in range(2):
        assert subject.send("add", subject.people[:2]).counts() == {"accepted": 2}
    assert sorted(noted(ghost[1], subject.ids["label_id"])) == sorted(subject.people[:2])


def test_a_value_that_would_change_the_filter_is_never_sent(subject: Subject) -> None:
    """Nobody is added by it, neither as an id nor as an address."""
    everybody = replace(subject, identifier="member_id")
    assert everybody.send("add", ["0],status:[free"]).reasons == ["identifier-misshapen"]
    assert subject.send("add", ["a'],status:['free"]).reasons == ["identifier-misshapen"]
    assert subject.held() == set()


def test_a_label_that_is_not_there_is_found_before_anything_is_sent(subject: Subject) -> None:
    """As it is when a file is validated live, and before each send."""
    with pytest.raises(ProjectError) as caught:
        subject.destination.check("label", {"label_id": "0" * 24})
    assert caught.value.code == "segment-not-found"


def test_a_label_that_goes_in_the_middle_is_no_acceptance(subject: Subject) -> None:
    """Ghost answers 200 and counts who did not get it: rejected, one by one."""
    gone = replace(subject, ids={"label_id": "0" * 24})
    assert gone.send("add", subject.people[:1]).outcomes == ["rejected"]
