"""`remote-segments test`: a user's own cases, run through the code that maps a refresh."""

import typer

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import print_json, print_problem, problem_json, say
from remote_segments.config.cases import TESTS_FOLDER
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.errors import ProjectError
from remote_segments.sync.casing import Ran, run_cases


def run_tests(project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Run the cases of tests/: given rows and members, the expected outcomes; no secret, no network, no warehouse."""
    ran = run_cases(load_project(project_folder(project)))
    if as_json:
        print_json(
            {
                "files": ran.files,
                "cases": ran.cases,
                "members": ran.members,
                "passed": ran.passed,
                "problems": [problem_json(problem) for problem in ran.failures],
            }
        )
    else:
        for problem in ran.failures:
            print_problem(problem)
        say(_summary(ran))
    if ran.failures:
        raise typer.Exit(ProjectError.exit_code)


def _summary(ran: Ran) -> str:
    if not ran.files:
        return f"There is no file in {TESTS_FOLDER}/ yet; docs/testing.md shows one."
    counted = ((ran.cases, "case"), (ran.members, "member"), (ran.files, "file"))
    cases, members, files = (f"{number:,} {word}{'' if number == 1 else 's'}" for number, word in counted)
    if ran.failures:
        return f"{len(ran.failures):,} of {members} did not become what they should ({cases}, {files})."
    return f"{cases} with {members} in {files}: all as they should be."
