"""Reading a published segment as a frame."""

from typing import TYPE_CHECKING

from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.membership.literals import table_name

if TYPE_CHECKING:
    import pandas as pd


def read_segment(project: Project, name: str) -> "pd.DataFrame":
    """The latest published snapshot of a segment: one row per member.

    Returns:
        The chosen columns of the model, `joined_at` and `snapshot_at`; no row for a segment that is proven empty.

    Raises:
        ProjectError: `unknown-segment`, `segment-never-published`.
    """
    project.named(name)
    with project.open_warehouse().read() as session:
        if session.relation(name, session.schema) is None:
            raise never_published(name)
        return session.frame(f"SELECT * FROM {table_name(session.schema, name)}")


def never_published(name: str) -> ProjectError:
    """Returns the error for a segment that is asked for before its first publication: not the same as an empty one."""
    return ProjectError(
        "segment-never-published",
        f"{name} has no published snapshot yet.",
        f"Refresh it first: `remote-segments run {name}`, or materialize it in Dagster.",
        f"segment {name}",
    )
