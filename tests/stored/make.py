"""Writes what this release stores into the folder of its version: `python -m tests.stored.make`."""

import json
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from remote_segments.membership.tables import CONTRACT_VERSION, TABLES
from tests.stored.life import live, segment_in
from tests.support.memberships import Segment
from tests.support.warehouses import duckdb_warehouse

FOLDER = Path(__file__).parent
IDENTIFIERS = {"id": "text", "external_id": "text", "email": "text"}


def main(folder: Path) -> None:
    """Lives the life and writes one file per table, and one of answers."""
    folder.mkdir()
    with tempfile.TemporaryDirectory() as place:
        segment = segment_in(duckdb_warehouse(Path(place)))
        live(segment)
        for name, contract in TABLES.items():
            columns = {**contract, **(IDENTIFIERS if name == "members" else {})}
            names = ", ".join(f'"{one}"' for one in columns)
            rows = segment.rows(f"SELECT {names} FROM {{s}}.{name} ORDER BY ALL")
            lines = [json.dumps(dict(columns)), *(json.dumps([_plain(one) for one in row]) for row in rows)]
            (folder / f"{name}.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "answers.json").write_text(json.dumps(answers(segment), indent=1) + "\n", encoding="utf-8")


def answers(segment: Segment) -> dict[str, Any]:
    """What is asked of a stored database: who was in it at each instant, every stay, the counts, the decisions."""
    published = "SELECT effective_at FROM {s}.snapshots WHERE state = 'published' ORDER BY effective_at"
    stays = "SELECT key, since, until, cause, left_cause FROM {s}.memberships ORDER BY key, since"
    counts = "SELECT snapshot_id, state, fetched, mapped, joined_count, left_count FROM {s}.snapshots ORDER BY 1"
    return {
        "published": segment.published(),
        "at": {instant.isoformat(): sorted(segment.at(instant)) for (instant,) in segment.rows(published)},
        "stays": [[_plain(one) for one in row] for row in segment.rows(stays)],
        "counts": [list(row) for row in segment.rows(counts)],
        "decisions": [list(row) for row in segment.rows("SELECT decision, decided_by, reason FROM {s}.decisions")],
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER / CONTRACT_VERSION)
