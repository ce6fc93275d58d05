"""The people whom all simulated accounts share: drawn from one seed, the same on every machine.

Person `n` always has the same ids, so a test or a demo can build a data model that the accounts' members map to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zlib import crc32

SEED = 7
PEOPLE = 20_000

FIRST_NAMES = ("Ada", "Blaise", "Chiara", "Daan", "Elif", "Femi", "Grace", "Hugo", "Ines", "Jonas", "Kaya", "Lena")
LAST_NAMES = ("Almeida", "Bakker", "Costa", "Dupont", "Eriksen", "Fischer", "Garcia", "Haddad", "Ivanov", "Jansen")
COUNTRIES = ("DE", "FR", "ES", "IT", "NL", "PT", "SE", "PL")
PLANS = ("free", "free", "free", "plus", "plus", "business")
FIRST_DAY = datetime(2022, 1, 1, tzinfo=UTC)
SIGN_UP_DAYS = 1_700


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the data model that the simulated accounts are about."""

    number: int
    contact_id: str
    email: str
    phone: str
    hubspot_id: str
    first_name: str
    last_name: str
    country: str
    plan: str
    lifetime_value: float
    signed_up_at: datetime


def dice(*parts: object) -> int:
    """Returns a number of 32 bits that depends on the parts only: the same on every machine and Python."""
    return crc32("/".join(map(str, parts)).encode())


def person(number: int, seed: int = SEED) -> Person:
    """Returns person `number`, counted from 0; beyond the size of the population they are strangers to the model."""
    chance = dice(seed, "person", number)
    first, last = FIRST_NAMES[chance % len(FIRST_NAMES)], LAST_NAMES[(chance >> 8) % len(LAST_NAMES)]
    return Person(
        number=number,
        contact_id=f"C{number:07d}",
        email=f"{first}.{last}.{number}@example.test".lower(),
        phone=f"+1555{number:07d}",
        hubspot_id=str(10_000_000 + 7 * number),
        first_name=first,
        last_name=last,
        country=COUNTRIES[(chance >> 4) % len(COUNTRIES)],
        plan=PLANS[(chance >> 12) % len(PLANS)],
        lifetime_value=(chance % 100_000) / 100,
        signed_up_at=FIRST_DAY + timedelta(days=(chance >> 16) % SIGN_UP_DAYS, seconds=chance % 86_400),
    )


def people(count: int = PEOPLE, seed: int = SEED) -> Iterator[Person]:
    """Yields the population, in order of number."""
    return (person(number, seed) for number in range(count))
