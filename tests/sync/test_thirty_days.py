"""The example of thirty days, played once: what its reader is told, and what history says of each day."""

import re
import runpy
from pathlib import Path

import pytest

# All in one process: the month is played once for them.
pytestmark = pytest.mark.xdist_group("thirty_days")

SCRIPT = Path(__file__).parents[2] / "examples" / "thirty_days.py"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the script says, by what happened."""
    lines: list[str] = []
    runpy.run_path(str(SCRIPT))["run"](tmp_path_factory.mktemp("month"), lines.append)
    found = [re.fullmatch(r"day +\d+  (.{28}) (.*)", line) for line in lines]
    return {match[1].strip(): match[2] for match in found if match}


@pytest.mark.parametrize(
    ("happening", "outcome"),
    [
        ("first refresh", r"published \d+ members, 0 joined, 0 left"),
        ("growth", r"published \d+ members, 1\d\d joined, \d+ left"),
        ("truncated answer", "FAILED    answer-cut"),
        ("emptied segment", "HELD      emptied: The platform gave 0 members"),
        ("back again", "published"),
        ("mass leave", r"HELD      many-left: 4\d\d of the 7\d\d members"),
        ("approved by anna", r"published 2\d\d members, 4\d\d left"),
        ("renamed segment", r"published \d+ members, \d+ joined, \d+ left"),
        ("edited identifier", r"published \d+ members, 0 joined, 0 left"),
        ("remap of 30 %", r"HELD      many-left: .*0 left in the platform, \d+ are no longer found in the model"),
        ("the load is whole again", r"published \d+ members, 0 joined, 0 left"),
        ("one of them", r"(.*; )?day \d+ to day 20; day 21 to now"),
        ("late rebuild", r"rebuild: \d+ members on day 4; 0 rows of the segment changed"),
        ("erased person", r".* of members, 1 of vip_readers; search afterwards: nothing"),
        ("is the person back?", "no"),
    ],
)
def test_each_event_of_the_month_ends_as_it_should(told: dict[str, str], happening: str, outcome: str) -> None:
    """Promises 2, 4, 13, 14, 15, 27 and 32, one after the other in one life of a segment."""
    assert re.match(outcome, told[happening]), told[happening]


def test_readers_never_see_a_failed_snapshot(told: dict[str, str]) -> None:
    """Promise 1: on the day of the truncated answer they see the rows of the day before, and all of them."""
    assert re.fullmatch(r"7\d\d members, those of yesterday", told["what readers see meanwhile"])


def test_history_says_of_each_day_what_was_published_then(told: dict[str, str]) -> None:
    """Promise 12: as-of equals the published rows at every publication of the month, the corrected ones included."""
    match = re.fullmatch(r"(\d+) publications, 0 differ", told["history, asked again"])
    assert match, told["history, asked again"]
    assert int(match[1]) >= 25
