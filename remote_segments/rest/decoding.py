"""Pages of JSON decoded straight into typed columns by msgspec; the types are made from the paths of a manifest.

A required field makes an absent path an error at no cost, and no Python dictionary is made per member.
https://jcristharif.com/msgspec/structs.html
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType
from pydantic import Field

from remote_segments.errors import PlatformError, TemporaryError
from remote_segments.rest.formats import JsonFormat, Rows
from remote_segments.rest.messages import Response
from remote_segments.rest.paths import Path, missing, wrong_type
from remote_segments.rest.refusals import as_text, looks_like_page, media_type
from remote_segments.settings import Settings
from remote_segments.sources.members import Page

_MISSING_FIELD = re.compile(r"missing required field `(?P<name>[^`]+)`")
_PLACE = re.compile(r" - at `\$(?P<at>[^`]*)`$")


DECIDING = "\0"
"""Name of the column with the value that decides who is a member, which is no identifier."""


KindName = Literal[
    "text", "external_id", "user_id", "contact_id", "platform_id", "email", "phone", "uuid", "advertising_id",
    "email_md5", "email_sha1", "email_sha256", "phone_md5", "phone_sha1", "phone_sha256",
]  # fmt: skip
"""The names of `identifiers.KINDS`, of which each is a file in that room."""


class IdentifierField(Settings):
    """Where a member's identifier is, and what kind of identifier it is."""

    path: Path | None = Field(
        None, description="Path within the member; left out when members are bare texts, or for the key of a member."
    )
    kind: KindName = Field("text", description="Kind of identifier, which decides how it is compared.")
    type: Literal["text", "integer", "either"] = Field(
        "text", description="JSON type of the value; an integer is kept as its digits."
    )
    absent: Literal["error", "null"] = Field(
        "error",
        description="What it means when the path is not there: a changed answer, or a member without this identifier.",
    )
    looked_up: bool = Field(
        False, description="Whether members come without it, so that `lookup` asks for it; `path` is within its entry."
    )
    description: str | None = Field(None, description="What the identifier is, for a person who writes a segment.")


class JoinedAt(Settings):
    """Where a member's time of joining is, for platforms that give it."""

    path: Path = Field(description="Path within the member.")
    form: Literal["iso", "unix"] = Field("iso", description="RFC 3339 text with a time zone, or seconds since 1970.")
    absent: Literal["error", "null"] = Field("error", description="What it means when the path is not there.")


@dataclass(frozen=True, slots=True)
class Extra:
    """A value beside the members that a page must hold: the next cursor, the total."""

    path: Path
    type: Any
    absent: bool = False  # whether the path may be missing
    null: bool = False  # whether a null may stand anywhere on the path


@dataclass
class _Node:
    """A piece of an answer's shape: its children in the order added, or the type it has at the end of a path."""

    children: dict[str, "_Node"] = field(default_factory=dict)
    type: Any = None
    absent: bool = True
    null: bool = True
    default: Any = UNSET

    def add(self, path: str, type_: Any, *, absent: bool, null: bool, default: Any = UNSET) -> str:
        """Adds a path and returns the dotted attributes that lead to its value: a key of JSON may be any text."""
        node, attributes = self, []
        for name in path.split("."):
            attributes.append(f"f{len(node.children)}")
            if name in node.children:
                attributes[-1] = f"f{list(node.children).index(name)}"
            node = node.children.setdefault(name, _Node())
            node.absent, node.null = node.absent and absent, node.null and null
        node.type, node.default = type_, default
        return ".".join(attributes)

    def struct(self, indexed: Literal["only", "first"]) -> Any:
        """Returns the type of this piece; a piece is required unless all that is under it may be absent.

        Args:
            indexed: what the name 0 stands for: in an answer the only entry of an array, since more entries would hold
                members, too; in a member the first of several, such as its addresses.
        """
        if not self.children:
            return self.type
        fields: list[Any] = []
        for number, child in enumerate(self.children.values()):
            inner = child.struct(indexed)
            inner = inner | None if child.null else inner
            fields.append((f"f{number}", inner | UnsetType, child.default) if child.absent else (f"f{number}", inner))
        if list(self.children) == ["0"]:
            alone = indexed == "only"
            return msgspec.defstruct("Answer", fields, array_like=True, forbid_unknown_fields=alone, gc=False)
        names = {f"f{number}": name for number, name in enumerate(self.children)}
        return msgspec.defstruct("Answer", fields, rename=names, kw_only=True, gc=False)


def _walk(value: Any, attributes: str) -> Any:
    """Returns what is at the attributes, or the first null or absent value on the way."""
    for attribute in attributes.split("."):
        if value is UNSET or value is None:
            return value
        value = getattr(value, attribute)
    return value


Column = Callable[[list[Any]], list[Any]]
"""Reads one value of every member."""


