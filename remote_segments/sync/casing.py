"""Runs a user's own cases through the code that maps a refresh, in a database in memory: no secret, no network."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from remote_segments.config.cases import Case, load_cases
from remote_segments.config.project import Project
from remote_segments.errors import Problem, RemoteSegmentsError
from remote_segments.membership.literals import literal, quoted
from remote_segments.sync.plan import ModelSource, Plan, plan_for
from remote_segments.sync.trying import Outcome, try_members
from remote_segments.warehouses.base import Session
from remote_segments.warehouses.duckdb import DuckDBSettings
from remote_segments.yaml import Document

TABLE = "rs_case"


@dataclass(frozen=True)
class Ran:
    """What running all cases gave."""

    files: int
    cases: int
    members: int
    failures: list[Problem]

    @property
    def passed(self) -> int:
        """Members that became what they should."""
        return self.members - len(self.failures)


def run_cases(project: Project) -> Ran:
    """Runs every case of a project's tests/.

    Raises:
        InvalidProject: what is wrong with the files of tests/.
    """
    found = load_cases(project)
    failures: list[Problem] = []
    for document, cases in found:
        plan = plan_for(project, cases.segment)
        identifiers = list(project.source_kind(project.segment(cases.segment)).identifiers)
        for number, case in enumerate(cases.cases):
            failures.extend(_run(plan, identifiers, case, number, document))
    every = [case for _, cases in found for case in cases.cases]
    return Ran(len(found), len(every), sum(len(case.members) for case in every), failures)


def _run(plan: Plan, identifiers: Sequence[str], case: Case, number: int, document: Document) -> Iterator[Problem]:
    columns = {name: [member.given.get(name) for member in case.members] for name in identifiers}
    trial = replace(plan, model=ModelSource(sql=f"SELECT * FROM {TABLE}"), include=None, exclude=())
    with tempfile.TemporaryDirectory() as scratch:
        warehouse = DuckDBSettings(path=Path(scratch) / "cases.duckdb").open(Path(scratch))
        try:
            with warehouse.read() as session:  # of a file that does not exist: a database in memory
                _stage_model(session, plan, case)
                outcomes = try_members(session, trial, columns, len(case.members)).outcomes
        except RemoteSegmentsError as error:
            where = document.locate(("cases", number, "model"))
            yield replace(error.problem, where=where)
            return
    for position, outcome in enumerate(outcomes):
        problem = _judged(plan, case, outcome, (number, position), document)
        if problem is not None:
            yield problem


def _stage_model(session: Session, plan: Plan, case: Case) -> None:
    """Writes the rows of a case into a temporary table of texts, with every column that the segment matches."""
    names = list(dict.fromkeys([*plan.key, *plan.matched_columns, *(name for row in case.model for name in row)]))
    rows = ", ".join("(" + ", ".join(literal(row.get(name)) for name in names) + ")" for row in case.model)
    inner = [f"column_{number}" for number in range(len(names))]
    chosen = ", ".join(f"CAST({one} AS TEXT) AS {quoted(name)}" for one, name in zip(inner, names, strict=True))
    session.stage(TABLE, f"SELECT {chosen} FROM (VALUES {rows}) AS given({', '.join(inner)})")


def _judged(plan: Plan, case: Case, outcome: Outcome, at: tuple[int, int], document: Document) -> Problem | None:
    """What is wrong with what became of one member; rows of the model are named by their lines, never by their keys."""
    number, position = at
    member = case.members[position]
    here = document.locate(("cases", number, "members", position))
    lines = {
        tuple(
            row[column] for column in plan.key
        ): f"the row of line {document.locate(('cases', number, 'model', one)).line}"
        for one, row in enumerate(case.model)
    }
    became = f"`{outcome.reason}`" if outcome.key is None else lines.get(outcome.key, "another row")
    if member.becomes is not None:
        wanted, right = f"`{member.becomes}`", member.becomes == outcome.reason
    else:
        wanted = lines.get(member.key or (), "the key written here, which no row of the case has")
        right = member.key == outcome.key
    if not right:
        found = f"{case.name}: member {position + 1} became {became}, and should have become {wanted}."
        return Problem("case-failed", found, _fix(outcome), here)
    if member.matched is not None and member.matched != outcome.matched:
        found = f"{case.name}: member {position + 1} was matched by `{outcome.matched}`, and not by `{member.matched}`."
        return Problem("case-failed", found, "Look at the order of the segment's `identifiers`.", here)
    return None


def _fix(outcome: Outcome) -> str:
    """Where to look first."""
    return {
        None: "Look at the segment's `identifiers`: the first entry that meets a row decides.",
        "unknown": "No row has any of its identifiers: look at the segment's `identifiers` and at the rows.",
        "ambiguous": "Several rows have its identifier: look which, or match by one that is different in every row.",
        "invalid": "It has no usable identifier among those that the segment matches.",
        "duplicate": "An earlier member of the case has its primary identifier, or is mapped to the same row.",
    }[outcome.reason]
