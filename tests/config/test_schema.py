"""Generated files are current, and editors judge the examples as we do."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from remote_segments.config.reference import SECTIONS, reference, write_reference
from remote_segments.config.schema import FILES, schema_text, schemas, write_schemas
from remote_segments.settings import Settings

REPOSITORY = Path(__file__).parents[2]
WRITTEN = REPOSITORY / "segment_configs" / "schema"
EXAMPLES = [
    *sorted((REPOSITORY / "segment_configs").glob("*.yaml")),
    *sorted((REPOSITORY / "segment_configs" / "segments").glob("*.yaml")),
    *sorted((REPOSITORY / "segment_configs" / "audiences").glob("*.yaml")),
    *sorted((REPOSITORY / "tests" / "configs" / "good").rglob("*.yaml")),
]
PLATFORMS = sorted((REPOSITORY / "remote_segments" / "platforms").glob("*.yaml"))


def as_an_editor_reads(file: Path) -> Any:
    """A file with the types of plain YAML, and days as text, as JSON has none."""
    return json.loads(json.dumps(yaml.safe_load(file.read_text()), default=date.isoformat))


@pytest.mark.parametrize("name", FILES)
def test_a_schema_is_current(name: str) -> None:
    """`make docs` was run after the last change of a settings class."""
    assert (WRITTEN / name).read_text() == schema_text(schemas()[name])


def test_the_reference_is_current() -> None:
    """docs/configuration.md says what the settings classes say."""
    assert (REPOSITORY / "docs" / "configuration.md").read_text() == reference()


@pytest.mark.parametrize("name", FILES)
def test_a_schema_is_one(name: str) -> None:
    """The generated files are valid JSON Schema."""
    jsonschema.Draft202012Validator.check_schema(schemas()[name])


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: f"{file.parent.parent.name}-{file.stem}")
def test_an_example_names_its_schema_and_fits_it(file: Path) -> None:
    """Every example has the editor's line, which leads to the right file, and no editor marks anything in it."""
    first = file.read_text().splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    schema = (file.parent / first.partition("$schema=")[2]).resolve()
    kinds = {"segments": "segment.json", "audiences": "audience.json"}
    assert schema == WRITTEN / kinds.get(file.parent.name, "project.json")
    jsonschema.Draft202012Validator(json.loads(schema.read_text())).validate(as_an_editor_reads(file))


@pytest.mark.parametrize("file", PLATFORMS, ids=lambda file: file.stem)
def test_a_bundled_platform_fits_its_schema(file: Path) -> None:
    """An editor accepts the manifests that come along, which people copy from."""
    jsonschema.Draft202012Validator(schemas()["platform.json"]).validate(as_an_editor_reads(file))


@pytest.mark.parametrize("example", ["misspelt_key", "missing_key", "list_instead_of_text", "unknown_hash"])
def test_an_editor_marks_a_mistake_of_shape(example: str) -> None:
    """What is wrong without knowing other files is seen while typing."""
    file = REPOSITORY / "tests" / "configs" / "bad" / example / "segments" / "vip_openers.yaml"
    validator = jsonschema.Draft202012Validator(schemas()["segment.json"])
    assert not validator.is_valid(as_an_editor_reads(file))


def test_every_key_has_a_description() -> None:
    """The reference and the editors have something to say about every key."""
    for _, _, model in SECTIONS:
        assert issubclass(model, Settings)
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


def test_generated_files_can_be_written_anywhere(tmp_path: Path) -> None:
    """`make docs` and a new project write the same files."""
    assert {file.name for file in write_schemas(tmp_path / "schema")} == set(FILES)
    assert write_reference(tmp_path / "configuration.md").read_text() == reference()
