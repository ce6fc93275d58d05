"""What is asked about: the published snapshots of some names, and the session in which their keys are at hand."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from remote_segments.config.audience_references import same_key
from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.membership.analysis.current import CURRENT, current_snapshots
from remote_segments.membership.compile import Scope
from remote_segments.sync.reading import never_published
from remote_segments.sync.snapshots import Snapshot, newest_published_of
from remote_segments.sync.store import reading
from remote_segments.warehouses.base import Session

if TYPE_CHECKING:
    import pandas as pd

Space = tuple[str, str]
"""A model's name and its key columns: people of one space can be compared; several names where keys are declared the
same."""


@dataclass(frozen=True)
class Shown:
    """The snapshots that names show now, and the names that show none."""

    snapshots: Mapping[str, Snapshot]
    missing: tuple[str, ...] = ()

    def spaces(self) -> dict[Space, list[Snapshot]]:
        """The snapshots by the space of their keys, in the order of the names."""
        found: dict[Space, list[Snapshot]] = {}
        for one in self.snapshots.values():
            found.setdefault(_space(one), []).append(one)
        return found

    def peoples(self, project: Project) -> dict[Space, list[Snapshot]]:
        """The same, with the spaces of models that are declared to have the same keys as one: `contacts, users`."""
        together: dict[Space, list[Space]] = {}
        for space in self.spaces():
            first = next((one for one in together if _same_people(project, one, space)), space)
            together.setdefault(first, []).append(space)
        found = {}
        for (name, key), some in together.items():
            names = ", ".join(sorted(one for one, _ in some)) if len(some) > 1 else name
            found[names, key] = [one for one in self.snapshots.values() if _space(one) in some]
        return found


def _space(one: Snapshot) -> Space:
    return one.model or "", one.key_columns or ""


def _same_people(project: Project, one: Space, other: Space) -> bool:
    """Whether two spaces are of models with the same keys, and neither is of a key that its model has no more."""
    current = {(name, model.key_columns) for name, model in project.models.items()}
    return {one, other} <= current and same_key(project.models, one[0], other[0])


def chosen_names(project: Project, names: Sequence[str] | None) -> list[str]:
    """The names that are asked about, each once; all of the project for None.

    Raises:
        ProjectError: `unknown-segment`.
    """
    for name in names or ():
        project.named(name)
    return sorted(project.published) if names is None else list(dict.fromkeys(names))


@contextmanager
def asking(project: Project, names: Sequence[str] | None) -> Iterator[tuple[Session, Shown]]:
    """A reading session, and the snapshots that the names show in it.

    Raises:
        ProjectError: `unknown-segment`; `segment-never-published` where none of them shows anything.
    """
    chosen = chosen_names(project, names)
    with reading(project.open_warehouse()) as session:
        found = newest_published_of(session, chosen)
        missing = tuple(name for name in chosen if name not in found)
        if not found:
            raise never_published(missing[0]) if len(missing) == 1 else _nothing_published(len(missing))
        yield session, Shown({name: found[name] for name in chosen if name in found}, missing)


def _nothing_published(number: int) -> ProjectError:
    found = f"None of {number} segments has a published snapshot yet."
    return ProjectError("segment-never-published", found, "Refresh them first: `remote-segments run SEGMENT ...`.")


def unpublished(project: Project, names: Sequence[str] | None) -> tuple[str, ...]:
    """Names of those asked about that show nothing yet."""
    chosen = chosen_names(project, names)
    with reading(project.open_warehouse()) as session:
        found = newest_published_of(session, chosen)
    return tuple(name for name in chosen if name not in found)


def scope_for(session: Session, snapshots: Sequence[Snapshot]) -> Scope:
    """Puts snapshots at hand as `CURRENT`, numbered in their order; returns the scope to ask in."""
    session.stage(CURRENT, current_snapshots([(one.segment, one.snapshot_id) for one in snapshots]))
    return Scope(session.dialect, session.schema, "")


def whole(values: Sequence[int | None]) -> Any:
    """A column of counts, null where one is left out."""
    import pandas as pd

    return pd.array(list(values), dtype="Int64")


def shares(counts: Sequence[int | None], total: int | None) -> Any:
    """A column of percentages of a total, null where a count is left out."""
    import pandas as pd

    percent = [None if one is None or not total else round(100 * one / total, 2) for one in counts]
    return pd.array(percent, dtype="Float64")


def without(counts: Sequence[int], hidden: "frozenset[int]") -> list[int | None]:
    """Counts, with nothing at the places that are left out."""
    return [None if place in hidden else count for place, count in enumerate(counts)]


def joined_frames(frames: "Sequence[pd.DataFrame]") -> "pd.DataFrame":
    """Frames of the same columns below each other, rows numbered anew."""
    import pandas as pd

    return pd.concat(list(frames), ignore_index=True) if len(frames) != 1 else frames[0]
