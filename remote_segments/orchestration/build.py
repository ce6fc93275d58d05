"""Everything that Dagster needs to know of a project, as one `Definitions` that merges with a user's own."""

import warnings
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from remote_segments.config.project import Project
from remote_segments.orchestration.activating import (
    build_activation_jobs,
    build_activation_schedules,
    build_activation_sensor,
    build_activations,
)
from remote_segments.orchestration.alerts import Tell, build_alert_sensor
from remote_segments.orchestration.audience_schedules import build_audience_job, build_audience_schedules
from remote_segments.orchestration.audiences import Combined, build_audience
from remote_segments.orchestration.chain import Chain, build_chain
from remote_segments.orchestration.collecting import keeping_all
from remote_segments.orchestration.deciding import build_decision_job
from remote_segments.orchestration.failures import RETRIES
from remote_segments.orchestration.fetching import FETCHES, run_fetches
from remote_segments.orchestration.forgetting import build_retention_job
from remote_segments.orchestration.inputs import INPUT_MANAGER, SegmentFrames
from remote_segments.orchestration.keys import LAYERS, as_prefix, layer_key, model_key, segment_key
from remote_segments.orchestration.project import loaded_project, remember
from remote_segments.orchestration.resources import warehouse_resources
from remote_segments.orchestration.schedules import build_schedules
from remote_segments.orchestration.sensors import build_age_check, build_age_sensor, build_automation_sensor
from remote_segments.sync.upstream import models_read


@keeping_all()
def build_definitions(
    path: str | Path | None = None,
    *,
    asset_prefix: str | Sequence[str] = (),
    environment: str | None = None,
    segments: Collection[str] | None = None,
    retries: dg.RetryPolicy | None = RETRIES,
    tell: Tell | None = None,
) -> dg.Definitions:
    """Reads a project and builds its assets, checks, jobs, schedules, sensors and resources.

    Args:
        path: the folder that holds project.yaml; by default $REMOTE_SEGMENTS_PROJECT, else ./segment_configs.
        asset_prefix: first parts of every asset key, to stand beside other assets.
        environment: by default $REMOTE_SEGMENTS_ENV, else `development`.
        segments: only these; by default all. A process that runs one chain need not load a thousand.
        retries: for failures that may heal by themselves; None for none.
        tell: called once for every `Alert`: a segment is held, failed or stale, or is well again.

    Raises:
        InvalidProject: with everything that is wrong with the project's files.
    """
    project = loaded_project(path, environment)
    remember(project.folder)
    whole = project
    if segments is not None:
        project = project.only(segments)
    prefix = as_prefix(asset_prefix)
    audiences = [Combined(whole, one, prefix, retries) for _, one in sorted(project.audiences.items())]
    chains = [Chain(project, project.segments[name], prefix, retries) for name in sorted(project.segments)]
    with warnings.catch_warnings():
        # We know that single-run backfills are beta and checks per partition a preview: both were measured to work,
        # and a warning per asset and reload would bury what a user should read.
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.Definitions(
            assets=[
                *_models(project, prefix),
                *(asset for chain in chains for asset in build_chain(chain)),
                *map(build_audience, audiences),
                *build_activations(project, prefix, retries),
            ],
            resources={INPUT_MANAGER: SegmentFrames(project), FETCHES: run_fetches, **warehouse_resources(project)},
            **_operations(project, prefix, chains, tell),
        )


def _operations(
    project: Project, prefix: tuple[str, ...], chains: Sequence[Chain], tell: Tell | None
) -> dict[str, Any]:
    """What acts on the assets; a project without segments has none of it."""
    if not project.published:
        return {}
    schedules, jobs = build_schedules(project, prefix)
    retention, nightly = build_retention_job(project)
    if project.audiences:
        of_audiences = build_audience_job(project, prefix)
        jobs.append(of_audiences)
        schedules.extend(build_audience_schedules(project, of_audiences, prefix))
    remapped = [
        layer_key(chain.segment.name, layer, prefix)
        for chain in chains
        for layer in (LAYERS if chain.follows else LAYERS[1:] if chain.segment.remap_on_model_refresh else ())
    ]
    remapped += [segment_key(name, prefix) for name, one in project.audiences.items() if not one.refresh_frequency]
    sensors: list[dg.SensorDefinition] = [
        build_age_sensor(project, prefix),
        build_alert_sensor(project, prefix, tell),
    ]
    if remapped:
        sensors.append(build_automation_sensor(project, remapped))
    sending = build_activation_jobs(project, prefix)
    following = build_activation_sensor(project, sending)
    if following is not None:
        sensors.append(following)
    return {
        "asset_checks": [build_age_check(project, prefix)],
        "jobs": [*jobs, build_decision_job(project, prefix), retention, *sending],
        "schedules": [*schedules, nightly, *build_activation_schedules(project)],
        "sensors": sensors,
    }


def _models(project: Project, prefix: tuple[str, ...]) -> list[dg.AssetSpec]:
    """One external asset per model in use, except where the team's own asset key is configured: it is defined there."""
    used = {segment.model for segment in project.published.values()} | models_read(project)
    return [
        dg.AssetSpec(
            model_key(name, None, prefix),
            description=model.description or f"The data model `{name}` that segments are mapped to.",
            group_name="models",
            kinds={project.warehouse.kind},
            metadata={"model": model.table or (str(model.path) if model.path else "a SELECT in project.yaml")},
        )
        for name, model in sorted(project.models.items())
        if name in used and model.asset is None
    ]
