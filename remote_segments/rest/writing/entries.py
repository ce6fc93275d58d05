"""What stands for one member in a call, and where in the call its members are."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from remote_segments.rest.bodies import parsed, texts_of
from remote_segments.rest.placeholders import Template, fill, names, well_formed
from remote_segments.rest.writing.templates import ABSENT, maker
from remote_segments.settings import Settings

IDENTIFIER = "identifier"
"""Placeholder for the platform's own name of the identifier by which a batch goes (`called`)."""

MEMBERS = "members"
"""Placeholder for the joined values of a batch, within a longer text of the query."""


def _json(text: str) -> str:
    for inner in texts_of(parsed(text)):
        well_formed(inner)
    return text


JsonText = Annotated[str, AfterValidator(_json)]
"""The text of any JSON value with placeholders."""


def _inside(path: str) -> str:
    if not re.fullmatch(r"\.|[^.\s{}]+(\.[^.\s{}]+)*", path):
        raise ValueError("names joined by dots, or one dot for the object itself")
    return path


Inside = Annotated[str, AfterValidator(_inside)]
"""A place within an object that is sent."""


class Entries(Settings):
    """How members stand in a call that takes several."""

    place: Literal["body", "query"] = Field("body", description="Whether they are in the body or in the query.")
    at: Template | None = Field(
        None,
        description="Where: a parameter of the query, a field of a form, or names joined by dots into a JSON body; "
        "left out when the body is nothing but their array. {identifier} stands for the identifier's `called`.",
        examples=["data", "{identifier}"],
    )
    each: JsonText | None = Field(
        None,
        description="Text of one member's JSON, in which {name} is an identifier. Left out, a member is the bare value "
        "of its identifier, and all members of a batch go by the same one.",
        examples=['{"type": "profile", "id": "{profile_id}"}'],
    )
    by: str | None = Field(
        None, description="Which identifier's bare values they are, where it is always the same; a look-up may give it."
    )
    joined: str | None = Field(
        None, description="What stands between values that are one text; left out, the parameter is repeated."
    )
    within: Template | None = Field(
        None,
        description="Text of the query in which {members} stands for the joined values, such as a filter, and {name} "
        "for an id of the list; it needs `form`, so that no value can change what the text means.",
        examples=["id:[{members}]"],
    )
    form: str | None = Field(
        None,
        description="Regular expression that the whole of each value fits; a member with another one is rejected, and "
        "never sent.",
        examples=["[0-9a-f]{24}"],
    )
    empty: Literal["left-out", "text", "object"] = Field(
        "left-out",
        description="What an identifier that a member lacks becomes: its key is left out, with an entry of an array "
        "that holds nothing else; an empty text; or an empty object in place of the one around it.",
    )
    attributes: Inside | None = Field(
        None,
        description="Where within one member's object the model's columns go; `.` for beside its other keys.",
        examples=["attributes.properties"],
    )

    @model_validator(mode="after")
    def _fits(self) -> "Entries":
        if self.place == "query" and (self.at is None or self.each is not None):
            raise ValueError("in a query, members are bare values of a parameter, which `at` names")
        if self.each is not None and (self.joined is not None or self.by is not None):
            raise ValueError("joined and by are for bare values")
        self._check_within()
        if self.attributes is not None and not isinstance(parsed(self.each or "null"), dict):
            raise ValueError("attributes go into the object that `each` writes")
        return self

    def _check_within(self) -> None:
        if self.form is not None:
            try:
                re.compile(self.form)
            except re.error as error:
                raise ValueError(f"the form is no regular expression: {error}") from None
            if self.by is None:
                raise ValueError("form is that of the bare values of one identifier, which `by` names")
        if self.within is None:
            return
        if self.place != "query" or not self.joined or self.form is None:
            raise ValueError("within is a text of the query: it needs `joined` and `form`")
        if names(self.within).count(MEMBERS) != 1:
            raise ValueError("within holds {members} once")
        if re.fullmatch(self.form, self.joined) or re.fullmatch(self.form, ""):
            raise ValueError("the form fits an empty value, or what stands between two")

    def identifiers(self) -> set[str]:
        """Returns the names that `each` uses, or the one of `by`."""
        if self.by is not None:
            return {self.by}
        return {name for text in texts_of(parsed(self.each)) for name in names(text)} if self.each else set()

    def placeholders(self) -> Iterator[str]:
        """Yields the names that its place uses."""
        yield from names(self.at or "")
        yield from self.embedded()

    def embedded(self) -> Iterator[str]:
        """Yields the names that stand within the text around the members."""
        yield from (name for name in names(self.within or "") if name != MEMBERS)

    def filler(self, values: Mapping[str, str], columns: Mapping[str, Sequence[str | None]]) -> Callable[[int], Any]:
        """Returns what makes the JSON of the member at a place.

        Args:
            values: what placeholders stand for that are the same for everybody.
            columns: identifiers of the members, by name.
        """
        made = maker(parsed(self.each or "null"), values, columns, self.empty)
        return (lambda place: None if (entry := made(place)) is ABSENT else entry) if callable(made) else lambda _: made

    def put(self, body: Any, entries: Sequence[Any], values: Mapping[str, str]) -> Any:
        """Returns a body with its members."""
        members: Any = list(entries) if self.joined is None else self.joined.join(map(str, entries))
        return members if self.at is None else put_in(body or {}, fill(self.at, values).split("."), members)

    def query(self, entries: Sequence[Any], values: Mapping[str, str]) -> dict[str, str | tuple[str, ...]]:
        """Returns the parameter that holds the members."""
        texts: str | tuple[str, ...] = tuple(map(str, entries))
        if self.joined is not None:
            texts = self.joined.join(texts)
            texts = texts if self.within is None else fill(self.within, {**values, MEMBERS: texts})
        return {fill(self.at or "", values): texts}


def with_attributes(entry: dict[str, Any], path: str | None, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a member's object with columns of the model in it."""
    if path is None or not attributes:
        return entry
    pieces = [] if path == "." else path.split(".")
    for name, value in attributes.items():
        entry = put_in(entry, [*pieces, name], value)
    return entry


def put_in(body: Any, names_: Sequence[str], value: Any) -> Any:
    """Returns a document with a value put in at a place; a number counts from 0 in an array."""
    if not names_:
        return value
    name, *rest = names_
    if isinstance(body, list):
        place = int(name)
        return [*body[:place], put_in(body[place], rest, value), *body[place + 1 :]]
    inner = body if isinstance(body, Mapping) else {}
    return {**inner, name: put_in(inner.get(name), rest, value)}
