"""What every way of authentication can do."""

from abc import abstractmethod
from collections.abc import Generator, Iterator, Mapping
from datetime import datetime

from remote_segments.errors import PlatformError
from remote_segments.rest.credentials import Credential, Grant, Keys
from remote_segments.rest.messages import Base, Request, Response
from remote_segments.rest.paths import wrong_type
from remote_segments.settings import Settings

Asking = Generator[Request, Response, Grant]
"""A flow that yields the calls of a login, is sent their answers, and returns what was granted."""


class Way(Settings):
    """One way; `uses` and `names` are checked when the manifest is loaded."""

    @abstractmethod
    def uses(self) -> tuple[str, ...]:
        """Returns the names of the secrets it needs."""

    def names(self) -> Iterator[str]:
        """Yields the names of the options that its texts hold as placeholders."""
        yield from ()

    def calls(self) -> int:
        """Returns the calls that it takes to be let in."""
        return 0

    @abstractmethod
    def flow(self, keys: Keys, base: Base, now: datetime, where: str) -> Asking:
        """Yields the calls, is sent the answers, returns the grant.

        Args:
            keys: secrets and options of the connection.
            base: where calls go.
            now: time of the wall clock.
            where: manifest and block, for messages.
        """


class Fixed(Way):
    """A way without a call: the secret itself is the credential."""

    @abstractmethod
    def credential(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credential:
        """Returns what carries the secret."""

    def flow(self, keys: Keys, base: Base, now: datetime, where: str) -> Asking:  # noqa: ARG002 - one signature for all
        """Makes no call, and returns a grant that cannot be renewed."""
        yield from ()
        return Grant(self.credential(keys.secrets, keys.options))


def sendable(token: object, place: str, where: str) -> str:
    """Returns a token that a login gave, once it is sure that it fits into a header.

    Raises:
        PlatformError: `wrong-type`; the message never shows the token.
    """
    if isinstance(token, str) and token and token.isascii() and token.isprintable():
        return token
    raise wrong_type(place, "no token that can be sent", where)


def absent(place: str, where: str) -> PlatformError:
    """Returns the error for a login whose answer lacks its token; `place` names a header or a cookie."""
    found = f"The answer to the login has no {place}."
    return PlatformError(
        "path-missing", found, "Compare `auth` in the manifest with the platform's documentation.", where
    )
