"""Platforms in Python: the documented example runs, and what a method gives must be proven like any pages."""

import re
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import httpx
import pytest

from remote_segments.cli.simulator import served_exchanges
from remote_segments.conformance.kit import check_platform
from remote_segments.conformance.world import World
from remote_segments.errors import InvalidProject, RemoteSegmentsError
from remote_segments.rest.catalog import installed_files, load_manifest, load_platforms, verbs
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.python import loading
from tests.support.invented_platform import connect

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "python-platforms.md"
FILES = ("gadgets.yaml", "gadgets.py", "gadgets.exchanges.yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the documented example, as its document shows them."""
    text = DOCUMENT.read_text()
    for name in FILES:
        block = re.search(rf"```(?:yaml|python)\n(# platforms/{re.escape(name)}\n.*?)```", text, re.DOTALL)
        assert block is not None
        (tmp_path / name).write_text(block[1])
    return tmp_path


def written(folder: Path, body: str, **lines: str) -> Manifest:
    """The example with another method `members`; `lines` replace lines of its manifest."""
    (folder / "gadgets.py").write_text(
        "from remote_segments.rest.python import Complete, Description, Listed, Pause, PythonPlatform\n\n\n"
        "class Gadgets(PythonPlatform):\n"
        f"    def members(self, source):\n        {body}\n\n"
        "    def describe(self, source):\n        return Description('Owners')\n        yield\n\n"
        "    def segments(self, source):\n        return []\n        yield\n"
    )
    manifest = (folder / "gadgets.yaml").read_text()
    for old, new in lines.items():
        manifest = re.sub(rf"^    {old}: .*$", f"    {old}: {new}", manifest, flags=re.MULTILINE)
    (folder / "gadgets.yaml").write_text(manifest)
    return load_manifest(folder / "gadgets.yaml")


def answer(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"name": "Owners", "entries": [1, 2]})


def fetched(manifest: Manifest, world: World) -> tuple[list[Any], Any]:
    """The columns of all pages, and the proof."""
    platform = connect_gadgets(manifest, answer, world)
    fetch = platform.fetch("group", {"group_id": "7"})
    return [page.columns for page in fetch], fetch.proof


def connect_gadgets(manifest: Manifest, server: Callable[[httpx.Request], httpx.Response], world: World) -> Any:
    return connect(
        manifest.model_copy(update={"auth": manifest.auth.model_copy(update={"secret": "key"})}), server, world
    )


def test_the_documented_platform_passes_the_whole_kit(folder: Path) -> None:
    """Promise 34: what Python reads is held against its documented exchanges as any manifest is."""
    report = check_platform(folder / "gadgets.yaml")
    assert [str(problem) for problem in report.problems] == []
    applied = {line.row for line in report.lines if line.verdict.result == "ok"}
    assert {"three-pages", "repeated-cursor", "wrong-total", "cut-body", "null-page", "foreign-link"} <= applied
    manifest = load_manifest(folder / "gadgets.yaml")
    assert verbs(manifest) == ("members", "describe", "list")
    assert manifest.calls_per_refresh("group", 1_000) == 5 + 1


def test_a_wrong_path_in_the_code_fails_the_kit(folder: Path) -> None:
    """The code reads another field than the documentation shows: members differ, or the path is missing."""
    code = (folder / "gadgets.py").read_text()
    (folder / "gadgets.py").write_text(code.replace('entry.get("email")', 'entry.get("mail")'))
    assert "email" in "\n".join(map(str, check_platform(folder / "gadgets.yaml").problems))
    (folder / "gadgets.py").write_text(code.replace('"more")', '"mroe")'))
    assert "`mroe`" in "\n".join(map(str, check_platform(folder / "gadgets.yaml").problems))


def test_everything_may_be_python(folder: Path, world: World) -> None:
    """Describing and listing may be methods, too; a wait is a step like any other."""
    body = (
        "yield Pause(3)\n        yield [{'person_id': 1, 'email': None}]\n        return Complete('one page', total=1)"
    )
    manifest = written(folder, body, describe="{kind: python}")
    columns, proof = fetched(manifest, world)
    assert columns == [{"person_id": ["1"], "email": [None]}]
    assert proof.completeness == "one page; the platform's total agrees"
    assert world.slept == [3]
    platform = connect_gadgets(manifest, answer, world)
    assert platform.describe("group", {"group_id": "7"}).name == "Owners"
    assert platform.segments("group") == []
    assert platform.preview("group", {"group_id": "7"}).columns == columns[0]


