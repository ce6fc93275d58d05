"""Thirty days of one segment, as whoever is on call sees them: what was published, what was held, and why.

    python examples/thirty_days.py

Everything is real but the clock and the platform: the bundled simulator answers over HTTP and misbehaves when told to,
the warehouse is a DuckDB file in a temporary folder. At the end, what history says of each day is compared with what
was published then.
"""

import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.errors import HeldError, RemoteSegmentsError
from remote_segments.rest.platform import Platform
from remote_segments.simulator.population import people
from remote_segments.simulator.server import Simulator
from remote_segments.sync.connecting import connect
from remote_segments.sync.deciding import Choice, decide
from remote_segments.sync.erasing import erase
from remote_segments.sync.fetch import fetch
from remote_segments.sync.history import members_at, stays
from remote_segments.sync.mapping import map_segment
from remote_segments.sync.publication import publish_segment
from remote_segments.sync.reading import read_segment
from remote_segments.sync.results import Published
from remote_segments.sync.seeding import seed_model

FIRST_DAY = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
PEOPLE = 5_000

PROJECT = """
version: 1
timezone: UTC
start: 2026-11-01
warehouse: {{kind: duckdb, path: warehouse.duckdb}}
connections:
  klaviyo: {{platform: klaviyo, api_key: {{file: key}}, base_url: "{url}"}}
models:
  contacts: {{table: analytics.contacts, key: contact_id}}
"""

SEGMENT = """
model: contacts
source: {{connection: klaviyo, segment_id: VIPOPN}}
identifiers: {identifiers}
refresh_frequency: 1 day
{more}
"""


@dataclass
class Month:
    """A project in a folder, its platform, and a clock that a day turns."""

    folder: Path
    simulator: Simulator
    tell: Callable[[str], None] = print
    name: str = "vip_openers"
    identifiers: str = "[{external_id: contact_id}, {email: email}]"
    day: int = 0
    published: dict[datetime, set[str]] = field(default_factory=dict)
    """The keys that everybody read from each publication on."""

    @property
    def now(self) -> datetime:
        """Six in the morning of the day."""
        return FIRST_DAY + timedelta(days=self.day - 1)

    @property
    def project(self) -> Project:
        """The project as its files are now."""
        return load_project(self.folder)

    def start(self) -> None:
        """Writes the files and fills the model."""
        (self.folder / "segments").mkdir()
        (self.folder / "key").write_text("simulated")
        (self.folder / "project.yaml").write_text(PROJECT.format(url=self.simulator.url("klaviyo")))
        self.write()
        self.model()

    def write(self, more: str = "") -> None:
        """Writes the segment's file."""
        text = SEGMENT.format(identifiers=self.identifiers, more=more)
        (self.folder / "segments" / f"{self.name}.yaml").write_text(text)

    def model(self, missing: int = 0) -> None:
        """Fills the model with all people but the first so many of every ten."""
        found = [one for one in people(PEOPLE, self.simulator.state.seed) if one.number % 10 >= missing]
        columns = ("contact_id", "email", "country", "plan")
        seed_model(
            self.project, "analytics", "contacts", {name: [getattr(one, name) for one in found] for name in columns}
        )

    def until(self, day: int, what: str) -> None:
        """Refreshes quietly up to a day, then says what happens on it."""
        while self.day < day - 1:
            self.day += 1
            self.say("an ordinary day", self.refresh())
        self.day = day
        self.tell("")
        self.tell(f"       {what}")

    def refresh(self) -> str:
        """Fetches, maps and publishes; returns what came of it."""
        return self.attempt(self._refresh)

    def remap(self) -> str:
        """Maps the published ids with the model as it is, as after a load of the warehouse."""
        return self.attempt(lambda: self._derive(None))

    def attempt(self, act: Callable[[], Published]) -> str:
        """Says how an attempt ended, as `status` and the checks do."""
        try:
            done = act()
        except HeldError as held:
            return f"HELD      {held.code}: {held.problem.found}"
        except RemoteSegmentsError as error:
            return f"FAILED    {error.code}: {error.problem.found}"
        self.note()
        return f"published {done.rows:,} members, {done.joined:,} joined, {done.left:,} left"

    def _refresh(self) -> Published:
        window = f"{self.now:%Y-%m-%d-%H:%M}"
        row = fetch(self.project, self.name, partition_key=window, run_id=None, now=self.now, connect=unhurried)
        return self._derive(row.snapshot_id)

    def _derive(self, snapshot_id: str | None) -> Published:
        now = self.now + timedelta(minutes=5)
        mapped = map_segment(self.project, self.name, partition_key=None, run_id=None, now=now, snapshot_id=snapshot_id)
        return publish_segment(
            self.project, self.name, partition_key=None, run_id=None, now=now, snapshot_id=mapped.snapshot_id
        )

    def note(self) -> None:
        """Remembers what everybody reads from now on."""
        self.published[self.now + timedelta(minutes=10)] = self.readers()

    def readers(self) -> set[str]:
        """The keys that a reader of the segment sees."""
        return set(read_segment(self.project, self.name).contact_id)

    def say(self, what: str, outcome: str) -> None:
        """One line of the month."""
        self.tell(f"day {self.day:2}  {what:28} {outcome}")


def unhurried(project: Project, connection: str) -> Platform:
    """Opens the account; between its tries no time passes, as no time passes in this month."""
    return connect(project, connection, sleep=lambda _: None)


