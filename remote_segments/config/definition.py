"""The part of a configuration that decides who is in a segment, as one hash.

Events between two snapshots with different hashes have the cause `definition`: nobody joined or left, we asked
something else. What only changes how a segment looks or when it is refreshed is not in it.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from remote_segments.config.audience import Audience, Split
from remote_segments.config.connection import Connection
from remote_segments.config.model import Model
from remote_segments.config.platforms import WITHOUT_MANIFEST
from remote_segments.config.segment import Column, Segment
from remote_segments.membership.expressions import tree

FORM = 1
"""Raised when the hash is made of other parts; then every segment's next events have the cause `definition` once."""


def definition_hash(segment: Segment, connection: Connection, model: Model, folder: Path) -> str:
    """Returns 32 hexadecimal digits: of platform, connection, ids, identifiers in order, the model's source and key.

    Args:
        segment: the segment.
        connection: its connection; secrets and limits do not count. Address and options do: the same ids at another
            region, sandbox or simulator are other people.
        model: its model; description, declared columns and asset do not count.
        folder: the project's folder: a model's file counts by its path from there, so that a project can be moved.
    """
    parts: dict[str, Any] = {
        "form": FORM,
        "platform": connection.platform,
        "connection": segment.source.connection,
        "account": [connection.base_url, dict(sorted(connection.options.items()))],
        "ids": _ids(segment, connection),
        "identifiers": [{name: _comparison(column) for name, column in entry.items()} for entry in segment.identifiers],
        "model": [segment.model, model.table, model.sql, _relative(model.path, folder), list(model.key)],
    }
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _ids(segment: Segment, connection: Connection) -> dict[str, Any]:
    """What names the members; of rows, not which asset writes them."""
    rows = connection.platform in WITHOUT_MANIFEST
    return {name: value for name, value in segment.source.ids.items() if not (rows and name == "asset")}


def audience_hash(audience: Audience, models: Mapping[str, Model], folder: Path) -> str:
    """Returns 32 hexadecimal digits: of who is in an audience, and of the source and key of its model.

    Args:
        audience: the audience, or one part of it.
        models: all models of the project.
        folder: the project's folder.
    """
    model = models[audience.model]
    parts = {
        "form": FORM,
        "who": tree(audience.expression),
        "model": [audience.model, model.table, model.sql, _relative(model.path, folder), list(model.key)],
    }
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def audience_settings(audience: Audience, models: Mapping[str, Model], folder: Path) -> dict[str, str]:
    """Returns the same by the names under which a person writes them."""
    written = audience.model_dump(mode="json", by_alias=True, exclude_unset=True, include=set(WHO))
    split = audience.split
    return {
        **{name: _json(written[name]) for name in WHO if written.get(name) is not None},
        **(_split_settings(split) if split else {}),
        **({"part": audience.part} if audience.part else {}),
        **_model_settings(audience.model, models[audience.model], folder),
    }


def _split_settings(split: Split) -> dict[str, str]:
    shares = {name: [share.low, share.high] for name, share in split.parts().items()}
    return {"salt": split.salt, "shares": _json(shares)}


WHO = ("all", "any", "none", "at_least", "where", "priority")
"""The keys of an audience's file that say who is in it, beside its split."""


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _model_settings(name: str, model: Model, folder: Path) -> dict[str, str]:
    table = {
        "table": model.table,
        "sql": hashlib.sha256(model.sql.encode()).hexdigest()[:12] if model.sql else None,
        "path": _relative(model.path, folder),
    }
    written = {"model": name, **table, "key": ", ".join(model.key)}
    return {name: value for name, value in written.items() if value is not None}


def _comparison(column: Column) -> list[Any]:
    """A column and how it is compared; options that are not set leave no trace."""
    options = str(column.options)
    return [column.column, column.hashed, *([options] if options else [])]


def definition_settings(segment: Segment, connection: Connection, model: Model, folder: Path) -> dict[str, str]:
    """Returns the same parts by the names under which a person writes them, as short texts that can be compared.

    A SELECT is kept as a few digits of its hash: it may be long, and what it names is nobody else's business.
    """
    written = {
        "connection": segment.source.connection,
        "platform": connection.platform,
        "base_url": connection.base_url,
        **connection.options,
        **_ids(segment, connection),
        "identifiers": ", ".join(_entry_text(entry) for entry in segment.identifiers),
        **_model_settings(segment.model, model, folder),
    }
    return {name: str(value) for name, value in written.items() if value is not None}


def _entry_text(entry: dict[str, Column]) -> str:
    """One alternative of `identifiers`: `email`, `external_id: contact_id`, `email: email_sha256 (sha256)`."""
    return " + ".join(
        (name if column.column == name else f"{name}: {column.column}")
        + "".join(f" ({one})" for one in (column.hashed, str(column.options)) if one)
        for name, column in entry.items()
    )


def _relative(path: Path | None, folder: Path) -> str | None:
    return Path(os.path.relpath(path, folder)).as_posix() if path else None
