"""Manifests that are changed before they are checked."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from remote_segments.conformance.reading import exchanges_file
from remote_segments.rest.catalog import bundled

Edit = Callable[..., Path]


@pytest.fixture
def edited(tmp_path: Path) -> Edit:
    """Copies a platform with its exchanges, and replaces texts of the manifest (or of the exchanges)."""

    def edit(name: str, old: str, new: str, *, exchanges: bool = False) -> Path:
        source = {file.stem: file for file in bundled()}[name]
        copy, documented = tmp_path / source.name, tmp_path / f"{name}.exchanges.yaml"
        shutil.copy(source, copy)
        shutil.copy(exchanges_file(source), documented)
        changed = documented if exchanges else copy
        text = changed.read_text()
        assert old in text
        changed.write_text(text.replace(old, new))
        return copy

    return edit
