"""The tests that every destination passes, whatever is behind it: a subclass says how it is opened and read back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from remote_segments.destinations.abilities import VERBS, Abilities, Verb
from remote_segments.destinations.batches import Answer, Batch
from remote_segments.destinations.destination import Destination
from remote_segments.identifiers import KINDS

POLLS = 20
"""Times that a job is asked for before a test gives up."""


@dataclass
class Subject:
    """One list of an opened destination, and how a test looks into it without the project."""

    destination: Destination
    kind: str
    ids: dict[str, str]
    identifier: str
    people: Sequence[str]
    """Identifiers of people whom the destination knows; at least five, none of them in the list yet."""
    held: Callable[[], set[str]]
    """Who is in the list now, by the same identifier."""
    attributes: dict[str, object] = field(default_factory=dict)

    @property
    def abilities(self) -> Abilities:
        """What it can do."""
        return self.destination.abilities(self.kind)

    def send(self, verb: Verb, people: Sequence[str]) -> Answer:
        """Sends some people and waits for their outcomes."""
        taken = self.attributes if self.abilities.verbs[verb].attributes else {}
        columns = {name: [value] * len(people) for name, value in taken.items()}
        batch = Batch(verb, {self.identifier: list(people)}, columns, key=f"{verb}-{len(people)}")
        answer = self.destination.send(self.kind, self.ids, batch)
        for _ in range(POLLS):
            if answer.job is None:
                return answer
            answer = self.destination.settle(self.kind, self.ids, batch, answer.job) or answer
        raise AssertionError("the job was never decided")


class DestinationContract:
    """Subclasses give the fixture `subject`."""

    def test_its_abilities_fit_each_other(self, subject: Subject) -> None:
        """Every identifier has a kind that is known, whoever is addressable is so by these, a call fits a send."""
        abilities = subject.abilities
        assert {one.kind for one in abilities.identifiers.values()} <= set(KINDS)
        assert set(abilities.verbs) <= set(VERBS)
        assert "add" in abilities.verbs
        assert abilities.needs
        assert all(needed <= set(abilities.identifiers) for needed in abilities.needs)
        assert all(1 <= one.per_call <= one.batch_size for one in abilities.verbs.values())

    def test_its_list_can_be_checked(self, subject: Subject) -> None:
        """A list that can be written to has a name."""
        assert subject.destination.check(subject.kind, subject.ids).name

    def test_people_are_added_and_removed(self, subject: Subject) -> None:
        """Whoever is added is in the list, whoever is removed is not, and nobody else is touched."""
        first, second = list(subject.people[:3]), list(subject.people[3:5])
        assert subject.send("add", first).outcomes == ["accepted"] * 3
        assert set(first) <= subject.held()
        assert subject.send("add", second).outcomes == ["accepted"] * 2
        if "remove" not in subject.abilities.verbs:
            pytest.skip("it cannot take anybody out")
        assert subject.send("remove", first[:2]).outcomes == ["accepted"] * 2
        assert subject.held() & {*first, *second} == {first[2], *second}

    def test_adding_twice_is_the_same_as_once(self, subject: Subject) -> None:
        """What says that it is idempotent accepts a repetition, and holds everybody once."""
        if not subject.abilities.verbs["add"].idempotent:
            pytest.skip("it is not idempotent")
        people = list(subject.people[:2])
        before = subject.held()
        assert subject.send("add", people).outcomes == subject.send("add", people).outcomes
        assert subject.held() == before | set(people)

    def test_every_member_has_one_outcome(self, subject: Subject) -> None:
        """An answer's lists have the length of the batch."""
        answer = subject.send("add", subject.people[:4])
        assert len(answer.outcomes) == len(answer.reasons) == len(answer.permanent) == 4
