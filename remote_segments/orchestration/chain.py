"""The asset factory: one segment file becomes `raw_remote_ids -> mapped_keys -> enriched_segment`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import dagster as dg

from remote_segments.config.estimate import Estimate
from remote_segments.config.project import Project
from remote_segments.config.segment import Segment
from remote_segments.errors import HeldError, ProjectError
from remote_segments.orchestration import checks, metadata
from remote_segments.orchestration.description import description_of, group_of, metadata_of, owners_of, tags_of
from remote_segments.orchestration.failures import translated
from remote_segments.orchestration.fetching import FETCHES, RunFetches
from remote_segments.orchestration.freshness import policy_of
from remote_segments.orchestration.keys import LAYERS, layer_key, model_key
from remote_segments.orchestration.partitions import Window, open_window, partitions_of, window_of
from remote_segments.orchestration.progress import reporting
from remote_segments.orchestration.remapping import refetch_condition, remap_condition
from remote_segments.orchestration.upstream import upstream_of
from remote_segments.sync.fetch import fetch
from remote_segments.sync.freezing import EXPIRED, freeze_of
from remote_segments.sync.mapping import map_segment
from remote_segments.sync.pausing import pause_of
from remote_segments.sync.publication import publish_segment
from remote_segments.sync.renaming import carry_over_stored
from remote_segments.sync.snapshots import Snapshot, record_without_members

Results = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]

SCHEDULED = "dagster/schedule_name"
"""Dagster's tag of a run that a schedule started."""


@dataclass(frozen=True)
class Chain:
    """What the three assets of a segment share."""

    project: Project
    segment: Segment
    asset_prefix: tuple[str, ...]
    retries: dg.RetryPolicy | None

    @property
    def windows(self) -> dg.TimeWindowPartitionsDefinition:
        """The partitions of the three assets."""
        return partitions_of(self.project, self.segment)

    def key(self, layer: str) -> dg.AssetKey:
        """The key of one of the three assets."""
        return layer_key(self.segment.name, layer, self.asset_prefix)

    @property
    def model(self) -> dg.AssetKey:
        """The key of the data model's asset."""
        return model_key(self.segment.model, self.project.model_of(self.segment).asset, self.asset_prefix)

    @cached_property
    def upstream(self) -> list[dg.AssetDep]:
        """What the fetch reads inside the warehouse."""
        return upstream_of(self.project, self.segment, self.asset_prefix)

    @property
    def follows(self) -> bool:
        """Whether it is refreshed when what its source reads was."""
        return self.segment.refresh_on_source_refresh and bool(self.upstream)

    def condition(self, layer: str) -> dg.AutomationCondition[Any] | None:
        """What starts one of the derived assets beside a schedule."""
        before = self.key(LAYERS[LAYERS.index(layer) - 1])
        return remap_condition(self.segment, self.model, before, follows=self.follows)

    @cached_property
    def _shared(self) -> dict[str, Any]:
        """The arguments of `dagster.asset` that are the same for all three."""
        return {
            "partitions_def": self.windows,
            "group_name": group_of(self.segment),
            "owners": owners_of(self.segment),
            "tags": tags_of(self.project, self.segment),
            "metadata": metadata_of(self.project, self.segment),
            "code_version": self.project.definition_hash(self.segment),
            "backfill_policy": dg.BackfillPolicy.single_run(),
            "retry_policy": self.retries,
        }

    def options(self, layer: str) -> dict[str, Any]:
        """The arguments of `dagster.asset` for one of the three; the later a layer, the higher its priority.

        Steps of one process run breadth-first otherwise: no segment of a batch would be published before the slowest
        fetch ended.
        """
        fetching = layer == LAYERS[0]
        return {
            **self._shared,
            "key": self.key(layer),
            "description": description_of(self.project, self.segment, layer),
            "kinds": {self.project.connection_of(self.segment).platform if fetching else self.project.warehouse.kind},
            "op_tags": {"dagster/priority": str(LAYERS.index(layer))},
        }


def build_chain(chain: Chain) -> list[dg.AssetsDefinition]:
    """The three assets of one segment."""
    return [_raw_remote_ids(chain), _mapped_keys(chain), _enriched_segment(chain)]


def _asset(compute: Callable[[dg.AssetExecutionContext], Results], **options: Any) -> dg.AssetsDefinition:
    made: dg.AssetsDefinition = dg.asset(**options)(compute)
    return made


