"""`{name}` in a documented exchange: a value that varies, put in where an answer is made, read out of a request.

A text that is nothing but one mark stands for the value as it is (a number, an array); inside a longer text it stands
for the value's characters. Braces around a name that nobody knows stay what they are.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

LIST = "{asked}"
"""The mark at which a call holds several values: an array in a body, a parameter that is repeated in a query."""

LISTS = (LIST, "{members}")
"""The marks that may hold several values."""

MARK = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def marks(template: object) -> set[str]:
    """Returns the names of all marks in a document, keys included."""
    if isinstance(template, str):
        return set(MARK.findall(template))
    if isinstance(template, Mapping):
        return {name for pair in template.items() for piece in pair for name in marks(piece)}
    if isinstance(template, list | tuple):
        return {name for piece in template for name in marks(piece)}
    return set()


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """Returns a document with the values in place of their marks; marks without a value stay."""
    if isinstance(template, str):
        whole = MARK.fullmatch(template)
        if whole and whole[1] in values:
            return values[whole[1]]
        return MARK.sub(lambda match: str(values.get(match[1], match[0])), template)
    if isinstance(template, dict):
        return {fill(key, values): fill(value, values) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [fill(piece, values) for piece in template]
    return template


def without(template: Any, name: str) -> Any:
    """Returns a document without the keys whose value is (a text with) this mark, or a list of it."""
    if isinstance(template, Mapping):
        return {key: without(value, name) for key, value in template.items() if not _stands(value, name)}
    return template


def _stands(value: object, name: str) -> bool:
    return isinstance(value, str) and f"{{{name}}}" in value


@dataclass(frozen=True)
class Asked:
    """One request as it was sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes

    def fields(self) -> Any:
        """Returns the body: the JSON, else the pairs of a form, else its text; None where there is none."""
        if not self.content:
            return None
        try:
            return json.loads(self.content)
        except ValueError:
            pass
        if "x-www-form-urlencoded" in self.headers.get("content-type", ""):
            fields = parse_qs(self.content.decode(), keep_blank_values=True)
            return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
        return self.content.decode(errors="replace")


@dataclass(frozen=True)
class Wanted:
    """One request as it is documented; texts hold marks."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Any = None

    def place(self) -> str:
        """Returns method and path, for messages."""
        return f"{self.method} {urlsplit(self.url).path}"

    def same_place(self, asked: Asked) -> bool:
        """Tells whether a request goes to the documented host and path."""
        wanted, sent = urlsplit(self.url), urlsplit(asked.url)
        return self.method == asked.method and _match(_address(wanted), _address(sent)) is not None

    def read(self, asked: Asked) -> tuple[dict[str, Any], list[str]]:
        """Compares a request with this one.

        Returns:
            The values at the marks, and every difference as a sentence without its full stop.
        """
        values: dict[str, Any] = {}
        differences: list[str] = []
        if not self.same_place(asked):
            differences.append(f"{asked.method} {urlsplit(asked.url).path} instead of {self.place()}")
        else:
            values |= _match(_address(urlsplit(self.url)), _address(urlsplit(asked.url))) or {}
        self._query(asked, values, differences)
        for name, text in self.headers.items():
            found = _match(text, asked.headers.get(name.lower(), ""))
            if found is None:
                differences.append(f"the header {name} is missing or differs")
            values |= found or {}
        if self.body is not None or asked.content:
            compare(self.body, asked.fields(), "the body", values, differences)
        return values, differences

    def _query(self, asked: Asked, values: dict[str, Any], differences: list[str]) -> None:
        wanted, sent = (sorted(parse_qsl(urlsplit(url).query, keep_blank_values=True)) for url in (self.url, asked.url))
        for name, text in sent:
            fitting = [pair for pair in wanted if pair[0] == name and _match(pair[1], text) is not None]
            if fitting and fitting[0][1] in LISTS:  # a parameter that may be repeated for each id
                values.setdefault(fitting[0][1][1:-1], []).append(text)
            elif fitting:
                wanted.remove(fitting[0])
                values |= _match(fitting[0][1], text) or {}
            else:
                known = any(pair[0] == name for pair in wanted)
                differences.append(f"the parameter {name} {'has another value' if known else 'is not documented'}")
        sent_names = {name for name, _ in sent}
        differences += [f"the parameter {name} is missing" for name, _ in wanted if name not in sent_names]


def _address(parts: Any) -> str:
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path}"  # the case of a host does not matter


def _match(template: str, text: str) -> dict[str, str] | None:
    """Returns the values at the marks of a template that fits a text, None where it does not fit."""
    pieces = MARK.split(template)
    pattern = "".join(
        (f"(?P<{piece}>.*?)" if piece not in pieces[1:number:2] else f"(?P={piece})")
        if number % 2
        else re.escape(piece)
        for number, piece in enumerate(pieces)
    )
    found = re.fullmatch(pattern, text, re.DOTALL)
    return found.groupdict() if found else None


def compare(wanted: Any, sent: Any, at: str, values: dict[str, Any], differences: list[str]) -> None:
    """Compares a document with a documented one: adds the values at its marks, and every difference as a sentence."""
    if isinstance(wanted, Mapping) and isinstance(sent, Mapping):
        for key in wanted.keys() - sent.keys():
            differences.append(f"{at} lacks {key}")
        for key in sent.keys() - wanted.keys():
            differences.append(f"{at} holds {key}, which is not documented")
        for key in wanted.keys() & sent.keys():
            compare(wanted[key], sent[key], f"{at}, {key}", values, differences)
    elif isinstance(wanted, list) and isinstance(sent, list) and len(wanted) == len(sent):
        for number, (one, other) in enumerate(zip(wanted, sent, strict=True)):
            compare(one, other, f"{at}, {number}", values, differences)
    elif isinstance(wanted, str) and marks(wanted) and isinstance(sent, str | int | float | list):
        found = _at_mark(wanted, sent)
        if found is None:
            differences.append(f"{at} differs")
        values |= found or {}
    elif wanted != sent:
        differences.append(f"{at} differs")


def _at_mark(wanted: str, sent: str | float | list[Any]) -> Mapping[str, Any] | None:
    """Returns the values at the marks of a text that a value fits, None where it does not fit."""
    if isinstance(sent, list):
        return {wanted[1:-1]: sent} if wanted in LISTS else None
    return _match(wanted, str(sent))