PAGE = "yield [{'person_id': 1, 'email': 'a@example.test'}]"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (PAGE, "end-unproven"),
        (f"{PAGE}\n        return Complete('')", "end-unproven"),
        (f"{PAGE}\n        return Complete('all')", "end-unproven"),
        (f"{PAGE}\n        return Complete('all', total=2)", "total-mismatch"),
        (f"{PAGE}\n        {PAGE}\n        return Complete('all', total=1)", "cursor-repeated"),
        ("yield [{'email': 'a@example.test'}]", "path-missing"),
        ("yield [{'person_id': '1'}]", "wrong-type"),
        ("yield [{'person_id': None}]", "member-without-id"),
        ("yield {'person_id': 1}", "code-wrong"),
        ("yield [{'person_id': 1, 'joined_at': 'today'}]", "wrong-type"),
        ("answer = yield self.get('/x')\n        yield [self.json(answer)['absent']]", "code-failed"),
        ("raise self.changed('It is another answer.')\n        yield", "answer-unexpected"),
        ("yield self.follow('https://elsewhere.example.test/', self.get('/x'))", "foreign-link"),
        ("for number in range(9):\n            yield [{'person_id': number + 1}]", "page-limit"),
    ],
)  # fmt: skip
def test_what_a_method_gives_must_be_proven(body: str, code: str, folder: Path, world: World) -> None:
    """Promise 2: a method that ends without a reason, or gives what it must not, is an error."""
    manifest = written(folder, body, members="{kind: python, certainty: exact, max_pages: 3}")
    with pytest.raises(RemoteSegmentsError) as told:
        fetched(manifest, world)
    assert told.value.code == code
    assert "a@example.test" not in str(told.value)
    assert "gadgets" in str(told.value)


def test_a_mistake_in_the_code_is_named_by_its_line_not_by_its_text(folder: Path, world: World) -> None:
    """The text of an exception may hold whatever an answer held; the line is enough to find it."""
    manifest = written(folder, "raise ValueError('ada@example.test')\n        yield")
    with pytest.raises(RemoteSegmentsError) as told:
        fetched(manifest, world)
    assert "raised ValueError in line 6 of gadgets.py" in str(told.value)
    assert "ada" not in str(told.value)


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (None, "code-missing", "there is no gadgets.py beside it"),
        ("x = ", "code-unloadable", "SyntaxError in line 1"),
        ("import absent_module", "code-unloadable", "ModuleNotFoundError in line 1 of gadgets.py"),
        ("x = 1", "code-wrong", "0 subclasses"),
        ("from remote_segments.rest.python import PythonPlatform\nclass A(PythonPlatform): ...", "code-wrong",
         "no method `members`"),
    ],
)  # fmt: skip
def test_code_that_cannot_be_used_is_refused_when_loaded(
    code: str | None, error: str, words: str, folder: Path
) -> None:
    """A project with such a file says so at once, with the file."""
    (folder / "gadgets.py").unlink()
    if code is not None:
        (folder / "gadgets.py").write_text(code)
    with pytest.raises(InvalidProject) as told:
        load_manifest(folder / "gadgets.yaml")
    assert error in {problem.code for problem in told.value.problems}
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("identifiers", "{person_id: {path: number}}", "identifiers have no path"),
        ("members", "{kind: python, tolerance: 0.01}", "only a drifting count has a tolerance"),
    ],
)
def test_a_manifest_that_does_not_fit_its_code_is_refused(old: str, new: str, words: str, folder: Path) -> None:
    """What belongs to the code cannot be written in the manifest, too."""
    with pytest.raises(InvalidProject, match=words):
        written(folder, PAGE, **{old: new})


def test_an_installed_platform_is_found_by_its_entry_point(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package brings manifest and class along; a project's own manifest of that name goes before it."""
    monkeypatch.syspath_prepend(str(folder))
    point = EntryPoint("gadgets", "gadgets:Gadgets", loading.GROUP)
    monkeypatch.setattr(loading, "entry_points", lambda group: [point] if group == loading.GROUP else [])
    try:
        found = load_platforms()["gadgets"]
        assert (found.title, found.code.__name__ if found.code else "") == ("Gadgets", "Gadgets")
        assert installed_files() == [folder / "gadgets.yaml"]
        assert served_exchanges()["gadgets"] == folder / "gadgets.exchanges.yaml"  # so that it has a simulated account
        (folder / "gadgets.yaml").rename(folder / "other.yaml")
        (folder / "other.yaml").write_text((folder / "other.yaml").read_text().replace("name: gadgets", "name: other"))
        monkeypatch.setattr(found.code, "manifest", "other.yaml")
        assert load_platforms()["other"].code is load_manifest(folder / "other.yaml").code
        (folder / "other.yaml").rename(folder / "gadgets.yaml")
        (folder / "gadgets.yaml").write_text(
            (folder / "gadgets.yaml").read_text().replace("name: other", "name: gadgets")
        )
        monkeypatch.setattr(found.code, "manifest", "")
        own = folder / "own"
        own.mkdir()
        for name in FILES[:2]:
            (own / name).write_text((folder / name).read_text().replace("title: Gadgets", "title: Ours"))
        assert load_platforms(own)["gadgets"].title == "Ours"
        wrong = EntryPoint("gadgets", "gadgets:Complete", loading.GROUP)
        monkeypatch.setattr(loading, "entry_points", lambda group: [wrong])
        with pytest.raises(InvalidProject, match="code-wrong"):
            load_platforms()
    finally:
        sys.modules.pop("gadgets", None)
