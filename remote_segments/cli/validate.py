"""`remote-segments validate`: reads every file of a project, without network and without secrets."""

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import out, print_json
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project


def validate(project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Check all files of a project; print every problem with its file, line and what to do."""
    folder = project_folder(project)
    loaded = load_project(folder)
    summary = {
        "valid": True,
        "environment": loaded.environment.name,
        "segments": len(loaded.segments),
        "connections": len(loaded.connections),
        "models": len(loaded.models),
        "problems": [],
    }
    if as_json:
        print_json(summary)
        return
    out.print(
        f"{folder.name} is valid: {summary['segments']} segments on {summary['models']} models, "
        f"{summary['connections']} connections, environment {summary['environment']}.",
        markup=False,
        soft_wrap=True,
    )
