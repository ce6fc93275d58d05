"""From a connection's name in the project to an open account on its platform."""

from typing import TYPE_CHECKING, Any

from remote_segments.config.project import Project

if TYPE_CHECKING:
    from remote_segments.rest.platform import Platform


def connect(project: Project, connection: str, **surroundings: Any) -> "Platform":
    """Opens an account; its secrets are read now and kept nowhere else.

    Args:
        project: the loaded project.
        connection: a name under `connections` of project.yaml.
        surroundings: what `Platform` takes beside the connection (`sleep`, `transport`, ...).

    Raises:
        ProjectError: `secret-unset`, `missing-key`.
    """
    from remote_segments.rest.platform import Platform
    from remote_segments.sync.quotas import limiters_of

    # With a clock or sleep of its own, as in tests, nobody can take turns with others.
    counted = {} if {"clock", "sleep"} & surroundings.keys() else {"limiters": limiters_of(project)}
    written = project.connections[connection]
    return Platform(
        project.platforms[written.platform],
        connection=connection,
        base_url=written.base_url,
        secrets={name: one.read(f"connection {connection}, {name}") for name, one in written.secrets.items()},
        options=written.options,
        limits=written.limits,
        scratch=project.state / "downloads",
        **{**counted, **surroundings},
    )
