"""`remote-segments status`: what is published, what was lost, how old it is."""

from datetime import UTC, datetime

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import out, print_json, print_messages, status_table
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.sync.status import read_status


def status(project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Show every segment: its latest snapshot, what happened since, and how old its data is."""
    loaded = load_project(project_folder(project))
    statuses = read_status(loaded, datetime.now(UTC))
    if as_json:
        print_json({"segments": [one.as_json() for one in statuses]})
        return
    out.print(status_table(statuses))
    print_messages(statuses)
