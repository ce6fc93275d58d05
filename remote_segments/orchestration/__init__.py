"""Everything Dagster: the only package, with `definitions`, that imports it."""

from remote_segments.orchestration.alerts import Alert
from remote_segments.orchestration.build import build_definitions
from remote_segments.orchestration.inputs import segment_input
from remote_segments.orchestration.keys import segment_key
from remote_segments.orchestration.requests import refresh_request, segment_assets

__all__ = ["Alert", "build_definitions", "refresh_request", "segment_assets", "segment_input", "segment_key"]
