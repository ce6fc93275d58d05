"""From a connection's name in the project to an open account on its platform."""

from typing import Any

from remote_segments.config.project import Project
from remote_segments.files.platform import FILES
from remote_segments.sources.account import Account
from remote_segments.sources.columns import ColumnPlatform


def connect(project: Project, connection: str, **surroundings: Any) -> Account:
    """Opens an account; its secrets are read now and kept nowhere else.

    Args:
        project: the loaded project.
        connection: a name under `connections` of project.yaml.
        surroundings: what an account with a manifest takes beside the connection (`sleep`, `transport`, ...).

    Raises:
        ProjectError: `secret-unset`, `missing-key`.
    """
    written = project.connections[connection]
    platform = project.platforms[written.platform]
    secrets = secrets_of(project, connection)
    if platform is FILES:
        from remote_segments.files.account import FileAccount

        return FileAccount(connection, written.options, secrets, project.folder)
    if isinstance(platform, ColumnPlatform):
        from remote_segments.warehouses.querying import QueryAccount

        return QueryAccount(connection, project.open_warehouse())
    from remote_segments.rest.platform import Platform
    from remote_segments.sync.exporting import bucket_of
    from remote_segments.sync.quotas import limiters_of

    # With a clock or sleep of its own, as in tests, nobody can take turns with others.
    counted = {} if {"clock", "sleep"} & surroundings.keys() else {"limiters": limiters_of(project)}
    return Platform(
        platform,
        connection=connection,
        base_url=written.base_url,
        secrets=secrets,
        options=written.options,
        limits=written.limits,
        scratch=project.state / "downloads",
        bucket=bucket_of(project, connection, platform),
        **{**counted, **surroundings},
    )


def secrets_of(project: Project, connection: str) -> dict[str, str]:
    """Reads the secrets of a connection; they are kept nowhere else.

    Raises:
        ProjectError: `secret-unset`.
    """
    written = project.connections[connection].secrets
    return {name: one.read(f"connection {connection}, {name}") for name, one in written.items()}
