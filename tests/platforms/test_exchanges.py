"""Replays the documented exchanges of every platform: given answers, the expected calls, the expected result."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from remote_segments.conformance.exchanges import Case
from remote_segments.conformance.reading import exchanges_file, load_exchanges
from remote_segments.conformance.replay import differences
from remote_segments.rest.catalog import bundled, load_manifest

NEEDED = {"fetch", "describe", "preview", "segments"}
PLATFORMS = pytest.mark.parametrize("path", bundled(), ids=lambda path: path.stem)


def cases() -> Iterator[Any]:
    """Yields every case of every platform that has exchanges."""
    for path in bundled():
        if exchanges_file(path).is_file():
            for name, case in load_exchanges(path).cases.items():
                yield pytest.param(path, case, id=f"{path.stem}-{name}")


@pytest.mark.parametrize(("path", "case"), list(cases()))
def test_a_platform_speaks_as_written(path: Path, case: Case) -> None:
    """The calls are those expected, and the answers become what is expected, or the expected error."""
    assert [str(difference) for difference in differences(load_manifest(path), case)] == []


@PLATFORMS
def test_every_platform_has_exchanges(path: Path) -> None:
    """Each bundled platform replays a fetch, a description, a preview and a listing."""
    written, manifest = load_exchanges(path).cases.values(), load_manifest(path)
    assert {case.do for case in written} >= (NEEDED if manifest.sources else set())
    assert {case.source for case in written if case.do == "fetch"} == set(manifest.sources)


@PLATFORMS
def test_every_verb_of_a_destination_has_exchanges(path: Path) -> None:
    """Each verb of each destination replays a batch that is written down call by call."""
    written, manifest = load_exchanges(path).cases.values(), load_manifest(path)
    sent = {(case.destination, case.verb) for case in written if case.do == "send"}
    assert sent == {(kind, verb) for kind, block in manifest.destinations.items() for verb in block.verbs()}
