"""Where one person is, since when, by what, and why not: one section per sort of thing that people are in.

A section is a file of its own with one function, from who was found to what is told; `SECTIONS` lists them. What is
told names identifiers and models, and the person only by what the asker typed, masked.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.identifiers.masking import masked
from remote_segments.sync.explaining import activations, audiences, segments
from remote_segments.sync.explaining.told import Explanation, Found, Section
from remote_segments.sync.following import Search
from remote_segments.sync.person import KEY, Person, sought
from remote_segments.sync.store import reading

SECTIONS: tuple[Callable[[Found], Section], ...] = (segments.section, audiences.section, activations.section)
"""In the order they are shown."""


def explain(project: Project, identifier: str, value: str, *, now: datetime, model: str | None = None) -> Explanation:
    """Explains where one person is and why not, from the tables alone.

    Args:
        project: the loaded project.
        identifier: the name of an identifier of any platform, or `key`.
        value: its value; of a key of several columns, joined by `,`.
        now: the present instant.
        model: the model of a key; may be left out where the project has one.

    Raises:
        ProjectError: `unknown-identifier`, `unknown-model`, `key-parts`, `bad-value`; what is wrong with a model.
    """
    asked = sought(project, identifier, value, model)
    with reading(project.open_warehouse()) as session:
        if session.relation("members", session.schema) is None:
            return Explanation(identifier, masked(value))
        search = Search(session, project)
        person, unclear = _followed(search, asked)
        found = Found(session, project, search.lineage, person, now)
        made = [one(found) for one in SECTIONS]
        sections = tuple(one for place, one in enumerate(made) if one.entries or not place)
        models = tuple(sorted({key.model for key in person.keys if identifier != KEY or found.in_model(key)}))
        return Explanation(identifier, masked(value), models, unclear, sections)


def _followed(search: Search, asked: Person) -> tuple[Person, str | None]:
    """The person with all that leads to them; where that are several people, only the entries with the identifier."""
    try:
        return search.follow(asked), None
    except ProjectError as error:
        if error.code != "person-unclear":
            raise
        search.stage(asked)
        return replace(asked, keys=frozenset()), error.problem.found
