"""The documents are current, their examples are right, and every error is explained in them."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from docs.error_codes import CODE, PACKAGE, errors_page, read_package, told
from docs.generate import PAGES, SCHEMAS, generate
from remote_segments import errors
from remote_segments.config.loader import load_project
from remote_segments.config.schema import FILES
from remote_segments.errors import InvalidProject
from remote_segments.sync.casing import run_cases

ROOT = Path(__file__).parents[1]
GENERATED = [*PAGES, *(f"{SCHEMAS}/{name}" for name in FILES)]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").glob("*.md"))]

WALKED = {
    "tutorial-own-platform.md": "its files belong together, and tests/real_servers/test_kinto.py types them all",
    "python-platforms.md": "its files belong together, and tests/rest/test_python_platforms.py runs them",
}
"""Documents whose examples are not looked at one by one, each with its reason."""

BLOCK = re.compile(r"^(?P<indent> *)```ya?ml\n(?P<text>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(
    r"#\s*(?:\S*/)?(?P<folder>segments|platforms|audiences|activations)/(?P<name>\w+(?:\.exchanges)?)\.yaml\b|#\s*(?:\S*/)?(?P<project>project)\.yaml\b"
)
RAISED = re.compile(r"^\s+(?:\w+Error|InvalidProject): (?P<codes>.+)$", re.MULTILINE)

DAGSTER = {"concurrency", "telemetry", "nux", "run_retries", "run_monitoring", "storage", "python_logs"}
"""Keys of dagster.yaml."""

SURROUNDINGS = {
    "version": "1",
    "timezone": "Europe/Paris",
    "start": "2026-11-24",
    "warehouse": {"kind": "duckdb", "path": "warehouse.duckdb"},
    "connections": {
        "klaviyo": {"platform": "klaviyo", "api_key": {"env": "KLAVIYO_API_KEY"}},
        "hubspot": {"platform": "hubspot", "token": {"env": "HUBSPOT_TOKEN"}},
        "drop": {"platform": "files", "url": "exports"},
        "lake": {"platform": "files", "url": "s3://acme-lake/marketing"},
        "warehouse": {"platform": "warehouse"},
    },
    "models": {"contacts": {"table": "analytics.contacts", "key": "contact_id"}},
}
"""The project around an example that shows only one file or one block of it."""

SEGMENT = {
    "model": "contacts",
    "source": {"connection": "klaviyo", "segment_id": "XkR2fP"},
    "identifiers": [{"external_id": "contact_id"}, {"email": "email"}],
    "refresh_frequency": "1 hour",
}
"""The segment that an example of cases is about."""

INPUTS = ("newsletter", "paying_customers", "vip_openers", "win_back")
"""The segments that examples of audiences are made of."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every generated file, written just now."""
    folder = tmp_path_factory.mktemp("generated")
    generate(folder)
    return folder


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_file_is_current(name: str, written: Path) -> None:
    """`make docs` was run after the last change of what the file is made of."""
    assert (ROOT / name).read_text() == (written / name).read_text(), f"{name} is out of date: run `make docs`"


def test_every_generated_file_is_looked_at(written: Path) -> None:
    """What `make docs` writes is exactly what is compared."""
    files = [file.relative_to(written).as_posix() for file in written.rglob("*") if file.is_file()]
    assert sorted(files) == sorted(GENERATED)


def examples() -> Iterator[tuple[str, str]]:
    """The YAML blocks of all documents, by document and line."""
    for file in DOCUMENTS:
        if file.name in WALKED:
            continue
        text = file.read_text()
        for match in BLOCK.finditer(text):
            line = text[: match.start()].count("\n") + 1
            indent = len(match["indent"])
            yield f"{file.name}:{line}", "".join(row[indent:] or "\n" for row in match["text"].splitlines(True))


EXAMPLES = dict(examples())


def mapping(text: str) -> dict[str, Any]:
    """The content of an example."""
    content = yaml.safe_load(text)
    if not isinstance(content, dict):
        raise TypeError("the example is no mapping")
    return content


def make_folders(folder: Path, *, with_list: bool) -> None:
    """Makes the folders of a project, with the segment that examples of suppression name."""
    for kind in ("segments", "platforms", "audiences", "activations", "tests"):
        (folder / kind).mkdir()
    if with_list:
        (folder / "segments" / "unsubscribed.yaml").write_text(yaml.safe_dump(SEGMENT))


