"""What a POST carries: JSON, the fields of a form, GraphQL or JSON-RPC, with `{name}` placeholders like an address.

A placeholder inside a JSON text is escaped; a bare one, `{"id": {list_id}}`, stands for a number or for true or false.
"""

import json
import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlencode

from pydantic import AfterValidator, BeforeValidator, Field

from remote_segments.errors import ProjectError
from remote_segments.rest.placeholders import fill, names, well_formed
from remote_segments.settings import Settings

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|\{(?P<name>[a-z][a-z0-9_]*)\}')
_LITERAL = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?|true|false")
_MARK = "\0"


@dataclass(frozen=True)
class Bare:
    """A placeholder outside of any text."""

    name: str

    def fill(self, values: Mapping[str, str]) -> Any:
        """Returns the number, or true or false, that it stands for."""
        value = values[self.name]
        if not _LITERAL.fullmatch(value):
            found = f"`{self.name}` is {value!r}, where the platform takes a number."
            raise ProjectError("bad-value", found, f"Write the {self.name} as the platform shows it.")
        return json.loads(value)


@cache
def parsed(text: str) -> Any:
    """Returns a JSON template as dictionaries, lists, texts with placeholders, and bare placeholders."""
    marked = _PIECE.sub(lambda match: json.dumps({_MARK: match["name"]}) if match["name"] else match[0], text)
    return json.loads(marked, object_hook=lambda found: Bare(found[_MARK]) if _MARK in found else found)


def texts_of(template: Any) -> Iterator[str]:
    """Yields every text with placeholders; a bare one as `{name}`."""
    if isinstance(template, Bare):
        yield f"{{{template.name}}}"
    elif isinstance(template, dict):
        for name, inner in template.items():
            if names(name) and f"{{{names(name)[0]}}}" != name:
                raise ValueError("a placeholder stands for a value or for a whole name")
            yield from (name,) if names(name) else ()
            yield from texts_of(inner)
    elif isinstance(template, list):
        for inner in template:
            yield from texts_of(inner)
    elif isinstance(template, str):
        yield template


def _filled(template: Any, values: Mapping[str, str]) -> Any:
    if isinstance(template, Bare):
        return template.fill(values)
    if isinstance(template, dict):
        return {fill(name, values): _filled(inner, values) for name, inner in template.items()}
    if isinstance(template, list):
        return [_filled(inner, values) for inner in template]
    return fill(template, values) if isinstance(template, str) else template


def _json_object(text: str) -> str:
    template = parsed(text)
    if not isinstance(template, dict):
        raise ValueError("the body is a JSON object")
    for inner in texts_of(template):
        well_formed(inner)
    return text


def _field(text: str) -> str:
    return _json_object(text) if _is_json(text) else well_formed(text)


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] == "{" and text.lstrip()[1:].lstrip()[:1] in {'"', "}"}


def _object(text: str, values: Mapping[str, str]) -> dict[str, Any]:
    """Returns a JSON template with its placeholders filled."""
    filled: dict[str, Any] = _filled(parsed(text), values)
    return filled


JsonTemplate = Annotated[str, AfterValidator(_json_object)]
"""The text of a JSON object with placeholders."""

FieldTemplate = Annotated[str, AfterValidator(_field)]
"""The value of a form's field: a text with placeholders, or a JSON object with them."""


class _Filled(Settings):
    """A body with placeholders."""

    @abstractmethod
    def texts(self) -> Iterator[str]:
        """Yields its texts, each with its placeholders."""

    def placeholders(self) -> Iterator[str]:
        """Yields the names that it uses."""
        for text in self.texts():
            yield from names(text)


class _AsJson(_Filled):
    """A body that is sent as JSON."""

    media_type: ClassVar[str] = "application/json"

    def encode(self, fields: Mapping[str, Any]) -> bytes:
        """Returns the bytes that are sent for these fields."""
        return json.dumps(fields).encode()


