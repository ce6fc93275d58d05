"""Who is a member of which simulated segment at which refresh: the truth that tests compare with.

A segment is a window over its account's shuffled pool of profiles. The window moves with every refresh: profiles at
one end leave, others join at the other end, and some return after many refreshes.
"""

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType

from remote_segments.simulator.population import PEOPLE, SEED, dice, person

BASELINE = datetime(2026, 11, 1, tzinfo=UTC)
"""The moment of refresh 0; who joined at refresh `n` joined `n` hours later."""

STRANGERS = 0.03  # of the population: profiles of people whom the model does not know
GHOSTS = 0.01  # of the population: profiles without a usable identifier
TWINS = 0.005  # of the population: a second profile of a person, under another id of the platform
NO_EXTERNAL_ID = 0.1  # of the profiles: only the email address is known
SHOUTED = 0.05  # of the addresses: written with capitals and a stray space
NOTHING = (None, "", "n/a", "  ")


@dataclass(frozen=True, slots=True)
class Profile:
    """A record of one account: `person` is the number of the person behind it, None where nobody can tell."""

    profile_id: str
    external_id: str | None
    email: str | None
    phone: str | None
    person: int | None
    kind: str  # known, stranger, ghost, twin


@dataclass(frozen=True, slots=True)
class Member:
    """A profile in a segment and when it joined."""

    profile: Profile
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Segment:
    """A named segment: `share` of the account's profiles are members, `churn` of the profiles leave per refresh."""

    kind: str  # segment, list
    name: str
    share: float
    churn: float
    active: bool = True
    computing: bool = False
    rule: str = "opened in the last 30 days"  # what decides who is a member, in words
    edits: int = 0  # how often somebody changed it while the simulator ran
    rule_edits: int = 0  # how often somebody changed its rule


SEGMENTS: Mapping[str, Mapping[str, Segment]] = MappingProxyType(
    {
        "klaviyo": MappingProxyType(
            {
                "VIPOPN": Segment("segment", "VIP openers", 0.12, 0.004),
                "WINBCK": Segment("segment", "Win back, 90 days silent", 0.03, 0.002),
                "NOBODY": Segment("segment", "Nobody yet", 0, 0),
                "ONLY01": Segment("segment", "One person", 0.00001, 0.001),
                "010": Segment("segment", "An id with a leading zero", 0.01, 0.001),
                "8": Segment("segment", "What 010 becomes when read as a number", 0.02, 0.001),
                "PAUSED": Segment("segment", "Switched off", 0.01, 0, active=False),
                "BUSY01": Segment("segment", "Still computing", 0.01, 0, computing=True),
                "NWSLTR": Segment("list", "Newsletter", 0.3, 0.005),
                "FILLED": Segment("list", "Empty, to be filled", 0, 0),
            }
        ),
        "hubspot": MappingProxyType(
            {
                "55": Segment("list", "Paying customers", 0.15, 0.003),
                "56": Segment("list", "Trial ends this week", 0.02, 0.004),
                "57": Segment("list", "Empty list", 0, 0),
                "58": Segment("list", "Still computing", 0.01, 0, computing=True),
            }
        ),
        "customer_io": MappingProxyType(
            {
                "7": Segment("segment", "Opened the app this week", 0.2, 0.01),
                "8": Segment("segment", "Nobody", 0, 0),
                "9": Segment("segment", "Still computing", 0.01, 0, computing=True),
            }
        ),
        "mailchimp": MappingProxyType(
            {
                "101": Segment("saved", "Readers of the magazine", 0.1, 0.005),
                "102": Segment("static", "Nobody", 0, 0),
                "103": Segment("static", "Came to the fair", 0.05, 0.002),
                "subscribed": Segment(
                    "audience", "The magazine", 0.9, 0.003
                ),  # a status: the audience's, not a segment
                "unsubscribed": Segment("audience", "The magazine", 0.04, 0.001),
            }
        ),
    }
)

MAILCHIMP_AUDIENCE = "a1b2c3d4e5"
"""The one audience of the Mailchimp-shaped account: all its segments are in it."""


def _profile_id(platform: str, seed: int, index: int) -> str:
    digest = hashlib.blake2b(f"{seed}/{platform}/{index}".encode(), digest_size=16).hexdigest()
    return "01" + digest[:24].upper() if platform == "klaviyo" else digest[:16]


def _profile(platform: str, seed: int, index: int, number: int, kind: str) -> Profile:
    who = person(number, seed)
    if platform == "hubspot":
        return Profile(who.hubspot_id, None, who.email, None, number, kind)
    chance = dice(seed, platform, index) / 2**32
    email = f" {who.email.title()}" if chance < SHOUTED else who.email
    if platform == "mailchimp":
        address = email.strip()
        profile_id = hashlib.md5(address.lower().encode(), usedforsecurity=False).hexdigest()
        return Profile(profile_id, None, address, None, number, kind)
    if kind == "ghost":
        nothing = NOTHING[index % len(NOTHING)]
        return Profile(_profile_id(platform, seed, index), None, nothing, None, None, kind)
    external = None if 1 - chance < NO_EXTERNAL_ID else who.contact_id
    return Profile(_profile_id(platform, seed, index), external, email, who.phone, number, kind)


@lru_cache(maxsize=8)
def profiles(platform: str, seed: int = SEED, people: int = PEOPLE) -> tuple[Profile, ...]:
    """Returns all profiles of an account, in the order in which the platform lists them."""
    numbers = [(number, "known") for number in range(people)]
    numbers += [(people + number, "stranger") for number in range(int(people * STRANGERS))]
    if platform in ("klaviyo", "customer_io"):
        numbers += [(0, "ghost")] * int(people * GHOSTS)
        numbers += [(dice(seed, "twin", twin) % people, "twin") for twin in range(int(people * TWINS))]
    return tuple(_profile(platform, seed, index, number, kind) for index, (number, kind) in enumerate(numbers))


@lru_cache(maxsize=64)
def _shuffled(seed: int, platform: str, segment: str, size: int) -> tuple[int, ...]:
    order = list(range(size))
    random.Random(f"{seed}/{platform}/{segment}").shuffle(order)  # noqa: S311 - made-up data, not a secret
    return tuple(order)


@lru_cache(maxsize=64)
def membership(
    platform: str, segment: str, refresh: int, seed: int = SEED, people: int = PEOPLE, *, share: float | None = None
) -> tuple[Member, ...]:
    """Returns the members of a segment at a refresh (counted from 1), in the order in which pages list them.

    Args:
        platform: whose account it is.
        segment: the segment's id.
        refresh: which of its refreshes.
        seed: of the population.
        people: in the population.
        share: of the profiles that are members; the segment's own where it is None.

    Raises:
        KeyError: there is no such platform or segment.
    """
    shape = SEGMENTS[platform][segment]
    pool = profiles(platform, seed, people)
    wobble = 1 + (dice(seed, segment, refresh) % 41 - 20) / 1_000  # two percent up or down: joins and leaves differ
    share = shape.share if share is None else share
    size = min(len(pool), max(1, round(len(pool) * share * wobble))) if share else 0
    step = len(pool) * shape.churn
    first = round(refresh * step)
    order = _shuffled(seed, platform, segment, len(pool))
    window = sorted((order[rank % len(pool)], rank) for rank in range(first, first + size))
    return tuple(Member(pool[index], _joined_at(rank, size, step)) for index, rank in window)


def _joined_at(rank: int, size: int, step: float) -> datetime:
    refreshes = (rank - size) / step if step else -float(rank)
    return BASELINE + timedelta(seconds=round(refreshes * 3_600))
