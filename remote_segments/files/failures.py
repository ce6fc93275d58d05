"""What goes wrong with files, in the words of this project: never with a secret, an address with one, or a row."""

from collections.abc import Iterator
from contextlib import contextmanager

from remote_segments.errors import PlatformError, ProjectError, RemoteSegmentsError, TemporaryError

REFUSING = {"AuthenticationException", "BadAuthenticationType", "NoCredentialsError", "RefreshError",
            "DefaultCredentialsError", "PasswordRequiredException"}  # fmt: skip
"""Names of the errors by which paramiko, botocore and google-auth say that a key is refused or missing."""


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turns what a file system raises into errors of this project.

    Args:
        where: connection, and file where one is meant.

    Raises:
        ProjectError: `key-refused`.
        TemporaryError: `file-missing`, `files-unreachable`.
    """
    try:
        yield
    except RemoteSegmentsError:
        raise
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise missing(where) from None
    except Exception as failure:
        names = {one.__name__ for one in type(failure).__mro__}
        if isinstance(failure, PermissionError) or names & REFUSING:
            found = f"The files cannot be read with these rights ({type(failure).__name__})."
            fix = "Check the connection's keys and user, and that they may list and read this folder."
            raise ProjectError("key-refused", found, fix, where) from None
        if not isinstance(failure, (OSError, EOFError)) and not names & _FAR:
            raise
        found = f"The files cannot be reached now ({type(failure).__name__})."
        fix = "The next refresh tries again. If it lasts, check the connection's `url` and the network."
        raise TemporaryError("files-unreachable", found, fix, where) from None


_FAR = {"SSHException", "BotoCoreError", "ClientError", "HttpError", "GoogleAuthError", "FSTimeoutError"}
"""Names of the errors that the file systems raise beside OSError."""


def missing(where: str, hint: str = "") -> TemporaryError:
    """Returns the error for a file or folder that is not there."""
    fix = f"{hint}If the path is right, it has not arrived yet: the next refresh tries again."
    return TemporaryError("file-missing", "There is no such file or folder.", fix, where)


def unfinished(reason: str, where: str) -> TemporaryError:
    """Returns the error for files that are still being written."""
    fix = "The next refresh tries again; the last snapshot stays."
    return TemporaryError("file-unfinished", f"The files are not complete: {reason}.", fix, where)


def changed(where: str) -> TemporaryError:
    """Returns the error for files that are not those that were read at first."""
    found = "The files changed while they were read: what was read is a mixture."
    return TemporaryError("file-changed", found, "Nothing was stored. The next refresh reads them again.", where)


def damaged(where: str, found: str = "The packed file is cut or damaged.") -> TemporaryError:
    """Returns the error for a file whose end is missing."""
    fix = "Nothing was stored. The next refresh tries again; if it lasts, the file must be written again."
    return TemporaryError("file-damaged", found, fix, where)


def empty(where: str) -> PlatformError:
    """Returns the error for a file without a single byte."""
    found = "The file does not hold a single byte: that is what a failed export leaves behind."
    fix = "Nothing was stored. Where nobody is a member, write the header, or prove it by a manifest or a count."
    return PlatformError("file-empty", found, fix, where)


def unreadable(found: str, where: str) -> PlatformError:
    """Returns the error for a file that is not what its format says; the sentence holds no value of it."""
    fix = "Nothing was stored. Compare the file with `format`, `csv` and `compression` of the source."
    return PlatformError("file-unreadable", found, fix, where)
