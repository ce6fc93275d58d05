"""Refreshing one segment from a plain Python process, recorded in the Dagster home where there is one."""

import os
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from remote_segments.errors import EngineError, RemoteSegmentsError
from remote_segments.orchestration.build import build_definitions
from remote_segments.orchestration.cadences import Cadence
from remote_segments.orchestration.keys import chain_keys
from remote_segments.orchestration.partitions import open_window, partitions_of
from remote_segments.orchestration.project import loaded_project
from remote_segments.orchestration.requests import refresh_request

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Whoever runs a refresh from a terminal gets our own message; the run's events are kept in the instance."""


def _instance() -> AbstractContextManager[dg.DagsterInstance]:
    """The instance of $DAGSTER_HOME, so that the UI shows the refresh; else one that is forgotten."""
    return dg.DagsterInstance.get() if os.environ.get("DAGSTER_HOME") else dg.DagsterInstance.ephemeral()


def refresh(path: str | Path, name: str, *, environment: str | None = None, previous_window: bool = False) -> None:
    """Materializes the three assets of a segment in the window that is open now, or in the one before it.

    Raises:
        RemoteSegmentsError: what stopped the refresh; nothing was published.
    """
    definitions = build_definitions(path, environment=environment, segments=[name], retries=None)
    project = loaded_project(path, environment)
    segment = project.segment(name)
    now = datetime.now(UTC)
    windows = partitions_of(project, segment)
    current = open_window(windows, now)
    before = open_window(windows, current.start - timedelta(seconds=1)) if current and previous_window else None
    request = refresh_request(name, path=path, environment=environment, now=before.start if before else now)
    job = Cadence.of(project, segment).job_name(project)
    with _instance() as instance:
        try:
            result = definitions.resolve_job_def(job).execute_in_process(
                instance=instance,
                partition_key=request.partition_key,
                asset_selection=chain_keys(name),
                run_config=_QUIET,
                raise_on_error=True,
            )
        except dg.DagsterExecutionInterruptedError as interrupted:
            raise KeyboardInterrupt from interrupted  # Dagster makes its own of Ctrl-C and of a polite kill
        except Exception as error:
            raise _cause(error) from error
    if not result.success:
        raise EngineError("run-failed", f"The run of {name} failed without an error.", "Look at the run in Dagster.")


def _cause(error: BaseException) -> BaseException:
    """Our own error behind what Dagster wrapped around it."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, RemoteSegmentsError):
        found = found.__cause__ or found.__context__
    return found or error
