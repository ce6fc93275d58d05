"""`remote-segments status`: what is published, what was lost, how old it is."""

from datetime import UTC, datetime

from remote_segments.cli.activations import activation_table, print_activation_messages
from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import out, print_json, print_left_out, print_messages, problem_json, say, status_table
from remote_segments.cli.prune import told
from remote_segments.config.folder import project_folder
from remote_segments.config.partly import files_of, is_made_by, load_for
from remote_segments.sync.activation.status import read_activations
from remote_segments.sync.pruning import leftovers
from remote_segments.sync.status import read_status


def status(project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Show every segment: its latest snapshot, what happened since, and how old its data is."""
    loaded, broken = load_for(project_folder(project), [])
    print_left_out(broken)
    statuses = read_status(loaded, datetime.now(UTC))
    activations = read_activations(loaded)
    there = files_of(broken)
    left = [one for one in leftovers(loaded) if not is_made_by(one.segment, there)]
    if as_json:
        without = [one.segment for one in left]
        shown = {"segments": [one.as_json() for one in statuses], "without_a_file": without,
                 "left_out": [problem_json(problem) for problem in broken]}  # fmt: skip
        if activations:
            shown["activations"] = [one.as_json() for one in activations]
        print_json(shown)
        return
    out.print(status_table(statuses))
    print_messages(statuses)
    if activations:
        out.print()
        out.print(activation_table(activations))
        print_activation_messages(activations)
    for one in left:
        say(f"{told(one)} `remote-segments prune` removes them.")
