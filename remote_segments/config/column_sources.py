"""The second pass over sources that describe themselves in the segment's file: files, tables, queries."""

from collections.abc import Iterator
from dataclasses import replace

from pydantic import ValidationError

from remote_segments.config.connection import Connection
from remote_segments.config.segment import Column, Source
from remote_segments.errors import Problem
from remote_segments.explanations import explain, said, unknown_key
from remote_segments.sources.columns import IDENTIFIER_FIX, ColumnPlatform, is_identifier
from remote_segments.yaml import Document, KeyPath


def source_problems(
    source: Source, identifiers: tuple[dict[str, Column], ...], platform: ColumnPlatform, document: Document
) -> Iterator[Problem]:
    """Everything that is wrong with one source, its columns included."""
    below = {path[1:]: line for path, line in document.lines.items() if path[:1] == ("source",)}
    part = Document(document.file, source.ids, below)
    try:
        platform.source.model_validate(source.ids)
    except ValidationError as error:
        yield from (_inside(problem) for problem in explain(error, part, platform.source))
    for position, entry in enumerate(identifiers):
        for name in entry:
            if not is_identifier(name):
                where = document.locate(("identifiers", position, name))
                found = f"`{name[:60]}` is not a name for an identifier of {platform.title.lower()}."
                yield Problem("name-invalid", found, IDENTIFIER_FIX, where)


def _inside(problem: Problem) -> Problem:
    """Says `source` where the problem of a part of a file says `The file`."""
    return replace(problem, found=problem.found.replace("The file ", "`source` ", 1))


def connection_problems(
    name: str, connection: Connection, platform: ColumnPlatform, document: Document
) -> Iterator[Problem]:
    """What is wrong with one connection, beside keys that no connection to this platform has."""
    for key in ("base_url", "limits"):
        if getattr(connection, key) is not None:
            keys = [*platform.connection.secrets, *platform.connection.options]
            yield unknown_key(key, ["platform", *keys], document, ("connections", name, key))
    for key, found, fix in platform.check(connection.options):
        at: KeyPath = ("connections", name, key)
        yield Problem("bad-value", f"{said(at)} {found}", fix, document.locate(at))
