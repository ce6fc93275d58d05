"""How a fault changes the document that an account was about to send."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from remote_segments.simulator.faults import Fault

if TYPE_CHECKING:
    from remote_segments.simulator.accounts.account import Account


def alter(document: Any, fault: Fault, account: "Account") -> None:
    """Changes a document in place, as `fault` says.

    Raises:
        ValueError: this platform has no such thing to change.
    """
    match fault.kind:
        case "missing-key":
            remove(document, tuple(fault.path.split(".")))
        case "null-key":
            put(document, tuple(fault.path.split(".")), None)
        case "wrong-total":
            path = _needed(account.total_path, fault, account)
            put(document, path, _get(document, path) + fault.delta)
        case "null-page":
            put(document, account.items_path, None)
        case "empty-page":
            put(document, account.items_path, [])
        case "null-id":
            put(_get(document, account.items_path)[0], account.id_path, None)
        case "early-end":
            path = _needed(account.next_path, fault, account)
            remove(document, path[:1]) if account.platform == "hubspot" else put(document, path, None)
        case "foreign-link":
            path = _needed(account.next_path, fault, account)
            put(document, path, _on_host(_get(document, path), fault.host))


def _needed(path: tuple[str, ...] | None, fault: Fault, account: "Account") -> tuple[str, ...]:
    if path is None:
        raise ValueError(f"{account.platform} has nothing that {fault.kind} could change")
    return path


def _get(document: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


def put(document: Any, path: tuple[str, ...], value: Any) -> None:
    """Writes a value at a path of a document."""
    holder = _get(document, path[:-1])
    holder[int(path[-1]) if isinstance(holder, list) else path[-1]] = value


def remove(document: Any, path: tuple[str, ...]) -> None:
    """Removes what is at a path of a document."""
    del _get(document, path[:-1])[path[-1]]


def _on_host(link: str | None, host: str) -> str:
    there, here = urlsplit(host), urlsplit(link or "/")
    return urlunsplit(here._replace(scheme=there.scheme, netloc=there.netloc))
