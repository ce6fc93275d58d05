"""The truth about simulated members."""

import pytest

from remote_segments.simulator import SEGMENTS, membership, people
from remote_segments.simulator.membership import Member, profiles

ALL = [(platform, segment) for platform, segments in SEGMENTS.items() for segment in segments]


def ids(members: tuple[Member, ...]) -> set[str]:
    return {member.profile.profile_id for member in members}


@pytest.mark.parametrize(("platform", "segment"), ALL)
def test_no_profile_is_in_a_segment_twice(platform: str, segment: str) -> None:
    """A platform's own id is unique within a refresh."""
    members = membership(platform, segment, 1, people=2_000)
    assert len(ids(members)) == len(members)


def test_each_refresh_has_people_who_joined_and_people_who_left() -> None:
    """Consecutive refreshes differ on both sides, and agree on most members."""
    before, after = (ids(membership("klaviyo", "VIPOPN", refresh)) for refresh in (1, 2))
    assert after - before
    assert before - after
    assert len(before & after) > 0.9 * len(before)


def test_the_same_seed_gives_the_same_members_and_another_seed_others() -> None:
    """Deterministic in seed and refresh number."""
    first = membership("hubspot", "55", 3, seed=1, people=500)
    membership.cache_clear()
    profiles.cache_clear()
    assert membership("hubspot", "55", 3, seed=1, people=500) == first
    assert ids(membership("hubspot", "55", 3, seed=2, people=500)) != ids(first)


def test_members_of_klaviyo_are_of_every_kind() -> None:
    """Known people, strangers to the model, ghosts without an identifier, and second profiles of a person."""
    assert {member.profile.kind for member in membership("klaviyo", "NWSLTR", 1)} == {
        "known",
        "stranger",
        "ghost",
        "twin",
    }


def test_a_known_profile_carries_the_ids_of_its_person() -> None:
    """What a data model of the population is matched with."""
    population = list(people(500))
    for member in membership("klaviyo", "NWSLTR", 1, people=500):
        if member.profile.kind in ("known", "twin"):
            assert member.profile.person is not None
            person = population[member.profile.person]
            assert member.profile.external_id in (None, person.contact_id)
            assert (member.profile.email or "").strip().lower() == person.email


def test_who_joined_at_a_later_refresh_joined_later_than_those_who_were_there() -> None:
    """The platform's own time of joining is in the order of the refreshes."""
    before, after = membership("klaviyo", "VIPOPN", 1), membership("klaviyo", "VIPOPN", 3)
    known = ids(before)
    newest = max(member.joined_at for member in before)
    late = [member.joined_at for member in after if member.profile.profile_id not in known]
    assert len([moment for moment in late if moment > newest]) > len(late) / 2
