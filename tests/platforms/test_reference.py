"""The generated page about platforms is current and claims no more than the tests prove."""

from pathlib import Path

import pytest

from remote_segments.config.platforms import WITHOUT_MANIFEST
from remote_segments.conformance.reading import exchanges_file, load_exchanges
from remote_segments.identifiers import KINDS
from remote_segments.rest.catalog import bundled, load_platforms, verbs
from remote_segments.rest.destinations_reference import destinations_page, write_destinations_page
from remote_segments.rest.reference import PROOFS, platforms_page, write_platforms_page

ROOT = Path(__file__).parents[2]


def test_the_page_is_current(tmp_path: Path) -> None:
    """`make docs` was run after the last change of a manifest or a brick."""
    assert (ROOT / "docs" / "platforms.md").read_text() == platforms_page(others=WITHOUT_MANIFEST.values())
    assert write_platforms_page(tmp_path / "platforms.md").read_text() == platforms_page()


def test_the_page_of_destinations_is_current(tmp_path: Path) -> None:
    """`make docs` was run after the last change of a write side; every destination has its row."""
    page = (ROOT / "docs" / "destinations.md").read_text()
    assert page == destinations_page()
    assert write_destinations_page(tmp_path / "destinations.md").read_text() == page
    kinds = [kind for one in load_platforms().values() for kind in one.destinations.values()]
    assert sum(f"| {kind.title} |" in page for kind in kinds) == len(kinds)


@pytest.mark.parametrize("path", bundled(), ids=lambda path: path.stem)
def test_a_proof_level_is_earned(path: Path) -> None:
    """`replayed` needs exchanges that are replayed, `live` a test against its real server; neither is left unsaid."""
    proof = load_platforms()[path.stem].proof
    assert proof in PROOFS
    replayed = exchanges_file(path).is_file() and bool(load_exchanges(path).cases)
    real = any(f'"{path.stem}"' in file.read_text() for file in (ROOT / "tests" / "real_servers").glob("test_*.py"))
    assert proof == ("live" if real else "replayed" if replayed else "documented")


@pytest.mark.parametrize("path", bundled(), ids=lambda path: path.stem)
def test_a_manifest_says_what_a_person_needs(path: Path) -> None:
    """Every part that a manifest writes down names its documentation, and every kind can be listed."""
    manifest = load_platforms()[path.stem]
    assert {"auth", *verbs(manifest)} <= set(manifest.docs)
    for kind in manifest.sources.values():
        assert kind.list is not None
        assert {field.kind for field in kind.identifiers.values()} <= set(KINDS)
    for destination in manifest.destinations.values():
        assert {field.kind for field in destination.identifiers.values()} <= set(KINDS)


@pytest.mark.parametrize("path", bundled(), ids=lambda path: path.stem)
def test_a_page_says_how_to_get_the_typical_audiences(path: Path) -> None:
    """Each platform's page says of each of the four what to build in the tool, or that it cannot give it."""
    manifest = load_platforms()[path.stem]
    if not manifest.sources:
        pytest.skip("nothing is read from it")
    assert manifest.audiences is not None
    told = dict(manifest.audiences.sentences())
    assert len(told) == 4
    page = platforms_page({path.stem: manifest})
    for who, how in told.items():
        assert how.strip().endswith(".")
        assert f"  - {who}: {how.strip()}" in page
    assert "udiences:" not in (manifest.notes or "")


@pytest.mark.parametrize("path", bundled(), ids=lambda path: path.stem)
def test_nobody_else_would_be_read_by_mistake(path: Path) -> None:
    """The id keys of a segment file say which kind of source is meant: no two kinds of a platform share them."""
    kinds = load_platforms()[path.stem].sources
    sets = {name: frozenset(kind.ids) for name, kind in kinds.items()}
    assert len(set(sets.values())) == len(sets)
    for name, ids in sets.items():
        assert load_platforms()[path.stem].source_kind(ids) == (name, kinds[name])
