"""docs/errors.md, made of every error in the source, so that no code can be missing and no sentence out of date."""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docs.sentences import Module, Place, Reader, Scope, bindings, called, placeholder, read_module
from remote_segments import errors

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "remote_segments"

CODE = re.compile(r"[a-z]+(-[a-z]+)*")
"""What a stable code looks like."""

FILES = "Problem"
"""What stands for everything that is wrong with the files of a project."""

MAKERS = {
    **{name: name for name, one in vars(errors).items() if inspect.isclass(one) and issubclass(one, Exception)},
    "Problem": FILES,
    "refusal": FILES,
    "Verdict": "HeldError",
    "BatchRefused": "PlatformError",
    "AnswerUnread": "PlatformError",
    "OutcomeUnknown": "TemporaryError",
}
"""What is called with a code, a finding and a fix, and the kind of error that comes of it."""

SECTIONS: dict[str, tuple[str, type[errors.RemoteSegmentsError], str | None]] = {
    FILES: (
        "Files",
        errors.InvalidProject,
        "Edit the file that the message names; `validate` and `platform check` find all of these.",
    ),
    "ProjectError": ("Project, account and model", errors.ProjectError, None),
    "TemporaryError": ("Wait", errors.TemporaryError, "Dagster tries these again by itself."),
    "PlatformError": ("Platform", errors.PlatformError, None),
    "HeldError": ("Held", errors.HeldError, None),
    "EngineError": ("Bugs", errors.EngineError, None),
}

INTRODUCTION = """# Errors

<!-- Generated from the source by `make docs`; edit the sentence where it is raised, not this file. -->

Every message has a stable code in brackets, says where, what was found and what to do. The exit code of
`remote-segments` says who must act; Dagster shows the same message, with `code` in the metadata of the failed step.
Whatever fails, the last published snapshot stays as it is. `{names}` stand for values.
"""


@dataclass(frozen=True)
class Told:
    """One error as it is raised in one place."""

    kind: str
    code: str
    found: tuple[str, ...]
    fix: tuple[str, ...]
    module: str


def read_package(folder: Path = PACKAGE) -> list[Module]:
    """All modules of the package, but for the simulator, whose errors are those of the platforms it plays."""
    files = [file for file in sorted(folder.rglob("*.py")) if "simulator" not in file.relative_to(folder).parts[:1]]
    return [read_module(file, file.relative_to(folder.parent).as_posix()) for file in files if file.name != "errors.py"]


def told(modules: list[Module]) -> list[Told]:
    """Every error of the modules, by kind and code; the same one raised twice is told once."""
    functions = {name: (module, one) for module in modules for name, one in module.functions.items()}
    reader = Reader(functions)
    found = {(one.kind, one.code, one.found, one.fix): one for module in modules for one in _told(module, reader)}
    order = list(SECTIONS)
    return sorted(found.values(), key=lambda one: (order.index(one.kind), one.code, one.found, one.fix))


def _told(module: Module, reader: Reader) -> Iterator[Told]:
    for call in module.calls():
        maker = called(call)
        if maker in MAKERS and call.args and isinstance(call.args[0], ast.Starred):
            yield from _tuples(MAKERS[maker], module, reader)
        elif maker in MAKERS:
            given = {one.arg: one.value for one in call.keywords if one.arg}
            parts = [*call.args, *(given[name] for name in ("found", "fix") if name in given)][:3]
            yield from _made(MAKERS[maker], parts, module, module.scopes[call], reader)
        elif maker == "_Told" and len(call.args) == 4 and isinstance(call.args[0], ast.Name):
            for one in _made(MAKERS[call.args[0].id], call.args[1:], module, (), reader):
                words = tuple(f"The platform answered {{status}} {text}." for text in one.found)
                yield Told(one.kind, one.code, words, one.fix, one.module)


def _tuples(kind: str, module: Module, reader: Reader) -> Iterator[Told]:
    """Errors kept as tuples of code, finding and fix."""
    for node in module.scopes:
        if isinstance(node, ast.Tuple) and len(node.elts) == 3 and _codes(Place(node.elts[0], module), reader)[:1]:
            yield from _made(kind, node.elts, module, module.scopes[node], reader)


def _made(kind: str, parts: list[ast.expr], module: Module, scope: Scope, reader: Reader) -> Iterator[Told]:
    """The errors that one call may make: one for each code that it may be given."""
    if len(parts) < 3:
        return
    code, found, fix = (Place(node, module, scope) for node in parts)
    for given in _environments(code):
        known = given.get(code.node.id, code) if isinstance(code.node, ast.Name) else code
        for text in _codes(known, reader):
            found_texts, fix_texts = (
                tuple(reader.texts(one, given)) or (f"{{{placeholder(one.node)}}}",) for one in (found, fix)
            )
            yield Told(kind, text, found_texts, fix_texts, module.name)


def _environments(code: Place) -> Iterator[dict[str, Place]]:
    """What is known together with a code: the names bound with it, or the arguments of each call."""
    if not isinstance(code.node, ast.Name):
        yield {}
        return
    name = code.node.id
    bound = list(bindings(name, code))
    yield from bound
    for function in reversed(code.scope if not bound else ()):
        yield from (given for _, given in code.module.calls_of(function) if name in given)


def _codes(place: Place, reader: Reader) -> list[str]:
    return [text for text in reader.texts(place) if CODE.fullmatch(text)]


def errors_page(modules: list[Module] | None = None) -> str:
    """Returns the text of docs/errors.md."""
    found = told(read_package() if modules is None else modules)
    blocks = [INTRODUCTION]
    for kind, (title, error, more) in SECTIONS.items():
        about = " ".join((inspect.getdoc(error) or "").split())
        lines = [f"## {title}", "", f"`{error.__name__}`, exit code {error.exit_code}. {about}"]
        lines += ["", more] if more else []
        lines += ["", "| code | what was found | what to do |", "|---|---|---|"]
        lines += [f"| `{one.code}` | {_cell(one.found)} | {_cell(one.fix)} |" for one in found if one.kind == kind]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _cell(alternatives: tuple[str, ...]) -> str:
    return "<br>".join(" ".join(text.split()).replace("|", "\\|").replace("<", "&lt;") for text in alternatives)


def write_errors_page(file: Path) -> Path:
    """Writes docs/errors.md and returns its path."""
    file.write_text(errors_page(), encoding="utf-8")
    return file
