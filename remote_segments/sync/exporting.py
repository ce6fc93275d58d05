"""The bucket that a platform exports into: a folder that another connection of the project names."""

import shutil
from typing import IO

from remote_segments.config.project import Project
from remote_segments.files.failures import translated
from remote_segments.files.places import Place, open_place
from remote_segments.rest.buckets import Shelved
from remote_segments.rest.manifest import Manifest


class ConnectedBucket:
    """Opens the folder of a connection of the platform files when it is first looked at."""

    def __init__(self, project: Project, connection: str) -> None:
        self._project, self._connection = project, connection
        self._opened: Place | None = None

    def shelved(self, folder: str) -> list[Shelved]:
        """Returns what is in a folder.

        Raises:
            TemporaryError: `file-missing`, `files-unreachable`.
            ProjectError: `key-refused`, `extra-missing`, `bad-value`, `secret-unset`.
        """
        return [
            Shelved(one.path, one.folder, one.size, f"{one.version} {one.modified}")
            for one in self._place().list(folder)
        ]

    def copy(self, path: str, into: IO[bytes]) -> None:
        """Writes the content of a file into another.

        Raises:
            TemporaryError: `file-missing`, `files-unreachable`.
        """
        place = self._place()
        with place.open(path) as file, translated(place.where(path)):
            shutil.copyfileobj(file, into)

    def close(self) -> None:
        """Ends what opening it has begun."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _place(self) -> Place:
        if self._opened is None:
            written = self._project.connections[self._connection]
            secrets = {
                name: one.read(f"connection {self._connection}, {name}") for name, one in written.secrets.items()
            }
            self._opened = open_place(self._connection, written.options, secrets, self._project.folder)
        return self._opened


def bucket_of(project: Project, connection: str, manifest: Manifest) -> ConnectedBucket | None:
    """Returns the bucket that a connection names, None where it names none."""
    options = project.connections[connection].options
    named = [options[name] for name in manifest.bucket_options() if options.get(name)]
    return ConnectedBucket(project, named[0]) if named else None