class JsonBody(_AsJson):
    """JSON, the usual body; may be written as its text alone: `body: '{"list": "{list_id}"}'`."""

    kind: Literal["json"]
    value: JsonTemplate = Field(description="Text of a JSON object.", examples=['{"list": "{list_id}"}'])

    def texts(self) -> Iterator[str]:
        """Yields its texts, each with its placeholders."""
        yield from texts_of(parsed(self.value))

    def fill(self, values: Mapping[str, str]) -> dict[str, Any]:
        """Returns its fields with the placeholders filled.

        Raises:
            ProjectError: `bad-value` where a number is needed and the value is none.
        """
        return _object(self.value, values)


class FormBody(_Filled):
    """The fields of a form (`application/x-www-form-urlencoded`); a field may hold a JSON object."""

    media_type: ClassVar[str] = "application/x-www-form-urlencoded"
    kind: Literal["form"]
    fields: dict[str, FieldTemplate] = Field(
        description="Fields and their values.", examples=[{"cohort": '{"id": {cohort_id}}'}]
    )

    def texts(self) -> Iterator[str]:
        """Yields its texts, each with its placeholders."""
        for value in self.fields.values():
            yield from texts_of(parsed(value)) if _is_json(value) else (value,)

    def fill(self, values: Mapping[str, str]) -> dict[str, Any]:
        """Returns its fields with the placeholders filled.

        Raises:
            ProjectError: `bad-value` where a number is needed and the value is none.
        """
        return {
            name: json.dumps(_object(value, values)) if _is_json(value) else fill(value, values)
            for name, value in self.fields.items()
        }

    def encode(self, fields: Mapping[str, Any]) -> bytes:
        """Returns the bytes that are sent for these fields."""
        return urlencode(fields).encode()


class GraphQlBody(_AsJson):
    """A GraphQL query: its text holds no placeholder, its variables do; errors come as HTTP 200 (see `refusals`)."""

    kind: Literal["graphql"]
    query: str = Field(description="Text of the query.")
    variables: JsonTemplate = Field("{}", description="Text of the JSON object of its variables.")

    def texts(self) -> Iterator[str]:
        """Yields its texts, each with its placeholders."""
        yield from texts_of(parsed(self.variables))

    def fill(self, values: Mapping[str, str]) -> dict[str, Any]:
        """Returns its fields with the placeholders filled.

        Raises:
            ProjectError: `bad-value` where a number is needed and the value is none.
        """
        return {"query": self.query, "variables": _object(self.variables, values)}


class JsonRpcBody(_AsJson):
    """A call of JSON-RPC 2.0 with named parameters; errors come as HTTP 200 (see `refusals`)."""

    kind: Literal["json-rpc"]
    method: str = Field(description="Name of the method.")
    params: JsonTemplate = Field("{}", description="Text of the JSON object of its parameters.")

    def texts(self) -> Iterator[str]:
        """Yields its texts, each with its placeholders."""
        yield from texts_of(parsed(self.params))

    def fill(self, values: Mapping[str, str]) -> dict[str, Any]:
        """Returns its fields with the placeholders filled.

        Raises:
            ProjectError: `bad-value` where a number is needed and the value is none.
        """
        return {"jsonrpc": "2.0", "id": 1, "method": self.method, "params": _object(self.params, values)}


Body = Annotated[
    Annotated[JsonBody | FormBody | GraphQlBody | JsonRpcBody, Field(discriminator="kind")],
    BeforeValidator(
        lambda value: {"kind": "json", "value": value} if isinstance(value, str) else value,
        json_schema_input_type=str | JsonBody | FormBody | GraphQlBody | JsonRpcBody,
    ),
]
"""One shape of a body."""


def embedded(query: Mapping[str, tuple[str, ...]], body: Body | None) -> Iterator[str]:
    """Yields the names that stand within a longer text of query or body, whose meaning a value could change."""
    texts = [text for texts in query.values() for text in texts]
    for text in (*texts, *(body.texts() if body is not None else ())):
        yield from (name for name in names(text) if text != f"{{{name}}}")