@cache
def _column(attributes: str) -> Column:
    """Returns a comprehension over fixed attributes, which takes a third of the time of `map(attrgetter(...))`."""
    reader: Column = eval(f"lambda found: [one.{attributes} for one in found]")  # noqa: S307 - names made in _Node.add
    return reader


def _reader(root: _Node, path: str, type_: Any, *, absent: bool) -> Column:
    """Adds a member's path; returns a function from members to its values, None where it may be and is absent."""
    attributes = root.add(path, type_, absent=absent, null=False, default=None)
    if absent and "." in path:
        return lambda members: [None if (value := _walk(member, attributes)) is UNSET else value for member in members]
    return _column(attributes)


_TYPES: Mapping[str, Any] = {"text": str | None, "integer": int | None, "either": str | int | None}
_BARE: Mapping[str, Any] = {"text": str, "integer": int, "either": str | int}
_SCALAR: Any = str | int | float | bool | None
_INSTANTS: Mapping[str, Any] = {
    "iso": Annotated[datetime, msgspec.Meta(tz=True)] | None,
    "unix": int | float | None,
}


class PageDecoder:
    """Decodes the pages of one source: made once, used for every page."""

    def __init__(
        self,
        *,
        layout: JsonFormat,
        identifiers: Mapping[str, IdentifierField],
        primary: str,
        joined_at: JoinedAt | None,
        extras: Mapping[str, Extra],
        where: str,
        deciding: Path | None = None,
    ) -> None:
        """Args: what the manifest says of a page; `deciding` is read into the column DECIDING, as text."""
        self._layout, self._identifiers, self._primary, self._where = layout, identifiers, primary, where
        self._form, self._deciding = joined_at.form if joined_at else None, deciding
        self._readers: dict[str, Column] = {}
        self._read_joined_at: Column | None = None
        array = self._array(self._member(joined_at))
        envelope = _Node(absent=False, null=False)
        path = layout.envelope()
        null = getattr(layout, "null", "error") == "empty"
        self._items = envelope.add(path, array, absent=layout.absent == "empty", null=null) if path else ""
        self._extras = {
            name: envelope.add(extra.path, extra.type, absent=extra.absent, null=extra.null)
            for name, extra in extras.items()
        }
        if isinstance(layout, Rows) and layout.columns_at:
            self._named = envelope.add(layout.columns_at, list[str], absent=False, null=False)
        self._decoder = msgspec.json.Decoder(envelope.struct("only") if path else array)

    def _array(self, member: Any) -> Any:
        """Returns the type of all members, which exists at run time only."""
        if self._layout.kind != "keyed":
            return list.__class_getitem__(member)
        # PHP writes an empty object as an empty array.
        return dict.__class_getitem__((str, member)) | Annotated[list[Any], msgspec.Meta(max_length=0)]

    def _member(self, joined_at: JoinedAt | None) -> Any:
        if self._layout.kind == "strings":
            (identifier,) = self._identifiers.values()
            return _BARE[identifier.type]
        if isinstance(self._layout, Rows):
            return self._row(self._layout, joined_at)
        root = _Node(absent=False, null=False)
        for name, identifier in self._identifiers.items():
            if identifier.path is not None:  # without one it is the member's key
                type_, absent = _TYPES[identifier.type], identifier.absent == "null"
                self._readers[name] = _reader(root, identifier.path, type_, absent=absent)
        if self._deciding is not None:
            self._readers[DECIDING] = _reader(root, self._deciding, _SCALAR, absent=False)
        if joined_at is not None:
            absent = joined_at.absent == "null"
            self._read_joined_at = _reader(root, joined_at.path, _INSTANTS[joined_at.form], absent=absent)
        return root.struct("first")

    def _row(self, layout: Rows, joined_at: JoinedAt | None) -> Any:
        """Returns the type of a row; a row with fewer or more values than there are columns does not fit."""
        types: dict[str, Any] = dict.fromkeys(layout.columns, msgspec.Raw)  # what nobody asks for is not decoded
        places = {column: f"f{number}" for number, column in enumerate(layout.columns)}
        for name, identifier in self._identifiers.items():
            column = identifier.path or name
            types[column] = _TYPES[identifier.type]
            self._readers[name] = _column(places[column])
        if self._deciding is not None:
            types[self._deciding] = _SCALAR
            self._readers[DECIDING] = _column(places[self._deciding])
        if joined_at is not None:
            types[joined_at.path] = _INSTANTS[joined_at.form]
            self._read_joined_at = _column(places[joined_at.path])
        fields = [(places[column], type_) for column, type_ in types.items()]
        return msgspec.defstruct("Row", fields, array_like=True, forbid_unknown_fields=True, gc=False)

    def decode(self, response: Response) -> tuple[Page, dict[str, Any]]:
        """Returns a page and the values beside its members (UNSET where absent).

        Raises:
            PlatformError: `path-missing`, `wrong-type`, `not-json`, `member-without-id`.
            TemporaryError: `answer-cut` when the JSON ends too early.
        """
        try:
            answer = self._decoder.decode(response.content)
        except msgspec.ValidationError as error:
            raise self._misfit(str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _unreadable(response, str(error), self._where) from None
        self._refuse_other_columns(answer)
        items = _walk(answer, self._items) if self._items else answer
        values = {name: _walk(answer, attributes) for name, attributes in self._extras.items()}
        page = self._page([] if items is UNSET or items is None else items)
        return _storable(page) if b"\\u0000" in response.content else page, values

    def _refuse_other_columns(self, answer: Any) -> None:
        declared = self._layout
        if not isinstance(declared, Rows) or declared.columns_at is None:
            return
        if tuple(_walk(answer, self._named)) != declared.columns:
            raise wrong_type(declared.columns_at, "other columns than the manifest declares", self._where)

    def _page(self, members: list[Any] | dict[str, Any]) -> Page:
        items = list(members.values()) if isinstance(members, dict) else members
        bare: list[Any] = list(members)  # the keys of members, or members that are nothing but a text
        columns: dict[str, list[str | None]]
        columns = {name: self._readers[name](items) if name in self._readers else bare for name in self._identifiers}
        for name, identifier in self._identifiers.items():
            if identifier.type != "text":
                columns[name] = [None if value is None else str(value) for value in columns[name]]
        if self._deciding is not None:
            columns[DECIDING] = [as_text(value) for value in self._readers[DECIDING](items)]
        keys = columns[self._primary]
        if not all(keys):  # null or an empty text
            found = f"A member has no `{self._primary}`, which every member must have."
            fix = "Nothing was stored. Choose another primary identifier in the manifest if the platform allows this."
            raise PlatformError("member-without-id", found, fix, self._where)
        return Page(columns, self._instants(items), len(items))

    def _instants(self, items: list[Any]) -> list[datetime | None] | None:
        if self._read_joined_at is None:
            return None
        values = self._read_joined_at(items)
        if self._form == "unix":
            return [None if value is None else datetime.fromtimestamp(value, UTC) for value in values]
        return values

    def _misfit(self, message: str) -> PlatformError:
        """Turns msgspec's sentence into ours; it names types and paths, never values."""
        place = _PLACE.search(message)
        at = (place["at"] if place else "").lstrip(".")
        absent = _MISSING_FIELD.search(message)
        if absent:
            path = f"{at}.{absent['name']}".lstrip(".")
            return missing(path, path, self._where)
        return wrong_type(at or "the whole answer", _PLACE.sub("", message), self._where)


_KINDS: Mapping[str, tuple[type, ...]] = {"text": (str,), "integer": (int,), "either": (str, int)}


def as_written(path: str, value: object, kind: str, where: str) -> str | None:
    """Returns an identifier as text, None for null and for an empty text.

    Raises:
        PlatformError: `wrong-type` for a value of another JSON type than the manifest says.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, _KINDS[kind]):
        raise wrong_type(path, f"no {kind.replace('either', 'text or integer')}", where)
    return str(value).replace("\0", "\ufffd") or None


def _storable(page: Page) -> Page:
    """Replaces the character NUL, which Postgres does not store, by U+FFFD: no identifier of a model has it either."""
    columns = {
        name: [value and value.replace("\0", "\ufffd") for value in column] for name, column in page.columns.items()
    }
    return replace(page, columns=columns)


def _unreadable(response: Response, reason: str, where: str) -> PlatformError | TemporaryError:
    """Returns the error for an answer that is not JSON, or not all of it."""
    if "truncated" in reason and response.content.lstrip()[:1] in (b"{", b"["):
        fix = "The next refresh tries again."
        return TemporaryError("answer-cut", "The answer ended in the middle of its JSON.", fix, where)
    kind = "a web page" if looks_like_page(response) else (media_type(response) or "something without a type")
    fix = "Check base_url of the connection: a login page, a proxy or a wrong host may have answered."
    return PlatformError("not-json", f"The answer is {kind}, not JSON ({len(response.content):,} bytes).", fix, where)


def refuse_cut(response: Response, where: str) -> None:
    """Refuses JSON that ends too early; whatever else an answer holds is left to whoever reads it.

    Raises:
        TemporaryError: `answer-cut`.
    """
    try:
        msgspec.json.decode(response.content, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        found = _unreadable(response, str(error), where)
        if isinstance(found, TemporaryError):
            raise found from None


def decode_document(response: Response, where: str) -> Any:
    """Returns an answer as dictionaries and lists; for the few answers that are not members.

    Raises:
        PlatformError: `not-json`.
        TemporaryError: `answer-cut`.
    """
    try:
        return msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(response, str(error), where) from None
