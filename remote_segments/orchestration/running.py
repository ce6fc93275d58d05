"""Refreshing a segment, or deciding on it, in a plain process; recorded in the Dagster home where there is one."""

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from remote_segments.config.project import Project
from remote_segments.errors import EngineError, RemoteSegmentsError
from remote_segments.membership.expressions import inputs
from remote_segments.orchestration.activating import build_activation_jobs, build_activations, job_name
from remote_segments.orchestration.audience_schedules import AUDIENCES_JOB
from remote_segments.orchestration.build import build_definitions
from remote_segments.orchestration.cadences import Cadence
from remote_segments.orchestration.deciding import DECIDE, DecisionConfig, build_decision_job
from remote_segments.orchestration.failures import heard
from remote_segments.orchestration.fetching import fetching_ahead
from remote_segments.orchestration.keys import activation_key, chain_keys, segment_key
from remote_segments.orchestration.partitions import open_window, partitions_of
from remote_segments.orchestration.project import loaded_project
from remote_segments.orchestration.requests import refresh_request

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Whoever runs a refresh from a terminal gets our own message; the run's events are kept in the instance."""


def _instance() -> AbstractContextManager[dg.DagsterInstance]:
    """The instance of $DAGSTER_HOME, so that the UI shows the refresh; else one that is forgotten."""
    return dg.DagsterInstance.get() if os.environ.get("DAGSTER_HOME") else dg.DagsterInstance.ephemeral()


def refresh(path: str | Path, name: str, *, environment: str | None = None, previous_window: bool = False) -> None:
    """Materializes a segment's three assets in the window that is open now, or in the one before it; or an audience.

    Raises:
        RemoteSegmentsError: what stopped the refresh; nothing was published.
    """
    if name in loaded_project(path, environment).audiences:
        _execute(path, name, environment, AUDIENCES_JOB, asset_selection=[segment_key(name)])
        return
    project = loaded_project(path, environment)
    request = _request(path, name, environment, previous_window)
    job = Cadence.of(project, project.segment(name)).job_name(project)
    _execute(path, name, environment, job, asset_selection=chain_keys(name), partition_key=request.partition_key)


def refresh_audiences(
    path: str | Path, names: Sequence[str], *, environment: str | None = None
) -> list[RemoteSegmentsError]:
    """Combines audiences, those first that others of them are made of; returns what stopped some of them.

    Those that are made of none of the others are combined in one run, then those that only these are needed for, and so
    on: one that fails keeps nobody from being combined, because what it published last may be what others want.
    """
    failed: list[RemoteSegmentsError] = []
    for wave in _waves(loaded_project(path, environment), names):
        told: list[RemoteSegmentsError] = []
        definitions = build_definitions(path, environment=environment, segments=wave, retries=None)
        token = heard.set(told)
        try:
            with _instance() as instance:
                result = definitions.resolve_job_def(AUDIENCES_JOB).execute_in_process(
                    instance=instance,
                    run_config=_QUIET,
                    raise_on_error=False,
                    asset_selection=[segment_key(name) for name in wave],
                )
        except dg.DagsterExecutionInterruptedError as interrupted:
            raise KeyboardInterrupt from interrupted
        finally:
            heard.reset(token)
        if not result.success and not told:
            told.append(_without_an_error(", ".join(wave)))
        failed += told
    return failed


def _waves(project: Project, names: Sequence[str]) -> list[list[str]]:
    """Audiences by how many others of them they are made of, one inside the other."""
    depths: dict[str, int] = {}
    for name in project.in_order(names):
        inner = [depths[one] for one in inputs(project.audiences[name].expression) if one in depths]
        depths[name] = 1 + max(inner, default=-1)
    return [[name for name in depths if depths[name] == depth] for depth in sorted(set(depths.values()))]


def _execute(path: str | Path, name: str, environment: str | None, job: str, **what: Any) -> None:
    definitions = build_definitions(path, environment=environment, segments=[name], retries=None)
    with _instance() as instance:
        try:
            result = definitions.resolve_job_def(job).execute_in_process(
                instance=instance, run_config=_QUIET, raise_on_error=True, **what
            )
        except dg.DagsterExecutionInterruptedError as interrupted:
            raise KeyboardInterrupt from interrupted  # Dagster makes its own of Ctrl-C and of a polite kill
        except Exception as error:
            raise _cause(error) from error
    if not result.success:
        raise _without_an_error(name)


def _without_an_error(name: str) -> EngineError:
    return EngineError("run-failed", f"The run of {name} failed without an error.", "Look at the run in Dagster.")


def _request(path: str | Path, name: str, environment: str | None, previous_window: bool) -> dg.RunRequest:
    """What asks for the window that is open now, or for the one before it."""
    project, now = loaded_project(path, environment), datetime.now(UTC)
    windows = partitions_of(project, project.segment(name))
    current = open_window(windows, now)
    before = open_window(windows, current.start - timedelta(seconds=1)) if current and previous_window else None
    return refresh_request(name, path=path, environment=environment, now=before.start if before else now)


@contextmanager
def side_by_side(
    path: str | Path, names: Sequence[str], *, environment: str | None = None, previous_window: bool = False
) -> Iterator[None]:
    """Fetches several segments at the same time while the block calls `refresh` for one after the other."""
    keys: dict[str, str] = {}
    project = loaded_project(path, environment)
    names = [name for name in names if name not in project.audiences]
    for name in names if len(names) > 1 else ():
        with suppress(RemoteSegmentsError):  # its own refresh says what is wrong
            request = _request(path, name, environment, previous_window)
            keys[name] = request.partition_key or ""
    if not keys:
        yield
        return
    with fetching_ahead(loaded_project(path, environment), keys):
        yield


def decide_now(path: str | Path, config: DecisionConfig, *, environment: str | None = None) -> None:
    """Carries out a decision on a held snapshot.

    Raises:
        RemoteSegmentsError: what stopped it; nothing was decided.
    """
    job = build_decision_job(loaded_project(path, environment), ())
    written = {name: value for name, value in config.model_dump(mode="json").items() if value is not None}
    run_config = {**_QUIET, "ops": {DECIDE: {"config": written}}}
    with _instance() as instance:
        try:
            result = job.execute_in_process(instance=instance, run_config=run_config, raise_on_error=True)
        except Exception as error:
            raise _cause(error) from error
    if not result.success:
        raise EngineError("run-failed", "The decision failed without an error.", "Look at the run in Dagster.")


def send_now(path: str | Path, name: str, plan_id: str | None = None, *, environment: str | None = None) -> None:
    """Materializes the asset `activation` of an activation: plans it, and sends it.

    Raises:
        RemoteSegmentsError: what stopped it.
    """
    project = loaded_project(path, environment)
    made = dg.Definitions(assets=build_activations(project, (), None), jobs=build_activation_jobs(project, ()))
    key = activation_key(name, "activation")
    config = {"ops": {key.to_python_identifier(): {"config": {"plan": plan_id}}}} if plan_id else {}
    with _instance() as instance:
        try:
            result = made.resolve_job_def(job_name(name)).execute_in_process(
                instance=instance, asset_selection=[key], run_config={**_QUIET, **config}, raise_on_error=True
            )
        except Exception as error:
            raise _cause(error) from error
    if not result.success:
        raise _without_an_error(name)


def _cause(error: BaseException) -> BaseException:
    """Our own error behind what Dagster wrapped around it."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, RemoteSegmentsError):
        found = found.__cause__ or found.__context__
    return found or error
