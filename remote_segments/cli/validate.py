"""`remote-segments validate`: reads every file of a project, without network and without secrets."""

import math

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import out, print_json
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.config.quota import Budget, budgets


def validate(project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Check all files of a project; print every problem with its file, line and what to do."""
    folder = project_folder(project)
    loaded = load_project(folder)
    spent = budgets(loaded)
    if as_json:
        print_json(
            {
                "valid": True,
                "environment": loaded.environment.name,
                "segments": len(loaded.segments),
                "connections": len(loaded.connections),
                "models": len(loaded.models),
                "calls_per_day": {name: _calls(budget) for name, budget in spent.items()},
                "problems": [],
            }
        )
        return
    counted = [("segment", loaded.segments), ("model", loaded.models), ("connection", loaded.connections)]
    words = ", ".join(f"{len(found)} {word}{'' if len(found) == 1 else 's'}" for word, found in counted)
    out.print(f"{folder.name} is valid: {words}; environment {loaded.environment.name}.", markup=False, soft_wrap=True)
    for name, budget in spent.items():
        allowed = "no limit known" if math.isinf(budget.allowed) else f"of {budget.allowed:,.0f} allowed"
        # Sizes are known to the warehouse and the platform only, and neither is asked here.
        out.print(f"  {name}: at least {budget.calls:,} calls a day, {allowed}", markup=False, highlight=False)


def _calls(budget: Budget) -> dict[str, float | None]:
    return {"at_least": budget.calls, "allowed": None if math.isinf(budget.allowed) else budget.allowed}
