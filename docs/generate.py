"""Writes every generated page and schema anew: `python -m docs.generate`, or `make docs`."""

import sys
from collections.abc import Callable
from pathlib import Path

from docs.error_codes import write_errors_page
from remote_segments.config.platforms import WITHOUT_MANIFEST
from remote_segments.config.reference import write_reference
from remote_segments.config.schema import write_schemas
from remote_segments.membership.contract import write_tables_page
from remote_segments.rest.destinations_reference import write_destinations_page
from remote_segments.rest.reference import write_platforms_page

ROOT = Path(__file__).parents[1]

PAGES: dict[str, Callable[[Path], Path]] = {
    "docs/configuration.md": write_reference,
    "docs/destinations.md": write_destinations_page,
    "docs/errors.md": write_errors_page,
    "docs/platforms.md": lambda file: write_platforms_page(file, WITHOUT_MANIFEST.values()),
    "docs/tables.md": write_tables_page,
}
"""Each generated page, and what writes it."""

SCHEMAS = "segment_configs/schema"
"""The folder of the JSON Schemas."""


def generate(root: Path) -> list[Path]:
    """Writes all pages and schemas below a folder; returns the files."""
    (root / "docs").mkdir(parents=True, exist_ok=True)
    return [*(write(root / page) for page, write in PAGES.items()), *write_schemas(root / SCHEMAS)]


if __name__ == "__main__":
    for file in generate(ROOT):
        sys.stdout.write(f"{file.relative_to(ROOT)}\n")
