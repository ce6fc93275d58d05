"""A machine whose clock was wrong: what it stamped neither looks fresh nor keeps newer ids from being shown."""

import re
from datetime import timedelta

import pytest

from remote_segments.config.segment import Segment as Configured
from remote_segments.errors import ProjectError
from remote_segments.sync.freshness import verdict
from tests.support.memberships import START, Segment, plan_of


def people(*numbers):
    """Rows of the model."""
    return [{"contact_id": n, "email": f"p{n}@example.com", "city": "Lyon"} for n in numbers]


def members(*numbers):
    """Fetched members that are in the model."""
    return [{"id": f"m{n}", "external_id": str(n), "email": f"p{n}@example.com"} for n in numbers]


@pytest.fixture
def ahead(warehouse):
    """A segment that was published by a clock that was thirty days ahead, and is right again."""
    segment = Segment(warehouse, plan_of(retention=timedelta(days=90)))
    segment.model(people(*range(1, 10)))
    segment.refresh(members(1, 2))
    segment.now += timedelta(days=30)
    segment.refresh(members(1, 2, 3))
    segment.now -= timedelta(days=30)
    return segment


def test_what_is_published_from_the_future_is_an_error_not_a_quiet_end(ahead):
    """Promise 8: a refresh that cannot be shown because of a clock is never green; neither stage goes on."""
    snapshot = ahead.fetch(members(1, 4))
    for stage in (ahead.map, ahead.publish):
        with pytest.raises(ProjectError) as refused:
            stage(snapshot)
        assert refused.value.code == "clock-behind"
        assert "29 days later" in refused.value.problem.found
    assert ahead.published() == [1, 2, 3]
    assert ahead.row(snapshot).reason == "clock-behind"


def test_the_statement_that_the_error_names_withdraws_what_the_clock_stamped(ahead):
    """Its events count no more, and the next refresh is compared with the last snapshot that was stamped rightly."""
    snapshot = ahead.fetch(members(1, 4))
    with pytest.raises(ProjectError) as refused:
        ahead.map(snapshot)
    (statement,) = re.findall("UPDATE [^;]*;", refused.value.problem.fix)
    with ahead.warehouse.write() as session:
        session.execute(statement.replace("now()", f"CAST('{ahead.now.isoformat()}' AS TIMESTAMPTZ)"))
    ahead.map(snapshot)
    found = ahead.publish(snapshot)
    assert ahead.published() == [1, 4]
    assert ahead.events(found.snapshot_id) == {("4", "joined", "remote"), ("2", "left", "remote")}
    assert ahead.at(ahead.now + timedelta(days=60)) == {"1", "4"}


def test_clocks_may_differ_by_a_few_minutes(warehouse):
    """Two machines need not agree to the second."""
    segment = Segment(warehouse)
    segment.model(people(1, 2))
    segment.refresh(members(1, 2))
    assert segment.map(now=segment.now - timedelta(minutes=4)).action == "remap"


@pytest.mark.parametrize(
    ("minutes", "expected"), [(-60 * 24 * 30, "stale"), (-6, "stale"), (-4, "fresh"), (0, "fresh"), (30, "fresh")]
)
def test_ids_from_the_future_are_not_fresh(minutes, expected):
    """Promise 8: nobody knows how old they are."""
    segment = Configured.model_validate(
        {
            "model": "contacts",
            "source": {"connection": "crm", "segment_id": "1"},
            "identifiers": [{"email": "email"}],
            "refresh_frequency": "1 hour",
        }
    )
    age, words = verdict(segment, START, START + timedelta(minutes=minutes))
    assert age == expected
    assert ("in the future" in words) == (age == "stale")
