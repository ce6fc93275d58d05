"""A published segment as the input of a downstream asset: a pandas frame of its latest snapshot, read only."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.orchestration.failures import translated
from remote_segments.orchestration.keys import segment_key
from remote_segments.sync.reading import read_segment

if TYPE_CHECKING:
    import pandas as pd  # a third of a second that only a run which reads a frame should pay

INPUT_MANAGER = "remote_segments_frames"
"""The resource key under which `build_definitions` provides the reader."""

_SEGMENT = "remote_segments/segment"


def segment_input(name: str, asset_prefix: str | Sequence[str] = ()) -> dg.AssetIn:
    """An input that holds the latest published snapshot of a segment, whatever its partitions are.

    Example:
        `@dg.asset(ins={"vip": segment_input("vip_openers")})` gives the function a frame `vip`, one row per member:
        the columns of the model, `joined_at` and `snapshot_at`.
    """
    return dg.AssetIn(
        key=segment_key(name, asset_prefix),
        metadata={_SEGMENT: name},
        input_manager_key=INPUT_MANAGER,
        # The newest window, published or not: the reader takes the latest published snapshot and ignores the key.
        partition_mapping=dg.LastPartitionMapping(),
    )


class SegmentFrames(dg.IOManager):
    """Reads published segments; it never writes: a downstream asset stores its own result where it wants."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def load_input(self, context: dg.InputContext) -> "pd.DataFrame":
        """The latest published snapshot as a frame.

        Raises:
            dagster.Failure: `segment-never-published`.
        """
        name = (context.definition_metadata or {}).get(_SEGMENT)
        with translated(None):
            if name is None:
                raise ProjectError(
                    "segment-input-plain",
                    f"The input {context.name} does not say which segment it is.",
                    f'Write it as `ins={{"{context.name}": segment_input("<segment>")}}`.',
                )
            return read_segment(self._project, name)

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:  # noqa: ARG002 - Dagster's signature
        """Refuses to store anything.

        Raises:
            ProjectError: `output-not-stored`.
        """
        raise ProjectError(
            "output-not-stored",
            f"{INPUT_MANAGER} only reads segments.",
            "Return dagster.MaterializeResult, or give the asset an io_manager_key of its own.",
            str(context.asset_key.to_user_string()) if context.has_asset_key else None,
        )