def _raw_remote_ids(chain: Chain) -> dg.AssetsDefinition:
    key = chain.key("raw_remote_ids")

    def raw_remote_ids(context: dg.AssetExecutionContext) -> Results:
        fetches: RunFetches = getattr(context.resources, FETCHES)
        fetches.begin(context, chain.project, chain.asset_prefix)
        expected = fetches.estimate(chain.segment.name)
        if expected is not None:
            context.log.info(f"The refresh of {expected}.")
        with translated(chain.retries):
            rows = dict(_fetched(context, chain, fetches))
        for window, row in rows.items():
            if row.state == "frozen":  # nothing is materialized and nothing mapped: the warning comes by itself
                verdict = checks.frozen_evaluation(row, chain.key("mapped_keys"), window)
                context.instance.report_runless_asset_event(verdict)
        found = {window: _fetch_metadata(chain, row, expected) for window, row in rows.items() if row.state != "frozen"}
        if found:
            yield from _materialized(context, key, found)

    return _asset(
        raw_remote_ids,
        **chain.options("raw_remote_ids"),
        deps=chain.upstream,
        automation_condition=refetch_condition(chain.segment, [one.asset_key for one in chain.upstream]),
        output_required=False,
        required_resource_keys={FETCHES},
    )


def _fetched(context: dg.AssetExecutionContext, chain: Chain, fetches: RunFetches) -> Iterator[tuple[str, Snapshot]]:
    """Fetches each window of the run that may be fetched; all are judged before the first call.

    What was fetched ahead for this run lies proven on the disk, and is loaded without a call.
    """
    now = datetime.now(UTC)
    windows = [window_of(chain.windows, key) for key in context.partition_keys]
    for window in _fetchable(context, chain, windows, now):
        row = fetches.wait(context, chain.segment.name) or fetch(
            chain.project,
            chain.segment.name,
            partition_key=window.key,
            run_id=context.run.run_id,
            now=datetime.now(UTC),
            progress=reporting(context, chain.segment.name),
        )
        for said in filter(None, (row.message if row.state == "frozen" else None, row.warning, row.drift)):
            context.log.warning(f"{chain.segment.name}: {said}")
        yield window.key, row


def _fetch_metadata(chain: Chain, row: Snapshot, expected: Estimate | None) -> dict[str, Any]:
    ends = chain.project.manifest_of(chain.segment).sunset.get(row.api_version or "")
    return metadata.present(
        {
            "dagster/partition_row_count": row.fetched,
            "fetched": row.fetched,
            "completeness": row.completeness,
            "declared total": row.declared_total,
            "name in the tool": row.source_name,
            "state in the tool": row.remote_state,
            "last change in the tool": row.remote_updated_at,
            "hash of its rule": row.remote_rule_hash,
            "changed in the tool": row.drift,
            "warning": row.warning,
            "API version": row.api_version,
            "API version ends": str(ends) if ends else None,
            "pages": row.pages,
            "calls": row.calls,
            "calls expected": expected and expected.calls,
            "seconds": metadata.rounded(row.seconds),
            "snapshot": row.snapshot_id,
            "fetched at": row.fetched_at,
            "data as of": row.data_at,
        }
    )


def _fetchable(
    context: dg.AssetExecutionContext, chain: Chain, windows: list[Window], now: datetime
) -> Iterator[Window]:
    """The windows to fetch now; a pause, a freeze and a scheduled run that came too late are recorded and skipped.

    A segment that froze because the platform had it no more is looked for again when a person asks.

    Raises:
        ProjectError: `window-missed` when a person asks for a window that is long past.
    """
    scheduled = SCHEDULED in context.run.tags
    missed = [window for window in windows if not window.can_be_fetched(now)]
    if missed and not scheduled:
        raise _missed(chain, missed, now)
    carry_over_stored(chain.project.open_warehouse(), chain.segment)  # a pause under its former name holds, too
    stopped = _stopped(chain, now, scheduled)
    for window in windows:
        if window in missed:
            state, reason, message = "missed", "window-missed", str(_missed(chain, [window], now))
        elif stopped is None:
            yield window
            continue
        else:
            state, (reason, message) = "skipped", stopped
        context.log.warning(f"{chain.segment.name} {window.key}: {state}. {message}")
        record_without_members(
            chain.project,
            chain.segment.name,
            state=state,
            reason=reason,
            message=message,
            partition_key=window.key,
            run_id=context.run.run_id,
            now=now,
        )