def lay_out(text: str, folder: Path) -> None:
    """Writes an example as the file that it is, with a sound project around it.

    A first comment may name the file (`# segment_configs/segments/vip.yaml`); else its keys tell: a segment has a
    `source`, a platform `sources`, a project a `version`; blocks of project.yaml and single connections are put in.
    """
    make_folders(folder, with_list="suppression:" in text)
    project: dict[str, object] = dict(SURROUNDINGS)
    content = mapping(text)
    named = NAMED.search(text)
    if content.keys() <= DAGSTER:
        (folder / "dagster.yaml").write_text(text)
    elif content.keys() == {"segment", "cases"}:
        (folder / "tests" / "example.yaml").write_text(text)
        (folder / "segments" / f"{content['segment']}.yaml").write_text(yaml.safe_dump(SEGMENT))
    elif named and not named["project"]:
        lay_out_named(text, named, folder)
    elif "source" in content or "identifiers" in content:
        (folder / "segments" / "example.yaml").write_text(text)
    elif "sources" in content:
        (folder / "platforms" / f"{content['name']}.yaml").write_text(text)
    elif "version" in content:
        (folder / "project.yaml").write_text(text)
        return
    elif content.keys() & {
        "suppression",
        "consent",
        "connections",
        "models",
        "environments",
        "warehouse",
        "timezone",
        "start",
    }:
        project |= content
    elif all(isinstance(value, dict) and "platform" in value for value in content.values()):
        project["connections"] = {**SURROUNDINGS["connections"], **content}  # type: ignore[dict-item]
    else:
        raise ValueError("name the file that this example is in a comment: `# project.yaml`")
    (folder / "project.yaml").write_text(yaml.safe_dump(project))


def lay_out_named(text: str, named: re.Match[str], folder: Path) -> None:
    """Writes an example as the file that its comment names; an audience or activation beside what it is made of."""
    (folder / named["folder"] / f"{named['name']}.yaml").write_text(text)
    for name in INPUTS if named["folder"] in ("audiences", "activations") else ():
        (folder / "segments" / f"{name}.yaml").write_text(yaml.safe_dump(SEGMENT))


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_in_a_document_is_valid(name: str, tmp_path: Path) -> None:
    """What a reader copies is accepted by `validate`, in a project around it."""
    lay_out(EXAMPLES[name], tmp_path)
    assert run_cases(load_project(tmp_path)).failures == []
    if (tmp_path / "dagster.yaml").exists():
        dg.DagsterInstance.from_config(str(tmp_path)).dispose()


def test_a_wrong_example_would_be_found(tmp_path: Path) -> None:
    """The check of examples refuses a misspelt key."""
    lay_out("# segments/vip.yaml\nmodle: contacts\nsource: {connection: klaviyo, segment_id: X}\n", tmp_path)
    with pytest.raises(InvalidProject):
        load_project(tmp_path)


def documented() -> set[str]:
    """The codes that docs/errors.md explains."""
    return set(re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE))


def promised() -> Iterator[tuple[str, str]]:
    """The codes that docstrings say are raised, and where: written by hand, so that the page is judged by them."""
    for file in sorted(PACKAGE.rglob("*.py")):
        if "simulator" in file.parts or file.name == "errors.py":
            continue
        for match in RAISED.finditer(file.read_text()):
            for code in re.findall(r"`([^`]+)`", match["codes"]):
                if CODE.fullmatch(code) and ("-" in code or match["codes"].startswith(f"`{code}`")):
                    yield code, file.relative_to(ROOT).as_posix()


def test_every_code_that_a_docstring_promises_is_explained() -> None:
    """What the code says it raises is in docs/errors.md."""
    known = documented()
    assert [(code, file) for code, file in promised() if code not in known] == []


def test_every_code_that_a_test_expects_is_explained() -> None:
    """A code that a test waits for is in docs/errors.md."""
    known = documented()
    texts = [file.read_text() for file in (ROOT / "tests").rglob("*.py") if file != Path(__file__)]
    expected = {code for text in texts for code in re.findall(r'\.code == "([a-z]+-[a-z-]+)"', text)}
    assert len(expected) > 20
    assert expected - known == set()


def test_every_error_is_told_in_whole_sentences() -> None:
    """Each entry says what was found and what to do, and knows who must act."""
    found = told(read_package())
    assert len({one.code for one in found}) > 60
    for one in found:
        assert one.found, one
        assert one.fix, one
        assert CODE.fullmatch(one.code), one
        for sentence in (*one.found, *one.fix):
            assert (
                sentence.startswith(("base_url", "--")) or sentence[0] in "`{" or sentence[0] == sentence[0].upper()
            ), sentence


def test_the_page_says_the_exit_code_of_every_kind() -> None:
    """Who must act is told by the exit code, and the page has all of them."""
    page = errors_page()
    kinds = [errors.InvalidProject, errors.ProjectError, errors.TemporaryError, errors.PlatformError]
    for kind in (*kinds, errors.HeldError, errors.EngineError):
        assert f"`{kind.__name__}`, exit code {kind.exit_code}." in page


def test_the_generator_is_a_command(written: Path) -> None:
    """`python -m docs.generate` is what `make docs` runs."""
    assert "-m docs.generate" in (ROOT / "Makefile").read_text()
    assert Path(sys.modules["docs.generate"].__file__ or "").parent == ROOT / "docs"
