"""The asset of an audience: one, without partitions, after its inputs; refreshed when they are, or on its own schedule.

It has the key of a published segment, `segments/<name>/enriched_segment`: what is downstream of one is downstream of
the other alike. It is combined of what is published at the moment, so that a window of time means nothing to it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import dagster as dg

from remote_segments.config.audience import Audience
from remote_segments.config.project import Project
from remote_segments.errors import HeldError, TemporaryError
from remote_segments.membership.expressions import Attribute, inputs, leaves
from remote_segments.orchestration import checks, metadata
from remote_segments.orchestration.description import code_reference, group_of, owners_of
from remote_segments.orchestration.failures import failure_of, translated
from remote_segments.orchestration.freshness import policy_of
from remote_segments.orchestration.keys import model_key, segment_key
from remote_segments.sync.audiences import refresh_audience
from remote_segments.sync.inputs import is_refusal
from remote_segments.sync.pausing import pause_of
from remote_segments.sync.results import Published
from remote_segments.sync.snapshots import record_without_members

Results = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]


@dataclass(frozen=True)
class Combined:
    """One audience of a whole project, as an asset."""

    project: Project
    audience: Audience
    asset_prefix: tuple[str, ...]
    retries: dg.RetryPolicy | None

    @property
    def key(self) -> dg.AssetKey:
        """The key of the asset."""
        return segment_key(self.audience.name, self.asset_prefix)

    @property
    def inputs(self) -> dict[str, dg.AssetKey]:
        """The assets of the segments and audiences that it is made of."""
        return {name: segment_key(name, self.asset_prefix) for name in inputs(self.audience.expression)}

    @property
    def model(self) -> dg.AssetKey:
        """The asset of the model whose columns it shows."""
        return self._model_key(self.audience.model)

    def deps(self) -> list[dg.AssetDep]:
        """What it depends on; of a segment with windows the newest, whether it was materialized or not."""
        asked = {leaf.model for leaf in leaves(self.audience.expression) if isinstance(leaf, Attribute)}
        models = [self._model_key(name) for name in sorted({self.audience.model, *asked})]
        windows = dg.LastPartitionMapping()
        return [
            *(
                dg.AssetDep(key, partition_mapping=windows if name in self.project.segments else None)
                for name, key in self.inputs.items()
            ),
            *map(dg.AssetDep, dict.fromkeys(models)),
        ]

    def _model_key(self, name: str) -> dg.AssetKey:
        return model_key(name, self.project.models[name].asset, self.asset_prefix)


@lru_cache(maxsize=1)
def refreshed_condition() -> dg.AutomationCondition[Any]:
    """True once an input was published after the audience was last handled, and no other is under way.

    It does not wait for inputs that failed or were held: what becomes of the audience then is its file's to say.
    """
    updated = dg.AutomationCondition.any_deps_updated().since_last_handled()
    busy = dg.AutomationCondition.any_deps_in_progress() | dg.AutomationCondition.in_progress()
    return (updated & ~busy).with_label("an input was published")


def build_audience(one: Combined) -> dg.AssetsDefinition:
    """The asset of one audience."""
    audience, key = one.audience, one.key

    spec = dg.AssetSpec(
        key,
        deps=one.deps(),
        description=audience.description or f"People of the audience {audience.name}.",
        group_name=group_of(audience),
        owners=owners_of(audience),
        kinds={one.project.warehouse.kind},
        tags={"remote_segments/audience": audience.name, "remote_segments/model": audience.model, **audience.tags},
        metadata={
            **code_reference(one.project.file_of(audience)),
            "refresh frequency": str(audience.refresh_frequency or "whenever an input is refreshed"),
            "inputs": ", ".join(one.inputs) or "none",
        },
        code_version=one.project.definition_hash(audience),
        freshness_policy=policy_of(audience),
        automation_condition=None if audience.refresh_frequency else refreshed_condition(),
        skippable=True,  # a paused one is left as it is
    )

    @dg.multi_asset(
        name="__".join(key.path),
        specs=[spec],
        check_specs=checks.audience_specs(key),
        can_subset=True,  # so that a paused one need not say anything about its checks
        retry_policy=one.retries,
    )
    def combined(context: dg.AssetExecutionContext) -> Results:
        wanted = {check.name for check in context.selected_asset_check_keys}
        for result in _combined(context, one):
            if isinstance(result, dg.MaterializeResult) or result.check_name in wanted:
                yield result

    return combined


def _combined(context: dg.AssetExecutionContext, one: Combined) -> Results:
    name, key, now = one.audience.name, one.key, datetime.now(UTC)
    refused = None
    with translated(one.retries):
        if _paused(context, one, now):
            return
        try:
            row = refresh_audience(one.project, name, run_id=context.run.run_id, now=now)
        except HeldError as error:
            # Stored before the step fails: nothing is materialized, and the failing check says why.
            yield checks.held_result(error, key)
            raise
        except TemporaryError as error:
            if not is_refusal(error):
                raise
            refused = error
    if refused is not None:
        yield checks.refused_result(refused, key)
        # Trying again changes nothing as long as the input is what it is; its next refresh starts this one again.
        raise failure_of(refused, allow_retries=False) from refused
    if row.warning:
        context.log.warning(f"{name}: {row.warning}")
    yield dg.MaterializeResult(asset_key=key, metadata=_shown(one, row))
    yield checks.inputs_result(row, key)
    yield dg.AssetCheckResult(passed=True, check_name=checks.PUBLISHABLE, asset_key=key)


def _paused(context: dg.AssetExecutionContext, one: Combined, now: datetime) -> bool:
    pause = pause_of(one.project, one.audience.name, now)
    if pause is not None:
        context.log.warning(f"{one.audience.name}: skipped. {pause}")
        record_without_members(
            one.project, one.audience.name, state="skipped", reason="paused", message=str(pause), partition_key=None,
            run_id=context.run.run_id, now=now,
        )  # fmt: skip
    return pause is not None


def _shown(one: Combined, row: Published) -> dict[str, Any]:
    shown = metadata.of_audience(one.project, row)
    names = shown["dagster/column_schema"].columns if "dagster/column_schema" in shown else ()
    return {**shown, "dagster/column_lineage": _lineage(one, [column.name for column in names])}


def _lineage(one: Combined, columns: Sequence[str]) -> dg.TableColumnLineage:
    """Columns come from the model, keys from the inputs as well, and the age from the inputs alone."""
    own = one.project.model_of(one.audience)
    found: dict[str, list[dg.TableColumnDep]] = {}
    for column in columns:
        deps = [] if column in ("joined_at", "snapshot_at") else [dg.TableColumnDep(one.model, column)]
        for name, key in one.inputs.items():
            model = one.project.model_of(one.project.named(name))
            if column == "snapshot_at":
                deps.append(dg.TableColumnDep(key, column))
            elif column in own.key:
                deps.append(dg.TableColumnDep(key, model.key[own.key.index(column)]))
        found[column] = deps
    return dg.TableColumnLineage({column: deps for column, deps in found.items() if deps})
