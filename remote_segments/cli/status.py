"""`remote-segments status`: what is published, what was lost, how old it is."""

from datetime import UTC, datetime

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import out, print_json, print_messages, say, status_table
from remote_segments.cli.prune import told
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.sync.pruning import leftovers
from remote_segments.sync.status import read_status


def status(project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Show every segment: its latest snapshot, what happened since, and how old its data is."""
    loaded = load_project(project_folder(project))
    statuses = read_status(loaded, datetime.now(UTC))
    left = leftovers(loaded)
    if as_json:
        without = [one.segment for one in left]
        print_json({"segments": [one.as_json() for one in statuses], "without_a_file": without})
        return
    out.print(status_table(statuses))
    print_messages(statuses)
    for one in left:
        say(f"{told(one)} `remote-segments prune` removes them.")