def first_half(month: Month) -> None:
    """Growth, a truncated answer, an emptied segment, a mass leave."""
    change = month.simulator.state.accounts["klaviyo"].segments.change
    month.until(1, "The segment is new. Its members were there before anybody looked: nobody joins.")
    month.say("first refresh", month.refresh())
    month.until(3, "A campaign grows the segment by a quarter.")
    change("VIPOPN", share=0.15)
    month.say("growth", month.refresh())
    month.until(6, "The platform closes the connection in the middle of the second page, at every try.")
    fault = month.simulator.fault("cut-body", platform="klaviyo", segment="VIPOPN", page=2, times=None)
    month.say("truncated answer", month.refresh())
    month.say("what readers see meanwhile", f"{len(month.readers()):,} members, those of yesterday")
    fault.times = 0
    month.until(8, "Somebody empties the segment in the tool, by mistake.")
    change("VIPOPN", share=0)
    month.say("emptied segment", month.refresh())
    change("VIPOPN", share=0.15)
    month.until(9, "The mistake is undone there; the next refresh passes, and the hold is over.")
    month.say("back again", month.refresh())
    month.until(11, "The rule is tightened: two thirds leave at once. A person looks, and approves.")
    change("VIPOPN", share=0.05)
    month.say("mass leave", month.refresh())
    decided = decide(
        month.project, month.name, Choice(approve=True, by="anna", reason="the rule was tightened"), now=month.now
    )
    month.note()
    month.say(
        "approved by anna", f"published {decided.snapshot.mapped:,} members, {decided.snapshot.left_count:,} left"
    )


def second_half(month: Month) -> None:
    """A renamed segment, an edited identifier, a remap, a rejoin, a late rebuild, an erased person."""
    change = month.simulator.state.accounts["klaviyo"].segments.change
    month.until(14, "The segment gets another name in the tool, and its file another name in git.")
    change("VIPOPN", name="VIP openers, 2027")
    former, month.name = month.name, "vip_readers"
    (month.folder / "segments" / f"{former}.yaml").unlink()
    month.write(f"renamed_from: {former}")
    month.say("renamed segment", month.refresh())
    month.until(16, "Only e-mail addresses identify from now on: what changes is our doing, nobody joins or leaves.")
    month.identifiers = "[{email: email}]"
    month.write(f"renamed_from: {former}")
    month.say("edited identifier", month.refresh())
    month.until(
        18, "The load of the warehouse loses three of ten contacts. No call is made: stored ids are mapped anew."
    )
    month.model(missing=3)
    month.say("remap of 30 %", month.remap())
    month.model()
    month.say("the load is whole again", month.remap())
    leave_and_rejoin(month)
    month.until(24, "Somebody maps the ids of day 4 again. History is corrected; what readers see is not touched.")
    month.say("late rebuild", rebuilt(month, 4))
    month.until(27, "A person asks to be forgotten. The platform goes on sending them.")
    person = sorted(month.readers())[0]
    month.say("erased person", erased(month, person))
    month.until(28, "The next refresh leaves the person out.")
    month.say("refresh", month.refresh())
    month.say("is the person back?", "yes" if person in month.readers() else "no")
    month.until(30, "The last day.")
    month.say("refresh", month.refresh())


def leave_and_rejoin(month: Month) -> None:
    """Some leave and come back: two stays."""
    change = month.simulator.state.accounts["klaviyo"].segments.change
    month.until(20, "Some people leave ...")
    before = month.readers()
    change("VIPOPN", share=0.045)
    month.say("some leave", month.refresh())
    gone = before - month.readers()
    month.until(21, "... and come back the day after: two stays, not one long one.")
    change("VIPOPN", share=0.055)
    month.say("rejoin", month.refresh())
    back = sorted(gone & month.readers())
    month.say("one of them", "; ".join(told(stay) for stay in stays(month.project, month.name, [back[0]])))


def told(stay: object) -> str:
    """A stay in days of the month."""
    since, until = stay.since, stay.until  # type: ignore[attr-defined]
    end = f"to day {(until - FIRST_DAY).days + 1}" if until else "to now"
    return f"day {(since - FIRST_DAY).days + 1} {end}"


def rebuilt(month: Month, day: int) -> str:
    """Maps the stored ids of an old window with today's model."""
    before, window = month.readers(), f"{FIRST_DAY + timedelta(days=day - 1):%Y-%m-%d-%H:%M}"
    mapped = map_segment(month.project, month.name, partition_key=window, run_id=None, now=month.now)
    moved = len(before ^ month.readers())
    known = FIRST_DAY + timedelta(days=day - 1, minutes=10)
    month.published[known] = set(members_at(month.project, month.name, known).contact_id)
    return f"{mapped.action}: {mapped.mapped:,} members on day {day}; {moved} rows of the segment changed"


def erased(month: Month, key: str) -> str:
    """Erases somebody, and from what we remember of each day."""
    receipt = erase(month.project, "key", key, by="dpo", reason="asked to be forgotten", now=month.now)
    for keys in month.published.values():
        keys.discard(key)
    rows = ", ".join(f"{number} of {table}" for table, number in receipt.rows.items() if number)
    return f"{rows}; search afterwards: {'nothing' if receipt.proven else 'something'}"


def compared(month: Month) -> str:
    """Asks history for the members of every publication, and compares them with what was published then."""
    wrong = [
        f"{when:%d %H:%M}"
        for when, keys in month.published.items()
        if set(members_at(month.project, month.name, when).contact_id) != keys
    ]
    return f"{len(month.published)} publications, {len(wrong)} differ{': ' + ', '.join(wrong) if wrong else ''}"


def run(folder: Path, tell: Callable[[str], None] = print) -> Month:
    """Plays the month."""
    with Simulator(people=PEOPLE) as simulator:
        month = Month(folder, simulator, tell)
        month.start()
        first_half(month)
        second_half(month)
        tell("")
        month.say("history, asked again", compared(month))
    return month


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as scratch:
        run(Path(scratch))
