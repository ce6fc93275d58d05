"""The command `remote-segments`; exit codes say who must act (see remote_segments.errors)."""

from remote_segments.cli.app import main

__all__ = ["main"]
