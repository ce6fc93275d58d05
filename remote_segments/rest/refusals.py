"""Success told apart from refusal: what a status, and a body where the platform needs it, mean and who must act."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from remote_segments.errors import PlatformError, ProjectError, RemoteSegmentsError, TemporaryError
from remote_segments.rest.messages import Request, Response
from remote_segments.rest.paths import Path, find, is_null
from remote_segments.settings import Settings, Texts

Meaning = Literal[
    "success",
    "throttled",
    "unavailable",
    "daily-quota",
    "key-refused",
    "access-denied",
    "not-found",
    "refused",
    "retired",
    "moved",
]
RETRIED: frozenset[Meaning] = frozenset({"throttled", "unavailable"})
"""Meanings after which the same call may succeed within the same refresh."""

_STATUSES: dict[int, Meaning] = {
    401: "key-refused",
    402: "access-denied",
    403: "access-denied",
    404: "not-found",
    410: "retired",
}
_STATUSES |= dict.fromkeys((408, 425, 429), "throttled")


def media_type(response: Response) -> str:
    """Returns the media type of an answer without its parameters, in lower case."""
    return (response.header("content-type") or "").partition(";")[0].strip().lower()


def body(response: Response) -> Any:
    """Returns the decoded JSON of an answer, or None where it holds something else."""
    try:
        return json.loads(response.content)
    except ValueError:
        return None


def looks_like_page(response: Response) -> bool:
    """Tells whether an answer is a web page instead of data."""
    return media_type(response) == "text/html" or response.content[:200].lstrip().lower().startswith(
        (b"<!doctype", b"<html")
    )


class Refusal(Settings):
    """One rule of a manifest: an answer with this status (and content) means something else than it usually does."""

    status: int = Field(ge=100, le=599, description="HTTP status of the answer.")
    content: Literal["json", "not-json"] | None = Field(
        None, description="Whether the body is JSON; both when left out."
    )
    path: Path | None = Field(None, description="Path into the JSON body.")
    values: Texts | None = Field(None, description="The rule counts when the text at `path` is one of these.")
    other_than: Texts | None = Field(
        None, description="The rule counts when a text is at `path` that is none of these.", examples=[["0"]]
    )
    present: Annotated[Literal[True], BeforeValidator(lambda value: value == "true" or value)] | None = Field(
        None, description="The rule counts when anything but null or an empty array is at `path`."
    )
    null: Annotated[Literal[True], BeforeValidator(lambda value: value == "true" or value)] | None = Field(
        None, description="The rule counts when null is at `path`, as GraphQL answers for what does not exist."
    )
    means: Meaning = Field(description="What such an answer means.")

    @model_validator(mode="after")
    def _whole(self) -> "Refusal":
        tests = [self.values, self.other_than, self.present, self.null]
        if (self.path is None) != (tests.count(None) == len(tests)):
            raise ValueError("path and values are written together")
        if tests.count(None) < len(tests) - 1:
            raise ValueError("a rule has one test of its path: values, other_than, present or null")
        return self

    def applies(self, response: Response, decoded: Callable[[], Any]) -> bool:
        """Tells whether the rule is about this answer."""
        if response.status != self.status:
            return False
        value = decoded() if self.content or self.path else None
        if self.content and (value is not None) != (self.content == "json"):
            return False
        if self.path is not None and self.null:
            return is_null(value, self.path)
        return self.path is None or self._says(find(value, self.path))

    def _says(self, found: Any) -> bool:
        if self.present is not None:
            return found not in (None, [], {}, "", False)
        text = as_text(found)
        return (
            text in self.values if self.values is not None else text is not None and text not in (self.other_than or ())
        )


def as_text(value: object) -> str | None:
    """Returns a JSON scalar as it is written in JSON, without quotes; None for null, arrays and objects."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def meaning(response: Response, rules: tuple[Refusal, ...]) -> Meaning:
    """Returns what an answer means: the first rule that applies, else what its status says by itself."""
    decoded: list[Any] = []

    def once() -> Any:
        if not decoded:
            decoded.append(body(response))
        return decoded[0]

    for rule in rules:
        if rule.applies(response, once):
            return rule.means
    if 200 <= response.status < 300:
        return "success"
    if 300 <= response.status < 400:
        return "moved"
    if (response.status >= 500 and response.status not in {501, 505}) or response.status in {423, 477}:
        return "unavailable"
    return _STATUSES.get(response.status, "refused")


@dataclass(frozen=True)
class _Told:
    """How one meaning is told: which error, its code, what was found and what to do."""

    error: type[RemoteSegmentsError]
    code: str
    found: str
    fix: str


_COMPARE = "Compare the request in the manifest with the platform's documentation."
_TOLD: dict[Meaning, _Told] = {
    "throttled": _Told(
        TemporaryError,
        "rate-limited",
        "to every try: too many calls",
        "Refresh less often, or set lower limits on the connection; the next refresh tries again.",
    ),
    "daily-quota": _Told(
        TemporaryError,
        "rate-limited",
        "because the account's calls of this day are used up",
        "Wait until the platform's day is over, spread the schedules, or buy more calls; nothing is retried before.",
    ),
    "unavailable": _Told(
        TemporaryError,
        "platform-unavailable",
        "to every try",
        "The next refresh tries again; look at the platform's status page if it lasts.",
    ),
    "key-refused": _Told(
        ProjectError,
        "key-refused",
        "because the key is not accepted",
        "Set a valid key in the secret of this connection; it may have been revoked or belong to another account.",
    ),
    "access-denied": _Told(
        ProjectError,
        "access-denied",
        "because the key may not read this",
        "Give the key the rights that the platform's manifest lists under key_help.",
    ),
    "not-found": _Told(
        ProjectError,
        "segment-not-found",
        "because the account has no such segment",
        "Copy the id from the segment's page in the tool; it may be deleted, or belong to another account.",
    ),
    "retired": _Told(
        PlatformError,
        "version-retired",
        "because this version of its API is gone",
        "Take a newer version of remote_segments, or correct the manifest's API version.",
    ),
    "moved": _Told(
        PlatformError,
        "redirected",
        "and redirects to another address of the same host",
        "Redirects are not followed, because the credential would go along. Set base_url to the final address.",
    ),
    "refused": _Told(PlatformError, "request-refused", "because it does not accept the request", _COMPARE),
}
_NO_ADDRESS = _Told(
    ProjectError, "address-not-found", "because nothing is there", "Check base_url and the options of the connection."
)


def error(
    means: Meaning,
    request: Request,
    response: Response,
    *,
    connection: str,
    detail: str = "",
    wait: float | None = None,
) -> RemoteSegmentsError:
    """Returns the error for a refused call, addressed to whoever must act.

    Args:
        means: what the answer means, not `success`.
        request: the refused call.
        response: the platform's answer.
        connection: name of the connection, for the message.
        detail: the platform's own words, already cleaned of identifiers and secrets.
        wait: seconds that the platform asked to wait, if it did.
    """
    told = _NO_ADDRESS if means == "not-found" and not request.names_segment else _TOLD[means]
    said = f" (`{detail}`)" if detail else ""
    found = f"The platform answered {response.status}{said} {told.found}."
    where = request.where if told.error is PlatformError else f"connection {connection}, {request.where}"
    if told.error is TemporaryError:
        return TemporaryError(told.code, found, told.fix, where, wait)
    return told.error(told.code, found, told.fix, where)
