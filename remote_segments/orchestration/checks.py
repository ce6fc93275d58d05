"""Asset checks: the accounting identity, the match rate, the guards before publication, the age of the data."""

import json
from typing import Any

import dagster as dg

from remote_segments.config.segment import Segment
from remote_segments.errors import HeldError, TemporaryError
from remote_segments.membership.tables import OUTCOMES
from remote_segments.orchestration.metadata import match_rate

ACCOUNTING = "every_member_accounted_for"
MATCH_RATE = "match_rate"
PUBLISHABLE = "publishable"
UPDATED = "updated_by_the_platform"
UNCHANGED = "unchanged_on_the_platform"
DATA_AGE = "data_age"
INPUTS = "inputs_as_they_should_be"


def updated_result(row: Any, key: dg.AssetKey) -> dg.AssetCheckResult:
    """Warns in the platform's stead when it no longer updates a segment."""
    return _warned(UPDATED, key, row.warning)


def unchanged_result(row: Any, key: dg.AssetKey) -> dg.AssetCheckResult:
    """Warns, once per change, when the platform renamed a segment, or changed its rule or state."""
    found = {"name in the tool": row.source_name, "state in the tool": row.remote_state}
    return _warned(UNCHANGED, key, row.drift, **{name: value for name, value in found.items() if value is not None})


def _warned(name: str, key: dg.AssetKey, warning: str | None, **metadata: Any) -> dg.AssetCheckResult:
    """Passes, unless there is something to warn of."""
    return dg.AssetCheckResult(
        passed=warning is None,
        check_name=name,
        asset_key=key,
        severity=dg.AssetCheckSeverity.WARN,
        description=warning,
        metadata=metadata,
    )


def frozen_evaluation(row: Any, key: dg.AssetKey, partition: str) -> dg.AssetCheckEvaluation:
    """The same check's warning when the platform has a segment no more, and it froze."""
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=UNCHANGED,
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description=row.message,
        metadata={"code": row.reason},
        partition=partition,
    )


def mapped_specs(key: dg.AssetKey, partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetCheckSpec]:
    """The checks that come with `mapped_keys`, one verdict per partition."""
    return [
        dg.AssetCheckSpec(
            ACCOUNTING,
            asset=key,
            partitions_def=partitions,
            blocking=True,
            description="fetched = mapped + unknown + ambiguous + invalid + duplicate",
        ),
        dg.AssetCheckSpec(
            MATCH_RATE,
            asset=key,
            partitions_def=partitions,
            description="The share of fetched members that are found in the model.",
        ),
        dg.AssetCheckSpec(
            UPDATED,
            asset=key,
            partitions_def=partitions,
            description="The platform still updates the membership: fresh ids of a segment that stands still are old.",
        ),
        dg.AssetCheckSpec(
            UNCHANGED,
            asset=key,
            partitions_def=partitions,
            description="The platform has the segment, with the name, rule and state of the one published before.",
        ),
    ]


def published_specs(key: dg.AssetKey, partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetCheckSpec]:
    """The check that comes with `enriched_segment`: it fails, and nothing is published, when a snapshot is held."""
    return [
        dg.AssetCheckSpec(
            PUBLISHABLE,
            asset=key,
            partitions_def=partitions,
            blocking=True,
            description="The guards let this snapshot through; a held one leaves the last published one in place.",
        )
    ]


def audience_specs(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The checks that come with an audience."""
    return [
        dg.AssetCheckSpec(
            INPUTS,
            asset=key,
            blocking=True,
            description="Every input is fresh; where one is not, the audience's file says whether it goes on without.",
        ),
        dg.AssetCheckSpec(
            PUBLISHABLE,
            asset=key,
            blocking=True,
            description="The guards let this snapshot through; a held one leaves the last published one in place.",
        ),
    ]


def refused_result(error: TemporaryError, key: dg.AssetKey) -> dg.AssetCheckResult:
    """The failing check of an audience that was not combined, because an input is not as it should be."""
    return dg.AssetCheckResult(
        passed=False,
        check_name=INPUTS,
        asset_key=key,
        description=error.problem.found,
        metadata={"code": error.code, "what to do": error.problem.fix},
    )


def inputs_result(row: Any, key: dg.AssetKey) -> dg.AssetCheckResult:
    """Warns where the last good snapshot of an input was used, and names it."""
    return _warned(INPUTS, key, row.warning)


def accounting_result(row: Any, key: dg.AssetKey) -> dg.AssetCheckResult:
    """Adds up the outcomes of a snapshot."""
    parts = {name: getattr(row, name) for name in OUTCOMES}
    return dg.AssetCheckResult(
        passed=row.fetched == sum(parts.values()),
        check_name=ACCOUNTING,
        asset_key=key,
        metadata={"fetched": row.fetched, **parts},
    )


def match_rate_result(row: Any, segment: Segment, key: dg.AssetKey) -> dg.AssetCheckResult:
    """Warns below the rate that the segment's file names for it; without one, only when nobody of many was found."""
    rate = match_rate(row.mapped, row.fetched)
    guards = segment.guards
    least = guards.warn_match_rate or guards.minimum_match_rate or 0
    passed = rate is None or (rate >= least and row.mapped > 0)
    return dg.AssetCheckResult(
        passed=passed,
        check_name=MATCH_RATE,
        asset_key=key,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={} if rate is None else {"match rate (%)": rate, "minimum (%)": float(least)},
    )


def held_result(error: HeldError, key: dg.AssetKey) -> dg.AssetCheckResult:
    """The failing check of a held snapshot: the numbers, and what to do."""
    return dg.AssetCheckResult(
        passed=False,
        check_name=PUBLISHABLE,
        asset_key=key,
        description=error.problem.found,
        metadata={"code": error.code, "what to do": error.problem.fix, **numbers_of(json.dumps(error.numbers))},
    )


def numbers_of(numbers: str | None) -> dict[str, Any]:
    """What the guards compared, as numbers that the UI shows and plots."""
    found = json.loads(numbers or "{}")
    return {name.replace("_", " "): value for name, value in found.items() if isinstance(value, int | float)}
