"""A Dagster home for the demo: runs, partitions and schedules are kept between the demo and the UI."""

from pathlib import Path

CONFIGURATION = """\
telemetry: {enabled: false}
nux: {enabled: false}
concurrency:
  runs:
    # Refreshes of one account share its quota: one run of each connection at a time.
    tag_concurrency_limits:
      - {key: remote_segments/connection, limit: 1, value: {applyLimitPerUniqueValue: true}}
"""


def prepare_home(folder: Path) -> Path:
    """Makes the folder, owner only, with its dagster.yaml where there is none; returns its absolute path."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "dagster.yaml"
    if not file.exists():
        file.write_text(CONFIGURATION)
    return folder.resolve()
