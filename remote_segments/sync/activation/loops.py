"""Feedback loops: what is sent to a list that it is made of, so that whoever is added stays a member for ever."""

from collections.abc import Iterator

from remote_segments.config.project import ACTIVATIONS_FOLDER, Project
from remote_segments.errors import Problem
from remote_segments.membership.expressions import inputs


def feedback_loops(project: Project) -> Iterator[Problem]:
    """Yields a warning for every activation to a list that its own segment, or an input of its audience, reads."""
    for name, activation in sorted(project.activations.items()):
        target = activation.destination
        for made_of in sorted(sources_of(project, activation.source)):
            source = project.segments[made_of].source
            if source.connection == target.connection and target.ids and source.ids == target.ids:
                found = f"{name} sends {activation.source} to the list that the segment {made_of} reads."
                fix = "Whoever is added is a member from then on: send to a list of its own, or read another segment."
                yield Problem("feedback-loop", found, fix, project.locate((ACTIVATIONS_FOLDER, name, "destination")))


def sources_of(project: Project, name: str) -> set[str]:
    """The segments that a segment or audience is made of, through all audiences between."""
    found: set[str] = set()
    waiting, seen = [name], set()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        if one in project.segments:
            found.add(one)
        elif one in project.audiences:
            waiting.extend(inputs(project.audiences[one].expression))
    return found
