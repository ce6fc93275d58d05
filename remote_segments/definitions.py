"""The code location that workspace.yaml names: the project of $REMOTE_SEGMENTS_PROJECT, else ./segment_configs."""

from remote_segments.orchestration import build_definitions

defs = build_definitions()
