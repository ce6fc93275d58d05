"""A process that fetches one segment and prints the most memory it ever held, in megabytes: `FOLDER SEGMENT`."""

import resource
import sys
from pathlib import Path

from remote_segments.config.loader import load_project
from remote_segments.sync.fetch import fetch
from tests.support.fetching import NOW, WINDOW


def main(folder: str, segment: str) -> None:
    """Fetches as a refresh does."""
    row = fetch(load_project(Path(folder)), segment, partition_key=WINDOW, run_id=None, now=NOW)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{row.fetched} {peak}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
