"""The rules of the house that no linter knows, held over all files."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = sorted((ROOT / "remote_segments").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

LONGEST_MODULE = 400  # lines
LONGEST_FUNCTION = 60  # lines, its docstring not counted
PROMISES = 34
"""How many promises there are; a test that holds one names its number."""

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|\bNotImplementedError\b")
ALLOWED_WAITS = {
    "tests/support/killing.py": "a process is killed at instants spread over its run",
    "tests/support/servers/serving.py": "a server that nobody here wrote takes its time to start",
    "tests/support/mailman.py": "a server that nobody here wrote takes its time to start",
}
"""Files that let time pass, each with its reason."""

OWN_PATHS = re.compile(r"(?<![\w.~}$)])/(home/(?!\.\.\.)\w+|root|work|Users/\w+)/|(?<![\w.~}$)])/tmp/\w")
"""Where a developer's machine keeps things; a file that comes along names none of it."""

ALLOWED_PATHS: dict[str, str] = {}
"""Files that name such a path, each with its reason."""


def relative(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def functions(file: Path) -> Iterator[ast.FunctionDef]:
    """The functions and methods of a file."""
    return (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef))


def test_functions() -> Iterator[tuple[str, str]]:
    """Name and docstring of every test."""
    for file in TESTS:
        for function in functions(file):
            if function.name.startswith("test_") and file.name.startswith("test_"):
                yield f"{relative(file)}::{function.name}", ast.get_docstring(function) or ""


test_functions.__test__ = False  # type: ignore[attr-defined]


def length(function: ast.FunctionDef) -> int:
    """Lines of a function without its docstring."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    own = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - own


def tracked() -> list[Path]:
    """The files that come along with the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=False, capture_output=True, text=True, timeout=30
    )
    if listed.returncode or not listed.stdout:
        pytest.skip("this is not a git checkout, so nothing says which files come along")
    return [file for name in listed.stdout.split("\0") if name and (file := ROOT / name).is_file()]


def test_every_test_says_in_a_sentence_what_it_holds() -> None:
    """A docstring begins with one sentence on one line, which ends with a full stop."""
    wrong = []
    for name, docstring in test_functions():
        first, _, rest = docstring.partition("\n")
        if not first.endswith((".", "?", ":")) or (rest and rest.split("\n")[0].strip() and not first.endswith(".")):
            wrong.append(f"{name}: {first or 'no docstring'}")
    assert wrong == []


def test_every_promise_that_a_test_names_exists() -> None:
    """`Promise 5:` in a docstring is one of the promises."""
    wrong = []
    for name, docstring in test_functions():
        numbers = [int(number) for number in re.findall(r"\bPromise (\d+)", docstring)]
        wrong += [f"{name}: {number}" for number in numbers if not 1 <= number <= PROMISES]
        wrong += [f"{name}: a promise is named as `Promise 5:`" for _ in re.findall(r"\bpromise \d", docstring)]
    assert wrong == []


LETS_TIME_PASS = "lets time pass"


def looking_away(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Lines of a test that wait, expect to fail or skip without a reason."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (found := wrong_call(node)):
            yield node.lineno, found
        if isinstance(node, ast.Attribute) and id(node) not in called and ast.unparse(node) in BARE_MARKS:
            yield node.lineno, "skips without a reason or expects to fail"


BARE_MARKS = ("pytest.mark.skip", "pytest.mark.xfail")


def wrong_call(call: ast.Call) -> str | None:
    """What is wrong with a call in a test, if anything."""
    name = ast.unparse(call.func)
    if name in ("time.sleep", "sleep", "asyncio.sleep"):
        return LETS_TIME_PASS
    if name.endswith("xfail"):
        return "expects to fail"
    words = {one.arg for one in call.keywords}
    reasons = call.args[1:] if name.endswith("skipif") else call.args
    if name.endswith(("pytest.skip", "mark.skip", "skipif")) and not reasons and not words & {"reason", "msg"}:
        return "skips without a reason"
    return None


def test_tests_neither_sleep_nor_look_away() -> None:
    """No test waits for time to pass, expects to fail, or is skipped without saying why."""
    wrong = []
    for file in TESTS:
        for line, found in looking_away(ast.parse(file.read_text())):
            if not (found == LETS_TIME_PASS and relative(file) in ALLOWED_WAITS):
                wrong.append(f"{relative(file)}:{line} {found}")
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "import time; time.sleep(1)",
        "@pytest.mark.skip\ndef test_one(): ...",
        "@pytest.mark.skip()\ndef test_one(): ...",
        "pytest.skip()",
        "@pytest.mark.skipif(True)\ndef test_one(): ...",
        "@pytest.mark.xfail(reason='later')\ndef test_one(): ...",
    ],
)
def test_looking_away_is_seen(text: str) -> None:
    """Each form of it is found."""
    assert len(list(looking_away(ast.parse(text)))) == 1


@pytest.mark.parametrize("folder", ["home/ada", "root", "work", "Users/ada", "tmp"])
def test_a_path_of_a_machine_is_seen(folder: str) -> None:
    """Each place where a developer's machine keeps things is found, an address or a path inside the project is not."""
    assert OWN_PATHS.search(f"see /{folder}/main/notes")
    assert not OWN_PATHS.search(f"https://example.com/{folder}/main, ./{folder}/main, {{root}}/{folder}/main")


def test_every_exception_is_still_needed() -> None:
    """A file that is excused from a rule breaks it."""
    for name in ALLOWED_WAITS:
        assert "time.sleep(" in (ROOT / name).read_text(), name
    for name in ALLOWED_PATHS:
        assert OWN_PATHS.search((ROOT / name).read_text()), name


def test_modules_and_functions_stay_small() -> None:
    """A module has at most 400 lines, a function at most 60 without its docstring."""
    wrong = []
    for file in PACKAGE:
        lines = len(file.read_text().splitlines())
        if lines > LONGEST_MODULE:
            wrong.append(f"{relative(file)} has {lines} lines")
        wrong += [
            f"{relative(file)}: {function.name} has {length(function)} lines"
            for function in functions(file)
            if length(function) > LONGEST_FUNCTION
        ]
    assert wrong == []


def test_nothing_is_left_unfinished() -> None:
    """The package has no note of work to do, and nothing that only says that it is not there."""
    wrong = [
        f"{relative(file)}:{number}: {line.strip()}"
        for file in PACKAGE
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert wrong == []


def test_no_file_names_a_path_of_a_developers_machine() -> None:
    """What comes along works anywhere, and says nothing about where it was written."""
    wrong = []
    for file in tracked():
        name = relative(file)
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # an image
        found = [match[0] for match in OWN_PATHS.finditer(text)]
        if found and name not in ALLOWED_PATHS:
            wrong.append(f"{name}: {', '.join(sorted(set(found)))}")
    assert wrong == []
