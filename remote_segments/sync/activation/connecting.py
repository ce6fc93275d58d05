"""From an activation to an open destination, and to the list there: named in its file, or made by its first send."""

import json
from collections.abc import Mapping
from typing import Any

from remote_segments.config.project import Project
from remote_segments.destinations.destination import Destination
from remote_segments.files.platform import FILES
from remote_segments.membership.literals import literal, table_name
from remote_segments.sources.columns import ColumnPlatform
from remote_segments.sync.activation.terms import Terms
from remote_segments.sync.connecting import connect, secrets_of
from remote_segments.warehouses.base import Session, Warehouse


def open_destination(project: Project, connection: str, **surroundings: Any) -> Destination:
    """Opens a connection to be sent to; its secrets are read now and kept nowhere else.

    Args:
        project: the loaded project.
        connection: a name under `connections` of project.yaml.
        surroundings: what an account with a manifest takes beside the connection (`sleep`, `transport`, ...).

    Raises:
        ProjectError: `secret-unset`, `missing-key`.
    """
    written = project.connections[connection]
    platform = project.platforms[written.platform]
    if platform is FILES:
        from remote_segments.files.delivering import FileDestination

        secrets = secrets_of(project, connection)
        return FileDestination(connection, written.options, secrets, project.folder, project.state / "deliveries")
    if isinstance(platform, ColumnPlatform):
        from remote_segments.warehouses.delivering import TableDestination

        return TableDestination(project.open_warehouse(), project.state / "deliveries")
    from remote_segments.rest.destination import PlatformDestination

    return PlatformDestination(connect(project, connection, **surroundings))  # type: ignore[arg-type]


def ids_of(session: Session, terms: Terms) -> Mapping[str, str] | None:
    """The ids of the list: those of the file, or of the list that was made; None before it was."""
    if terms.create is None:
        return terms.ids
    meta = table_name(session.schema, "meta")
    found = session.rows(f"SELECT value FROM {meta} WHERE name = {literal(_name(terms))}")
    return {**json.loads(found[0][0])} if found else None


def make_list(warehouse: Warehouse, destination: Destination, terms: Terms) -> Mapping[str, str]:
    """Makes the list that the file names, and keeps its ids.

    Raises:
        ProjectError: `creating-unsupported`, `missing-key`.
        OutcomeUnknown: it may have been made: look in the tool, and name its id in the file.
    """
    made = destination.create(terms.kind, terms.create or "", terms.ids or None)
    with warehouse.write() as session:
        session.append("meta", [{"name": _name(terms), "value": json.dumps(made)}])
    return made


def _name(terms: Terms) -> str:
    return f"created:{terms.environment}:{terms.activation}"
