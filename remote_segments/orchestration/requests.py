"""Asking for a refresh from a sensor or schedule of one's own."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from remote_segments.errors import ProjectError
from remote_segments.orchestration.keys import chain_keys, segment_key
from remote_segments.orchestration.partitions import open_window, partitions_of
from remote_segments.orchestration.project import loaded_project


def segment_assets(name: str, asset_prefix: str | Sequence[str] = ()) -> dg.AssetSelection:
    """The three assets of a segment, as the `target` of a sensor that refreshes it."""
    return dg.AssetSelection.assets(*chain_keys(name, asset_prefix))


def refresh_request(
    name: str,
    *,
    run_key: str | None = None,
    path: str | Path | None = None,
    environment: str | None = None,
    asset_prefix: str | Sequence[str] = (),
    now: datetime | None = None,
) -> dg.RunRequest:
    """A run of a segment's three assets in the window that is open now, or of an audience.

    Args:
        name: the segment's or the audience's name.
        run_key: what happened, once: Dagster starts one run per key (`campaign-42-sent`).
        path: the project's folder; by default $REMOTE_SEGMENTS_PROJECT, else the one whose definitions this process
            built, else ./segment_configs.
        environment: by default $REMOTE_SEGMENTS_ENV, else `development`.
        asset_prefix: the same as was given to `build_definitions`.
        now: an aware instant; the present by default.

    Raises:
        ProjectError: `unknown-segment`; `window-not-open` before the segment's start.
    """
    project = loaded_project(path, environment)
    if name in project.audiences:
        tags = {"remote_segments/audience": name}
        return dg.RunRequest(run_key=run_key, asset_selection=[segment_key(name, asset_prefix)], tags=tags)
    segment = project.segment(name)
    window = open_window(partitions_of(project, segment), now or datetime.now(UTC))
    if window is None:
        raise ProjectError(
            "window-not-open",
            f"The first window of {name} opens on {project.start_of(segment)}.",
            "Wait for it, or set an earlier `start`.",
            f"segment {name}",
        )
    return dg.RunRequest(
        run_key=run_key,
        partition_key=window.key,
        asset_selection=chain_keys(name, asset_prefix),
        tags={"remote_segments/segment": name},
    )
