"""Addresses of files, which may be on another host than the platform's: that host is never told the credential."""

from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

from remote_segments.errors import PlatformError
from remote_segments.rest.messages import Base, origin

_NOWHERE = frozenset(' <>"{}|\\^`')  # characters that no address holds (RFC 3986), but HTML does


def file_address(base: Base, link: str, current: str, where: str) -> tuple[str, bool]:
    """Returns the complete address of a file, and whether it is on another host.

    Args:
        base: the connection's own address.
        link: the address as the platform wrote it.
        current: the address that gave it.
        where: manifest and block, for messages.

    Raises:
        PlatformError: `foreign-link` for what is no address, for one without encryption (unless the connection itself
            has none), with a user name in it, or into a private network.
    """
    try:
        whole = urljoin(current, link)
        there, parts, written = origin(whole), urlsplit(whole), urlsplit(link)
    except ValueError:
        raise _refused("something that is no address", where) from None
    if not link or _NOWHERE & set(link) or (written.scheme and not written.hostname):
        raise _refused("something that is no address", where)
    if there in (origin(base.url), origin(base.declared)):
        return base.follow(link, current, where), False
    plain = urlsplit(base.url).scheme == "http"  # a test server or a simulator
    if not whole.isprintable() or not parts.hostname or "@" in parts.netloc:
        raise _refused("something that is no address", where)
    if parts.scheme != "https" and not (plain and parts.scheme == "http"):
        raise _refused(f"{parts.hostname} without encryption", where)
    if not plain and _private(parts.hostname):
        raise _refused("an address of a private network", where)
    return whole, True


def _private(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost"


def _refused(what: str, where: str) -> PlatformError:
    fix = "Nothing was sent there. Check base_url of the connection; the platform may have changed its answer."
    return PlatformError("foreign-link", f"The file is said to be at {what}.", fix, where)
