"""A process that fetches one segment and prints the most memory it ever held, in megabytes: `FOLDER SEGMENT`."""

import sys
from pathlib import Path

from remote_segments.config.loader import load_project
from remote_segments.sync.fetch import fetch
from tests.support.fetching import NOW, WINDOW
from tests.support.memory import peak_megabytes


def main(folder: str, segment: str) -> None:
    """Fetches as a refresh does."""
    row = fetch(load_project(Path(folder)), segment, partition_key=WINDOW, run_id=None, now=NOW)
    sys.stdout.write(f"{row.fetched} {peak_megabytes()}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
