"""Identifiers that a platform tells only when asked about its own ids, for many members in one call.

Every id that was asked about is answered, or is one of those that the answer names as missing; anything else is an
error, because a member without e-mail address would look like somebody the team does not know.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from math import ceil
from typing import Any, Literal

from pydantic import Field, model_validator

from remote_segments.errors import PlatformError
from remote_segments.rest.counting import whole_number
from remote_segments.rest.decoding import IdentifierField, as_written, decode_document
from remote_segments.rest.endpoint import Endpoint
from remote_segments.rest.messages import Base, Request, Response
from remote_segments.rest.paging.turns import PLACE, Call, Placement, placed
from remote_segments.rest.paths import Path, entries, find, take
from remote_segments.rest.refusals import as_text
from remote_segments.settings import Settings, Texts

Row = dict[str, str | None]
"""Identifiers of one member by name; None for those that the platform does not know."""

_ANSWERED = frozenset((HTTPStatus.OK, HTTPStatus.MULTI_STATUS))  # the second where some ids are missing
_STOPPED = "Nothing was stored. Compare `lookup` in the manifest with the platform's documentation."


class Missing(Settings):
    """Where an answer names the ids that the platform does not know."""

    items: Path = Field(description="Path of the array of what is missing.", examples=["errors"])
    ids: Path | None = Field(
        None,
        description="Path of the id, or of an array of ids, within one entry; left out when an entry is an id itself.",
    )
    reason: Path | None = Field(None, description="Path of the reason within one entry, where there may be others.")
    reasons: Texts = Field((), description="Reasons that mean: no such member.", examples=[["OBJECT_NOT_FOUND"]])

    @model_validator(mode="after")
    def _reasoned(self) -> "Missing":
        if (self.reason is None) != (not self.reasons):
            raise ValueError("`reason` and `reasons` are written together")
        return self

    def read(self, document: Any, where: str) -> set[str]:
        """Returns the ids that an answer names as missing.

        Raises:
            PlatformError: `path-missing`, `wrong-type`.
        """
        named = set[str]()
        for entry in entries(document, self.items, where, lenient=True, keyed=False):
            if self.reason is not None and as_text(take(entry, self.reason, where)) not in self.reasons:
                continue
            found = take(entry, self.ids, where) if self.ids else entry
            named |= {as_text(one) or "" for one in (found if isinstance(found, list) else [found])}
        return named


@dataclass
class Answered:
    """What one call told."""

    rows: dict[str, Row] = field(default_factory=dict)  # by the id that was asked about
    missing: set[str] = field(default_factory=set)
    others: list[Row] = field(default_factory=list)  # entries about ids that nobody asked about


class Lookup(Endpoint):
    """A call that takes many primary identifiers, and answers with more about each of these members."""

    parameter: str = Field(description="Parameter that takes the ids.", examples=["inputs", "ids[]"])
    place: Placement = Field("query", description=PLACE)
    each: str | None = Field(None, description="Name of the id's field, where each is an object of its own in a body.")
    written: Literal["text", "integer"] = Field("text", description="JSON type of an id in a body.")
    most: int = Field(ge=1, description="Ids that one call may ask about.")
    items: Path = Field(description="Path of the array with one entry per member.", examples=["results"])
    id: Path = Field(description="Path of the id within one entry.")
    missing: Missing | None = Field(None, description="Where the answer names ids that the platform does not know.")
    left_out: Literal["error", "missing"] = Field(
        "error", description="What it means when an id is neither answered nor named as missing."
    )
    total: Path | None = Field(None, description="Path of the number of entries, which must be those that came.")
    others: Literal["error", "merged"] = Field(
        "error",
        description="What an entry about an id means that was not asked for: a changed answer, or a member who was "
        "merged into another; the ids left are then asked about one by one.",
    )

    @model_validator(mode="after")
    def _provable(self) -> "Lookup":
        if self.left_out == "missing" and self.total is None:
            raise ValueError("left_out: missing needs `total`: a cut answer would look like members who are missing")
        if self.place == "body" and self.method != "POST":
            raise ValueError("place body belongs to a POST")
        if self.place == "query" and (self.each is not None or self.written == "integer"):
            raise ValueError("each and written belong to ids in a body")
        return self

    def calls(self, size: int) -> int:
        """Returns the calls that so many members take, merged ones not counted."""
        return ceil(size / self.most)

    def rows(
        self,
        ids: Sequence[str],
        fields: Mapping[str, IdentifierField],
        base: Base,
        values: Mapping[str, str],
        where: str,
    ) -> Generator[Request, Response, dict[str, Row | None]]:
        """Yields the calls, is sent the answers, returns what is known by id: None for one that is missing.

        Args:
            ids: different ids, not more than `most`.
            fields: the identifiers to read, with their paths within an entry.
            base: where calls go.
            values: what placeholders stand for.
            where: manifest and block, for messages.

        Raises:
            PlatformError: `lookup-unanswered`, `lookup-foreign`, `path-missing`, `wrong-type`, `not-json`.
        """
        told = yield from self._asked(ids, fields, base, values, where)
        left = [one for one in ids if one not in told.rows and one not in told.missing]
        if told.others and not (left and self.others == "merged"):
            found = f"{len(told.others):,} of the members that the look-up returned were not asked for, or came twice."
            raise PlatformError("lookup-foreign", found, _STOPPED, where)
        if left and told.others and len(ids) > 1:
            alone: dict[str, Row | None] = {}
            for one in left:
                alone |= yield from self.rows([one], fields, base, values, where)
            return {**dict.fromkeys(told.missing), **told.rows, **alone}
        if left and told.others:  # one was asked about, and one came: under the id that it has now
            return {left[0]: told.others[0]}
        if left and self.left_out == "error":
            found = f"{len(left):,} of {len(ids):,} members are neither answered by the look-up nor said to be missing."
            raise PlatformError("lookup-unanswered", found, _STOPPED, where)
        return {**dict.fromkeys([*told.missing, *left]), **told.rows}

    def _asked(
        self,
        ids: Sequence[str],
        fields: Mapping[str, IdentifierField],
        base: Base,
        values: Mapping[str, str],
        where: str,
    ) -> Generator[Request, Response, Answered]:
        response = yield self.request(self._call(ids, base, values), where, names_segment=False)
        if response.status not in _ANSWERED:
            found = f"A look-up was answered with HTTP {response.status}, not 200."
            raise PlatformError("status-unexpected", found, _STOPPED, where)
        document = decode_document(response, where)
        named = (self.missing.read(document, where) if self.missing else set()) & set(ids)
        # Where nobody was found some platforms leave the array out; then all must be named as missing.
        nobody = bool(ids) and named == set(ids) and not isinstance(find(document, self.items), list)
        here = [] if nobody else entries(document, self.items, where, lenient=False, keyed=False)
        if self.total is not None and whole_number(take(document, self.total, where), self.total, where) != len(here):
            found = f"The look-up counts other members than the {len(here):,} it returned (`{self.total}`)."
            raise PlatformError("lookup-unanswered", found, _STOPPED, where)
        told = Answered(missing=named)
        for entry in here:
            one = as_text(take(entry, self.id, where)) or ""
            row = {name: _text(entry, field, where) for name, field in fields.items()}
            if one in ids and one not in told.rows:
                told.rows[one] = row
            else:
                told.others.append(row)
        told.missing -= set(told.rows)
        return told

    def _call(self, ids: Sequence[str], base: Base, values: Mapping[str, str]) -> Call:
        call = self.call(base, values)
        if self.place == "query":
            return Call(call.address, {**call.query, self.parameter: tuple(ids)}, call.body)
        asked: list[Any] = [int(one) if self.written == "integer" else one for one in ids]
        wrapped = [{self.each: one} for one in asked] if self.each else asked
        return Call(call.address, call.query, placed(call.body or {}, self.parameter.split("."), wrapped))


def _text(entry: Any, identifier: IdentifierField, where: str) -> str | None:
    """Returns an identifier of an entry as text; None where it is null, or may be absent and is."""
    path = identifier.path or ""
    value = find(entry, path)
    if value is None and identifier.absent == "error":
        take(entry, path, where)  # raises where it is not there, instead of null
    return as_written(path, value, identifier.type, where)
