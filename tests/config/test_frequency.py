"""One refresh frequency gives cron, period, windows and the refreshes of a day."""

import re
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import dagster as dg
import pytest
from pydantic_core import PydanticCustomError

from remote_segments.config.cron import CronError, parse_cron
from remote_segments.config.duration import duration_text, parse_duration
from remote_segments.config.frequency import ALLOWED, EXAMPLES, Frequency, in_words

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

READ = [
    ("1 hour", "0 * * * *", HOUR, "0 * * * *", 24),
    ("60 minutes", "0 * * * *", HOUR, "0 * * * *", 24),
    ("15 minutes", "*/15 * * * *", HOUR / 4, "0 * * * *", 96),
    ("1 minute", "* * * * *", HOUR / 60, "0 * * * *", 1440),
    ("2 hours", "0 */2 * * *", 2 * HOUR, "0 */2 * * *", 12),
    ("1 day", "0 0 * * *", DAY, "0 0 * * *", 1),
    ("24 Hours", "0 0 * * *", DAY, "0 0 * * *", 1),
    ("1 day at 06:30", "30 6 * * *", DAY, "30 6 * * *", 1),
    ("1 day  at 6:30", "30 6 * * *", DAY, "30 6 * * *", 1),
    ("1 week on monday at 06:30", "30 6 * * 1", 7 * DAY, "30 6 * * 1", 1),
    ("1 week on Sunday", "0 0 * * 0", 7 * DAY, "0 0 * * 0", 1),
    ("1 week", "0 0 * * 1", 7 * DAY, "0 0 * * 1", 1),
    ("30 6 * * MON-FRI", "30 6 * * mon-fri", 3 * DAY, "30 6 * * mon-fri", 1),
    ("0,30 8-18 * * *", "0,30 8-18 * * *", timedelta(hours=13, minutes=30), "0 8-18 * * *", 22),
    ("0 3 1 * *", "0 3 1 * *", 31 * DAY, "0 3 1 * *", 1),
    ("0 3 29 2 *", "0 3 29 2 *", 1461 * DAY, "0 3 29 2 *", 1),
]


@pytest.mark.parametrize(("text", "cron", "period", "windows", "ticks"), READ)
def test_a_frequency_is_read(text: str, cron: str, period: timedelta, windows: str, ticks: int) -> None:
    """Words and cron give the same five things; under an hour the windows are hourly."""
    frequency = Frequency.parse(text)
    assert (frequency.cron, frequency.period, frequency.partition_cron) == (cron, period, windows)
    assert frequency.ticks_per_day == ticks


REFUSED = [
    ("7 hours", "Write `6 hours` or `8 hours`, or"),
    ("90 minutes", "Write `1 hour` or `2 hours`, or"),
    ("25 minutes", "Write `20 minutes` or `30 minutes`, or"),
    ("2 days", "Write `1 day` or `1 week`, or"),
    ("0 minutes", "Write `1 minute`, or"),
    ("3 weeks", "Write `1 week`, or"),
    ("hourly", "Write `1 hour`, or"),
    ("@daily", "Write `1 day`, or"),
    ("every 15 minutes", "Write `15 minutes`, or"),
    ("15m", "Write `15 minutes`, or"),
    ("1 hour at 06:30", "Write `1 hour` or `1 day at 06:30`, or"),
    ("1 day on monday", "Write `1 week on monday`, or"),
    ("1 week on mnday", "Write `1 week on monday`, or"),
    ("1 day at 24:00", "Write `1 day at 06:30`, or"),
    ("soon", "a cron expression"),
    ("", "a cron expression"),
    ("0 0 31 2 *", "a cron expression"),
    ("60 * * * *", "a cron expression"),
    ("0 0 0 * * *", "a cron expression"),
    ("0 22-2 * * *", "a cron expression"),
    ("*/0 * * * *", "a cron expression"),
    ("0 6 L * *", "a cron expression"),
    (None, "`1 hour`"),
    (["1 hour"], "`1 hour`"),
]


@pytest.mark.parametrize(("written", "fix"), REFUSED)
def test_another_frequency_is_refused_with_the_nearest(written: Any, fix: str) -> None:
    """What divides unevenly, or is not understood, names what may be written instead."""
    with pytest.raises(PydanticCustomError) as refused:
        Frequency.parse(written)
    context = refused.value.context or {}
    assert context["code"] == "frequency-invalid"
    assert fix in context["fix"]


def test_what_a_refusal_proposes_is_accepted() -> None:
    """Nobody is sent from one error to the next."""
    for written, _ in REFUSED:
        with pytest.raises(PydanticCustomError) as refused:
            Frequency.parse(written)
        for proposal in re.findall("`([^`]+)`", (refused.value.context or {})["fix"]):
            Frequency.parse(proposal)


def test_all_examples_and_all_even_distances_are_accepted() -> None:
    """The lists that documents are made of are true."""
    for text in (*EXAMPLES, *map(in_words, ALLOWED)):
        assert Frequency.parse(text).text == text


@pytest.mark.parametrize("minutes", ALLOWED)
def test_an_even_distance_is_the_distance_of_its_cron(minutes: int) -> None:
    """In words there is one distance between refreshes, all through the year."""
    shortest, longest = parse_cron(Frequency.parse(in_words(minutes)).cron).gaps
    assert shortest == longest == timedelta(minutes=minutes)


CRONS = ["*/7 * * * *", "5,35 3-9/2 * * *", "0 4 1,15 * fri", "0 4 */2 * mon", "30 23 * jan-mar 7", "10 0 31 * *"]


@pytest.mark.parametrize("cron", CRONS)
def test_cron_means_what_dagster_means(cron: str) -> None:
    """The gaps and the count that we reckon with are those of the ticks that Dagster makes."""
    windows = dg.TimeWindowPartitionsDefinition(
        start=datetime(2024, 1, 1), end=datetime(2025, 3, 1), cron_schedule=cron, fmt="%Y-%m-%d %H:%M", timezone="UTC"
    )
    ticks = [datetime.strptime(key, "%Y-%m-%d %H:%M") for key in windows.get_partition_keys()]
    between = [later - earlier for earlier, later in pairwise(ticks)]
    meant = parse_cron(cron)
    assert meant.gaps[0] == min(between)
    assert meant.gaps[1] >= max(between)
    assert set(meant.days) >= {tick.date() for tick in ticks}
    first = ticks[0].date()
    assert meant.ticks_per_day == sum(tick.date() == first for tick in ticks)


def test_a_cron_expression_that_names_no_day_is_refused() -> None:
    """The 30th of February never comes."""
    with pytest.raises(CronError, match="does not exist"):
        parse_cron("0 0 30 2 *")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45 minutes", 2700), ("1 hour", 3600), ("30 days", 2_592_000), ("2 Weeks", 1_209_600), (" 1  day ", 86400)],
)
def test_a_duration_is_read(text: str, seconds: int) -> None:
    """A number and a unit, in any case and number."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("written", ["30", "30d", "1 month", "0 days", "-1 day", "1 day 2 hours", "", None, ["1 day"]])
def test_another_duration_is_refused(written: Any) -> None:
    """Only one number and one unit of fixed length is a duration."""
    with pytest.raises(PydanticCustomError) as refused:
        parse_duration(written)
    assert (refused.value.context or {})["code"] == "duration-invalid"


@pytest.mark.parametrize("text", ["45 minutes", "1 hour", "36 hours", "30 days", "8 weeks"])
def test_a_duration_is_written_as_it_was(text: str) -> None:
    """Text and length turn into each other."""
    assert duration_text(parse_duration(text)) == text