def _stopped(chain: Chain, now: datetime, scheduled: bool) -> tuple[str, str] | None:
    """Why the segment is not to be fetched now: a code and a sentence; None when it is."""
    freeze = freeze_of(chain.project, chain.segment.name, now)
    if freeze is not None and (scheduled or freeze.reason == EXPIRED):
        return freeze.reason, f"It is {freeze}"
    paused = pause_of(chain.project, chain.segment.name, now)
    return ("paused", str(paused)) if paused else None


def _missed(chain: Chain, missed: list[Window], now: datetime) -> ProjectError:
    current = open_window(chain.windows, now)
    which = missed[0].key if len(missed) == 1 else f"{len(missed)} windows, {missed[0].key} to {missed[-1].key}"
    return ProjectError(
        "window-missed",
        f"{which} can no longer be fetched: the platform only knows who is a member now.",
        f"Materialize {current.key if current else 'the first window once it opens'} for today's members. Ids "
        "that were fetched then, if there are any, are mapped with today's model by mapped_keys and enriched_segment "
        "of the old window.",
        f"segment {chain.segment.name}",
    )


def _mapped_keys(chain: Chain) -> dg.AssetsDefinition:
    key = chain.key("mapped_keys")

    def mapped_keys(context: dg.AssetExecutionContext) -> Results:
        found: dict[str, dict[str, Any]] = {}
        verdicts: list[dg.AssetCheckResult] = []
        for partition in context.partition_keys:
            with translated(chain.retries):
                row = map_segment(
                    chain.project,
                    chain.segment.name,
                    partition_key=partition,
                    run_id=context.run.run_id,
                    now=datetime.now(UTC),
                )
            found[partition] = {
                "dagster/partition_row_count": row.mapped,
                **metadata.counts(row),
                **metadata.present({"snapshot": row.snapshot_id, "kind": row.kind, "fetched at": row.fetched_at}),
            }
            verdicts = [
                checks.accounting_result(row, key),
                checks.match_rate_result(row, chain.segment, key),
                checks.updated_result(row, key),
                checks.unchanged_result(row, key),
            ]
        yield from _materialized(context, key, found, verdicts)

    return _asset(
        mapped_keys,
        **chain.options("mapped_keys"),
        deps=[chain.key("raw_remote_ids"), chain.model],
        check_specs=checks.mapped_specs(key, chain.windows),
        automation_condition=chain.condition("mapped_keys"),
    )


def _enriched_segment(chain: Chain) -> dg.AssetsDefinition:
    key = chain.key("enriched_segment")

    def enriched_segment(context: dg.AssetExecutionContext) -> Results:
        found: dict[str, dict[str, Any]] = {}
        for partition in context.partition_keys:
            with translated(chain.retries):
                try:
                    found[partition] = _published(context, chain, partition)
                except HeldError as error:
                    # Stored before the step fails: nothing is materialized, and the failing check says why.
                    yield checks.held_result(error, key)
                    raise
        passed = dg.AssetCheckResult(passed=True, check_name=checks.PUBLISHABLE, asset_key=key)
        yield from _materialized(context, key, found, [passed])

    return _asset(
        enriched_segment,
        **chain.options("enriched_segment"),
        deps=[chain.key("mapped_keys"), chain.model],
        check_specs=checks.published_specs(key, chain.windows),
        freshness_policy=policy_of(chain.segment),
        automation_condition=chain.condition("enriched_segment"),
    )


def _published(context: dg.AssetExecutionContext, chain: Chain, partition: str) -> dict[str, Any]:
    row = publish_segment(
        chain.project,
        chain.segment.name,
        partition_key=partition,
        run_id=context.run.run_id,
        now=datetime.now(UTC),
    )
    return metadata.published(chain.project, row, chain.model)


def _materialized(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    found: Mapping[str, dict[str, Any]],
    verdicts: list[dg.AssetCheckResult] | None = None,
) -> Results:
    """One result for a run of one window; for a range, the metadata of each window is attached to its partition."""
    if len(found) == 1 and len(context.partition_keys) == 1:
        yield dg.MaterializeResult(asset_key=key, metadata=next(iter(found.values())))
    else:
        for partition, shown in found.items():
            context.add_asset_metadata(shown, asset_key=key, partition_key=partition)
        yield dg.MaterializeResult(asset_key=key)
    yield from verdicts or []
