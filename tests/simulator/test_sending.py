"""Members sent to the simulator over real HTTP: what arrives, and every fault of sending."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from remote_segments.conformance.reading import load_exchanges
from remote_segments.conformance.secrets import invented_secrets
from remote_segments.destinations.batches import Batch
from remote_segments.destinations.failures import BatchRefused, OutcomeUnknown
from remote_segments.errors import ProjectError, RemoteSegmentsError
from remote_segments.rest.catalog import bundled, load_manifest, load_platforms
from remote_segments.rest.destination import PlatformDestination
from remote_segments.rest.limits import Limits
from remote_segments.rest.platform import Platform
from remote_segments.simulator.membership import profiles
from remote_segments.simulator.server import Simulator
from tests.support.destinations import DestinationContract, Subject

QUICK = Limits(per_second=1_000, per_minute=60_000)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """A small account."""
    with Simulator(people=400) as running:
        yield running


def opened(simulator: Simulator, key: str = "pk_test", *, idempotent: bool = True) -> PlatformDestination:
    """The simulated Klaviyo as a destination; its waits take no time."""
    manifest = load_platforms()["klaviyo"]
    if not idempotent:
        block = manifest.destinations["list"]
        add = block.add.model_copy(update={"idempotent": False})
        destinations = {"list": block.model_copy(update={"add": add})}
        manifest = manifest.model_copy(update={"destinations": destinations})
    return PlatformDestination(
        Platform(
            manifest,
            connection="klaviyo",
            secrets={"api_key": key},
            base_url=simulator.url("klaviyo"),
            limits=QUICK,
            sleep=lambda _: None,
        )
    )


@pytest.fixture
def subject(simulator: Simulator) -> Iterator[Subject]:
    """A list that was just made."""
    with opened(simulator) as destination:
        made = destination.create("list", "Sent")["list_id"]
        people = [one.profile_id for one in profiles("klaviyo", people=400)][:60]
        yield Subject(
            destination,
            "list",
            {"list_id": made},
            "profile_id",
            people,
            lambda: simulator.held("klaviyo", made),
        )
    simulator.state.faults.clear()


class TestSimulatedKlaviyo(DestinationContract):
    """The simulated list passes what every destination passes."""


def writes(simulator: Simulator, subject: Subject, verb: str = "add") -> int:
    """Calls that reached the list."""
    return len(simulator.calls(verb=verb, segment=subject.ids["list_id"]))


def test_people_are_found_by_their_addresses(subject: Subject) -> None:
    """An address that nobody has is rejected; the others are in the list, and can be read back from it."""
    known = [one for one in profiles("klaviyo", people=400) if one.kind == "known" and one.email][:3]
    addresses = [*(str(one.email).strip().lower() for one in known), "nobody@elsewhere.test"]
    answer = subject.destination.send("list", subject.ids, Batch("add", {"email": addresses}))
    assert answer.outcomes == ["accepted"] * 3 + ["rejected"]
    assert answer.reasons[3] == "unknown-person"
    assert subject.held() == {one.profile_id for one in known}


def test_what_was_sent_can_be_read_back(simulator: Simulator, subject: Subject) -> None:
    """The source of the same ids reads who is in the list: for reconciling and adopting."""
    subject.send("add", subject.people[:5])
    readable = subject.abilities.readable
    assert readable == "list"
    with Platform(
        load_platforms()["klaviyo"],
        connection="klaviyo",
        secrets={"api_key": "pk"},
        base_url=simulator.url("klaviyo"),
        limits=QUICK,
    ) as platform:
        fetch = platform.fetch(readable, subject.ids)
        assert {one for page in fetch for one in page.columns["profile_id"]} == set(subject.people[:5])
        assert fetch.proof.declared_total == 5


def test_a_cut_after_the_platform_took_it_is_repeated_where_that_is_harmless(
    simulator: Simulator, subject: Subject
) -> None:
    """Promise 22: the list holds everybody once, and the outcome is known in the end."""
    before = writes(simulator, subject)
    simulator.fault("accepted-then-cut", verb="add")
    assert subject.send("add", subject.people[:4]).outcomes == ["accepted"] * 4
    assert writes(simulator, subject) == before + 2
    assert subject.held() == set(subject.people[:4])


def test_a_cut_is_a_doubt_where_repeating_would_harm(simulator: Simulator, subject: Subject) -> None:
    """Promise 22: one call; the members are there, but nobody here may say so."""
    simulator.fault("accepted-then-cut", verb="add")
    with opened(simulator, idempotent=False) as destination, pytest.raises(OutcomeUnknown):
        destination.send("list", subject.ids, Batch("add", {"profile_id": subject.people[:4]}))
    assert writes(simulator, subject) == 1
    assert subject.held() == set(subject.people[:4])


def test_too_many_calls_are_waited_for(simulator: Simulator, subject: Subject) -> None:
    """A 429 was not carried out: the batch is sent again, idempotent or not."""
    simulator.fault("rate-limited", verb="add", retry_after="1")
    with opened(simulator, idempotent=False) as destination:
        answer = destination.send("list", subject.ids, Batch("add", {"profile_id": subject.people[:2]}))
    assert answer.outcomes == ["accepted"] * 2
    assert [call.status for call in simulator.calls(verb="add", segment=subject.ids["list_id"])] == [429, 204]


@pytest.mark.parametrize(("fault", "code"), [("refuse-batch", "batch-refused"), ("too-large", "batch-too-large")])
def test_a_refused_batch_changes_nothing(simulator: Simulator, subject: Subject, fault: str, code: str) -> None:
    """Promise 25: it is to be halved."""
    simulator.fault(fault, verb="add")
    with pytest.raises(BatchRefused) as caught:
        subject.send("add", subject.people[:4])
    assert caught.value.code == code
    assert subject.held() == set()


def test_one_bad_member_is_found_by_halving(subject: Subject) -> None:
    """Promise 25: the others arrive, the bad one is rejected alone, and the platform is asked a few times."""
    people = list(subject.people[:32])
    people[13] = "no such profile"
    waiting, rejected, sent = [Batch("add", {"profile_id": people})], [], 0
    while waiting:
        batch, sent = waiting.pop(), sent + 1
        try:
            answer = subject.destination.send("list", subject.ids, batch)
        except BatchRefused:
            waiting += batch.halves()
        else:
            rejected += [batch.row(place) for place, one in enumerate(answer.outcomes) if one == "rejected"]
    assert rejected == [{"profile_id": "no such profile"}]
    assert subject.held() == set(people) - {"no such profile"}
    assert sent == 11


def test_a_key_that_is_revoked_in_the_middle_stops_the_sending(simulator: Simulator, subject: Subject) -> None:
    """What was accepted stays so; nothing more is carried out."""
    subject.send("add", subject.people[:2])
    simulator.fault("key-refused", verb="add", times=None)
    with pytest.raises(ProjectError) as caught:
        subject.send("add", subject.people[2:4])
    assert caught.value.code == "key-refused"
    assert subject.held() == set(subject.people[:2])


def test_a_redirect_to_another_host_carries_nothing_along(simulator: Simulator, subject: Subject) -> None:
    """Promise 30: neither the credential nor a member goes there."""
    simulator.fault("redirect", verb="add", times=None, host=f"http://localhost:{simulator.port}")
    with pytest.raises(RemoteSegmentsError) as caught:
        subject.send("add", subject.people[:2])
    assert caught.value.code == "foreign-link"
    assert [call.status for call in simulator.calls(verb="add", segment=subject.ids["list_id"])] == [302]


def test_the_account_itself_keeps_its_members(simulator: Simulator) -> None:
    """Promise 20: in a list that others fill, only who was sent is taken out."""
    there = simulator.held("klaviyo", "NWSLTR")
    with opened(simulator) as destination:
        outside = [one.profile_id for one in profiles("klaviyo", people=400) if one.profile_id not in there][:3]
        for verb in ("add", "remove"):
            batch = Batch(verb, {"profile_id": outside})  # type: ignore[arg-type]
            assert destination.send("list", {"list_id": "NWSLTR"}, batch).outcomes == ["accepted"] * 3
    assert simulator.held("klaviyo", "NWSLTR") == there


DOCUMENTED = [path for path in bundled() if load_manifest(path).destinations and path.stem not in {"klaviyo", "meta"}]
"""Platforms whose simulated accounts are made of their exchanges, or written by hand for reading alone."""


@pytest.mark.parametrize("path", DOCUMENTED, ids=lambda path: path.stem)
def test_a_documented_list_takes_members_over_http(simulator: Simulator, path: Path) -> None:
    """Every platform's documented list holds whom it was sent, tells who is rejected, and forgets nothing when cut."""
    manifest, exchanges = load_manifest(path), load_exchanges(path)
    kind, block = next(iter(manifest.destinations.items()))
    documented = exchanges.deliveries[kind]
    inbox = simulator.state.documented(path.stem).inboxes.inboxes[kind]
    name = next(one for one in sorted(block.abilities().needs, key=len) if len(one) == 1)
    identifier = next(one for one in block.identifiers if one in name)
    platform = Platform(
        manifest,
        connection=path.stem,
        secrets=invented_secrets(manifest),
        options=documented.options,
        base_url=simulator.url(path.stem),
        limits=QUICK,
        sleep=lambda _: None,
    )
    with PlatformDestination(platform) as destination:
        people = [str(inbox.people(number)[identifier]) for number in range(1, 5)]
        subject = Subject(destination, kind, documented.ids, identifier, people, set, documented.attributes)
        assert subject.send("add", people).outcomes == ["accepted"] * 4
        assert inbox.held >= {1, 2, 3, 4}
        if block.remove is not None:
            simulator.fault("accepted-then-cut", verb="remove")
            assert subject.send("remove", people[:2]).outcomes == ["accepted"] * 2
            assert inbox.held & {1, 2, 3, 4} == {3, 4}
        simulator.fault("reject-member", verb="add")
        assert subject.send("add", people[:1]).outcomes == ["rejected"]
    simulator.state.faults.clear()


def test_a_big_list_counts_what_it_is_sent_and_keeps_nothing(simulator: Simulator) -> None:
    """For measuring: a thousand at a time are taken, whoever they are."""
    with opened(simulator) as destination:
        batch = Batch("add", {"profile_id": [f"nobody-{number}" for number in range(1_000)]})
        answer = destination.send("list", {"list_id": "big-7"}, batch)
        assert answer.counts() == {"accepted": 1_000}
    assert [one.status for one in simulator.calls(segment="big-7")] == [204]


def test_every_try_is_a_call(simulator: Simulator) -> None:
    """Whoever pays by the call, or waits for a quota, wants to know."""
    with opened(simulator) as destination:
        simulator.fault("rate-limited", verb="add", retry_after="0")
        destination.send("list", {"list_id": "big-8"}, Batch("add", {"profile_id": ["one"]}))
        assert destination.calls == len(simulator.calls(segment="big-8")) == 2
    simulator.state.faults.clear()
