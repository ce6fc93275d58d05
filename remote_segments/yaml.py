"""Reads YAML as the characters that a person wrote, and remembers the line of everything.

PyYAML's own types would change ids without a word: `010` becomes 8, `12:30` becomes 750, `1_000` becomes 1000 and `yes`
becomes true (YAML 1.1, https://yaml.org/type/). Here every scalar stays text, and only a plain `null`, `~` or nothing
at all is None; the settings classes turn text into numbers and dates where a field is declared so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import Node, ScalarNode, SequenceNode

from remote_segments.errors import Location, Problem

MAX_NODES = 200_000
"""Values in one file, aliases counted each time they are used: a few lines of nested aliases can stand for billions."""

_STANDARD = "tag:yaml.org,2002:"
_NULL = f"{_STANDARD}null"

KeyPath = tuple[str | int, ...]
"""The keys and list positions that lead to a value, from the top of the file."""


@dataclass(frozen=True)
class Document:
    """One YAML file: its content (mappings, lists, texts, None), the line of each value, and what is wrong with it."""

    file: Path
    content: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def locate(self, path: KeyPath = ()) -> Location:
        """The place of a value, or of the nearest value around it that is written in the file."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return Location(self.file, self.lines[path[:length]])
        return Location(self.file, self.lines.get(()))


def read_document(file: Path) -> Document:
    """Reads one YAML file.

    It does not raise for what is written in the file: a syntax error, a duplicate key or a custom tag are in the
    document's `problems`, so that a caller can report them together with those of other files.

    Raises:
        OSError: the file cannot be read.
    """
    return parse(file.read_bytes(), file)


def parse(text: bytes | str, file: Path) -> Document:
    """Reads YAML text as `read_document` does; `file` is where it is said to come from."""
    try:
        node = _compose(text)
    except yaml.YAMLError as error:
        return Document(file, problems=(_syntax_problem(error, file),))
    except RecursionError:
        deep = Problem("yaml-syntax", "Values are nested too deep to be read.", "Nest fewer of them.", Location(file))
        return Document(file, problems=(deep,))
    if node is None:
        return Document(file, lines={(): 1})
    reader = _Reader(file)
    content = reader.read(node, ())
    return Document(file, content, reader.lines, tuple(reader.problems))


class _Characters(yaml.CSafeLoader):
    """The C parser with one rule for plain scalars: nothing is null, everything else is text."""


_NOTHING = re.compile(r"(~|null|Null|NULL|)\Z")

_Characters.yaml_implicit_resolvers = {first: [(_NULL, _NOTHING)] for first in ("~", "n", "N", "")}


def _compose(text: bytes | str) -> Node | None:
    parser = _Characters(text)
    try:
        node: Node | None = parser.get_single_node()
        return node
    finally:
        parser.dispose()


class _Reader:
    """Walks the nodes of one file, collecting lines and problems."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[Problem] = []
        self._open: set[int] = set()  # nodes being read: meeting one again is an endless loop
        self._count = 0

    def read(self, node: Node, path: KeyPath) -> Any:
        """Returns the value of a node; its line is that of its key where it has one."""
        self.lines.setdefault(path, node.start_mark.line + 1)
        self._count += 1
        if node.tag[:1] == "!" or not node.tag.startswith(_STANDARD):
            self._problem("yaml-tag", node, "A tag (a word that begins with `!`) is not read here.", _PLAIN_TEXT)
            return None
        if isinstance(node, ScalarNode):
            return None if node.tag == _NULL else node.value
        if id(node) in self._open or self._count > MAX_NODES:
            self._problem("yaml-alias", node, "Aliases (`*name`) repeat without end.", "Write the values out.")
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return [self.read(item, (*path, position)) for position, item in enumerate(node.value)]
            return dict(self._pairs(node.value, path))
        finally:
            self._open.discard(id(node))

    def _pairs(self, nodes: list[tuple[Node, Node]], path: KeyPath) -> Iterator[tuple[str, Any]]:
        first: dict[str, int] = {}
        for key, value in nodes:
            if not isinstance(key, ScalarNode):
                self._problem("yaml-syntax", key, "A key is a list or a mapping.", "A key is one word.")
                continue
            line = key.start_mark.line + 1
            if key.value in first:
                found = f"The key `{key.value}` is written twice here, first on line {first[key.value]}."
                self._problem("duplicate-key", key, found, "Keep one of them.")
                continue
            first[key.value] = line
            self.lines[(*path, key.value)] = line
            yield key.value, self.read(value, (*path, key.value))

    def _problem(self, code: str, node: Node, found: str, fix: str) -> None:
        problem = Problem(code, found, fix, Location(self.file, node.start_mark.line + 1))
        if problem not in self.problems:
            self.problems.append(problem)


_PLAIN_TEXT = "Write plain text, in quotes if it begins with `!`; a secret is written as {env: NAME} or {file: PATH}."


def _syntax_problem(error: yaml.YAMLError, file: Path) -> Problem:
    """What the parser found and where; never the text around it, which may hold a secret."""
    if not isinstance(error, yaml.MarkedYAMLError):  # the reader's: bytes that are no text
        place = f" at byte {error.position}" if isinstance(error, yaml.reader.ReaderError) else ""
        fix = "Save it as UTF-8, without control characters."
        return Problem("yaml-syntax", f"The file is not plain text{place}.", fix, Location(file))
    words = " ".join(filter(None, (error.context, error.problem)))
    opened = error.context is not None and ("quoted scalar" in error.context or "flow" in error.context)
    mark = (error.context_mark if opened else None) or error.problem_mark or error.context_mark
    found = f"This is not YAML: {words}."
    return Problem("yaml-syntax", found, _syntax_fix(words), Location(file, mark.line + 1 if mark else None))


def _syntax_fix(words: str) -> str:
    """What usually mends a parser's complaint."""
    hints = {
        "cannot start any token": "Indent with spaces, never with tabs; put text that begins with @, ` or % in quotes.",
        "tab character": "Indent with spaces, never with tabs.",
        "mapping values are not allowed": "Put text that holds `: ` in quotes, and check the indentation.",
        "could not find expected ':'": "Write `key: value`, with a space after the colon, here or a line above.",
        "single document": "Keep one document in a file: remove the line `---` in the middle.",
        "undefined alias": "Put text that begins with `*` in quotes.",
        "expected <block end>": "Align the keys of a block in one column.",
        "while scanning a quoted scalar": "Close the quotes.",
        "flow": "Close every `{` and `[`, and put commas between their entries.",
    }
    return next(
        (hint for words_of, hint in hints.items() if words_of in words), "Check the indentation and the quotes."
    )
