"""The page about the published tables, written from `tables.py`: its names, types, comments and docstrings."""

import ast
import inspect
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from remote_segments.membership import tables

INTRODUCTION = f"""# Tables

<!-- Generated from remote_segments/membership/tables.py by `make docs`; edit the comments there, not this file. -->

Version {tables.CONTRACT_VERSION} of the contract, kept in `meta`. All tables are in the schema of the warehouse block
(`segments` by default). A later version with the same first number only adds columns or tables.

- Every segment has a table of its own name: one row per mapped member with the model's columns, `joined_at` and
  `snapshot_at` (the time of the ids: when they were fetched, or of the files that they came from). It is replaced in
  one step; grants and dependent views survive.
- The tables below are shared by all segments. A snapshot's rows count only once its row in `snapshots` says
  `published`: join with it, or use the queries at the end.
- `timestamp` is an instant with its time zone, in UTC.
"""

QUERIES = """## Queries

What every reader of the shared tables needs, for a segment `vip_openers` whose key is one column.

```sql
-- the snapshot that the segment shows
SELECT * FROM segments.snapshots
WHERE segment = 'vip_openers' AND state = 'published'
ORDER BY effective_at DESC LIMIT 1;

-- who was a member at an instant
SELECT key FROM segments.memberships
WHERE segment = 'vip_openers' AND since <= TIMESTAMPTZ '2026-11-24 12:00:00+00'
  AND (until IS NULL OR until > TIMESTAMPTZ '2026-11-24 12:00:00+00');

-- who joined by their own doing in a week
SELECT c.key, c.instant FROM segments.changes c
JOIN segments.snapshots s ON s.segment = c.segment AND s.snapshot_id = c.snapshot_id
WHERE c.segment = 'vip_openers' AND s.state = 'published' AND c.event = 'joined' AND c.cause = 'remote'
  AND c.instant >= TIMESTAMPTZ '2026-11-24 00:00:00+00' AND c.instant < TIMESTAMPTZ '2026-12-01 00:00:00+00';
```
"""

NOTES = {
    "members": "Then one column of `text` per identifier that any platform gave, added when it is first met.",
    "spellings": """E-mail addresses whose domain has letters outside ASCII, telephone numbers that are not E.164, and
on Postgres values whose SHA-1 is needed; of the members and of the model. It only saves time: a row that is deleted is
made again when it is needed, so erasing a person empties the table.""",
    "changes": """What a cause says:

| cause | the event happened because |
|---|---|
| `baseline` | it is the first snapshot of its generation: these people were there, nobody saw them join |
| `remote` | the person joined or left the segment on the platform |
| `model` | the person was fetched both times; the model's rows changed |
| `definition` | the segment's file changed: identifiers, id, connection or the model's table |
| `rebuilt` | an older window was mapped again with a later model |
| `erased` | the person was erased |""",
}

_COLUMN = re.compile(r'^ +"(\w+)": "\w+",(?:  # (.*))?$')


def described() -> dict[str, tuple[str, dict[str, str]]]:
    """The sentence about each table, and what each of its columns is, from the source of `tables.py`."""
    source = inspect.getsource(tables)
    lines, found = source.splitlines(), {}
    body = ast.parse(source).body
    for node, after in pairwise(body):
        name = node.target.id.lower() if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else ""
        if (
            name in {**tables.TABLES, **tables.VIEWS}
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            columns = filter(None, map(_COLUMN.match, lines[node.lineno - 1 : node.end_lineno]))
            found[name] = (str(after.value.value), {column[1]: column[2] or "" for column in columns})
    return found


def tables_page() -> str:
    """The whole page as Markdown."""
    parts = [INTRODUCTION]
    descriptions = described()
    for name, columns in {**tables.TABLES, **tables.VIEWS}.items():
        sentence, about = descriptions[name]
        parts.append(f"## `{name}`\n\n{sentence}\n\n{_rows(columns, about)}\n")
        if name in NOTES:
            parts.append(f"{NOTES[name]}\n")
    return "\n".join([*parts, QUERIES])


def _rows(columns: Mapping[str, str], about: Mapping[str, str]) -> str:
    rows = [f"| `{name}` | {kind} | {about[name]} |" for name, kind in columns.items()]
    return "\n".join(["| column | type | what it is |", "|---|---|---|", *rows])


def write_tables_page(file: Path) -> Path:
    """Writes docs/tables.md and returns its path."""
    file.write_text(tables_page(), encoding="utf-8")
    return file
