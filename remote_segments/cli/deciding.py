"""`remote-segments approve` and `reject`: a person decides on the held snapshot of a segment."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from remote_segments.cli.activations import activation_table
from remote_segments.cli.options import JsonOption, ProjectOption, SegmentArgument
from remote_segments.cli.output import out, print_json, print_messages, say, status_table
from remote_segments.cli.run import quiet_dagster
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.sync.activation.status import read_activations
from remote_segments.sync.status import read_status

ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides; kept in the table `decisions`.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for whoever reads that table; it names no member.")]
SnapshotOption = Annotated[
    str | None,
    typer.Option("--snapshot", metavar="ID", help="The held snapshot that you looked at; refused if it is another."),
]


def approve(
    segment: SegmentArgument,
    *,
    by: ByOption,
    reason: ReasonOption,
    raise_limit: Annotated[
        bool, typer.Option("--raise-limit", help="Let the next snapshots through that go as far as this one.")
    ] = False,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DATE", help="When the raised limit ends; by default in 7 days."),
    ] = None,
    snapshot: SnapshotOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish the held snapshot of a segment, exactly as it was held."""
    options = {"raise_limit": raise_limit or until is not None, "until": until}
    said = {"decision": "approve", "by": by, "reason": reason, "snapshot_id": snapshot, **options}
    _decide(segment, said, project, as_json)


def reject(
    segment: SegmentArgument,
    *,
    by: ByOption,
    reason: ReasonOption,
    snapshot: SnapshotOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Drop the held snapshot of a segment for good; what is published stays."""
    said = {"decision": "reject", "by": by, "reason": reason, "snapshot_id": snapshot}
    _decide(segment, said, project, as_json)


def _decide(segment: str, said: dict[str, Any], project: Path | None, as_json: bool) -> None:
    folder = project_folder(project)
    loaded = load_project(folder)
    if segment not in loaded.activations:
        loaded.named(segment)
    from remote_segments.orchestration.deciding import DecisionConfig  # Dagster takes a second to import
    from remote_segments.orchestration.running import decide_now

    with quiet_dagster():
        decide_now(folder, DecisionConfig(segment=segment, **said))
    if segment in loaded.activations:
        _print_activation(loaded, segment, as_json)
        return
    [status] = [one for one in read_status(loaded, datetime.now(UTC)) if one.name == segment]
    if as_json:
        print_json({"segments": [status.as_json()]})
        return
    out.print(status_table([status]))
    print_messages([status])


def _print_activation(project: Project, name: str, as_json: bool) -> None:
    """What stands of an activation once its plan was decided on."""
    [status] = [one for one in read_activations(project) if one.name == name]
    if as_json:
        print_json({"activations": [status.as_json()]})
        return
    out.print(activation_table([status]))
    if status.state == "approved":
        say(f"Plan {status.plan_id} is sent by the next run; `remote-segments apply {name}` sends it now.")
