"""A project's folder as it was in another revision of its git repository."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from remote_segments.errors import ProjectError


@contextmanager
def folder_at(base: str, folder: Path) -> Iterator[Path]:
    """Gives the project's folder as it is in another folder, or as it was in a revision of git.

    Args:
        base: a folder that holds project.yaml, or a revision (`main`, `HEAD~1`, `origin/main`).
        folder: the project's folder.

    Raises:
        ProjectError: `unknown-revision`, `no-git`.
    """
    if Path(base).is_dir():
        yield Path(base)
        return
    folder = folder.absolute()
    top = Path(_git(folder, "rev-parse", "--show-toplevel").decode().strip())
    inside = folder.resolve().relative_to(top.resolve()).as_posix()
    packed = _git(top, "archive", "--format=tar", base, "--", inside)
    with TemporaryDirectory(prefix="remote-segments-") as scratch:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(scratch, filter="data")
        yield Path(scratch) / inside


def _git(folder: Path, *words: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False)  # noqa: S603, S607 - git of the user, our own words and one revision
    except FileNotFoundError:
        raise ProjectError("no-git", "The command git is not installed.", "Name a folder as the base.") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ProjectError(
            "unknown-revision",
            f"Git says: {said[-1] if said else 'nothing'}.",
            "Name a revision that has this folder (`main`, `HEAD~1`, `origin/main`), or another folder.",
        )
    return done.stdout
