"""Reads the sentences of errors out of the source: which texts an expression may give, with `{names}` for values."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

MOST = 24
"""Alternatives of one sentence that are told apart; what gives more is told by its placeholders."""

_TWICE = re.compile(r"(\{[a-z_.]+\})\1")
"""A value that is written in two pieces."""

DEPTH = 4
"""Calls and names followed into one another."""

SAID = {
    "choose": "Did you mean `{near}`? Known: {names}.",
    "kind_of": "{kind}",
    "listed": "{names}",
    "said": "`{key}`",
}
"""Functions that write a piece of a sentence, and how that is told; others are followed."""

Scope = tuple[ast.FunctionDef, ...]
"""The functions around an expression, the innermost last."""


@dataclass(frozen=True)
class Place:
    """An expression, and where it stands."""

    node: ast.expr
    module: "Module"
    scope: Scope = ()


@dataclass(eq=False)
class Module:
    """One file of source with what is looked up in it."""

    name: str
    tree: ast.Module
    scopes: dict[ast.AST, Scope] = field(default_factory=dict)
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)

    def calls(self) -> Iterator[ast.Call]:
        """Every call, in the order of the file."""
        found = [node for node in self.scopes if isinstance(node, ast.Call)]
        return iter(sorted(found, key=lambda node: (node.lineno, node.col_offset)))

    def calls_of(self, function: ast.FunctionDef) -> Iterator[tuple[ast.Call, dict[str, Place]]]:
        """The calls of a function in its own module, with the expression given for each of its parameters."""
        names = [one.arg for one in function.args.args if one.arg != "self"]
        for call in self.calls():
            if called(call) == function.name:
                scope = self.scopes[call]
                given = {name: Place(node, self, scope) for name, node in zip(names, call.args, strict=False)}
                given |= {one.arg: Place(one.value, self, scope) for one in call.keywords if one.arg}
                yield call, given


def read_module(file: Path, name: str) -> Module:
    """Reads one file."""
    module = Module(name, ast.parse(file.read_text(encoding="utf-8")))
    _note(module.tree, (), module)
    return module


def _note(node: ast.AST, scope: Scope, module: Module) -> None:
    for child in ast.iter_child_nodes(node):
        module.scopes[child] = scope
        module.parents[child] = node
        inner = scope
        if isinstance(child, ast.FunctionDef):
            module.functions.setdefault(child.name, child)
            inner = (*scope, child)
        _note(child, inner, module)


def called(call: ast.Call) -> str:
    """The last name of what is called: `ProjectError`, `refusal`."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def bindings(name: str, place: Place) -> Iterator[dict[str, Place]]:
    """The statements that may give a name its value here: for each, the expressions of all names that it binds."""
    for function in reversed(place.scope):
        found = _in_force(list(_bound_in(function, name, place.module)), place)
        if found:
            yield from (pairs for _, pairs in found)
            return
        if name in {one.arg for one in function.args.args}:
            return
    yield from (pairs for _, pairs in _bound_in(place.module.tree, name, place.module))


Bound = tuple[ast.AST, dict[str, Place]]
"""A statement, and the expressions of the names that it binds."""


def _in_force(bound: list[Bound], place: Place) -> list[Bound]:
    """Leaves out what a later statement of the same block, or of one around it, has replaced."""
    around: set[ast.AST] = {place.node}
    node: ast.AST = place.node
    while node in place.module.parents:
        node = place.module.parents[node]
        around.add(node)
    kept: list[Bound] = []
    for statement, pairs in bound:
        if getattr(statement, "lineno", 0) >= place.node.lineno:
            continue
        if place.module.parents[statement] in around and kept and kept[-1][0] is not statement:
            kept = []
        kept.append((statement, pairs))
    return kept


def _bound_in(node: ast.AST, name: str, module: Module) -> Iterator[Bound]:
    own = (node,) if isinstance(node, ast.FunctionDef) else ()
    statements = [one for one in ast.walk(node) if isinstance(one, ast.stmt)]
    for statement in sorted(statements, key=lambda one: one.lineno):
        scope = module.scopes.get(statement, ())
        if scope[-1:] != own:
            continue
        for pairs in _pairs(statement):
            if name in pairs:
                yield statement, {key: Place(value, module, scope) for key, value in pairs.items()}


def _pairs(statement: ast.AST) -> Iterator[dict[str, ast.expr]]:
    """What a statement binds: `a = b`, `a, b = c, d`, `a, b = (c, d) if e else (f, g)`, `for a, b in ((c, d), ...)`."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        yield from _unpacked(statement.targets[0], statement.value)
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        yield from _unpacked(statement.target, statement.value)
    elif isinstance(statement, ast.For) and isinstance(statement.iter, ast.Tuple):
        for value in statement.iter.elts:
            yield from _unpacked(statement.target, value)


def _unpacked(target: ast.expr, value: ast.expr) -> Iterator[dict[str, ast.expr]]:
    if isinstance(value, ast.IfExp) and isinstance(target, ast.Tuple):
        yield from _unpacked(target, value.body)
        yield from _unpacked(target, value.orelse)
    elif isinstance(target, ast.Name):
        yield {target.id: value}
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        yield {one.id: two for one, two in zip(target.elts, value.elts, strict=True) if isinstance(one, ast.Name)}


@dataclass(frozen=True)
class Reader:
    """Tells which texts expressions may give; `functions` are those of all modules that return a sentence."""

    functions: Mapping[str, tuple[Module, ast.FunctionDef]]

    def texts(self, place: Place, given: Mapping[str, Place] | None = None, depth: int = DEPTH) -> list[str]:
        """The alternatives that an expression may give; none where nothing is known of it.

        Args:
            place: the expression.
            given: names whose expression is known already: parameters of a call, names bound together.
            depth: how many names and calls are still followed.
        """
        given = given or {}
        node = place.node
        if isinstance(node, ast.Constant):
            return [node.value] if isinstance(node.value, str) else []
        if isinstance(node, ast.Name | ast.Call):
            follow = self._named if isinstance(node, ast.Name) else self._called
            return follow(node, place, given, depth - 1) if depth else []  # type: ignore[arg-type]
        if isinstance(node, ast.JoinedStr):
            return _joined([self._part(part, place, given, depth) for part in node.values])
        return self._compound(node, place, given, depth)

    def _compound(self, node: ast.expr, place: Place, given: Mapping[str, Place], depth: int) -> list[str]:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return _joined([self._shown(side, place, given, depth) for side in (node.left, node.right)])
        sides = [node.body, node.orelse] if isinstance(node, ast.IfExp) else getattr(node, "values", [])
        return _merged([self._shown(side, place, given, depth) for side in sides])

    def _shown(self, node: ast.expr, place: Place, given: Mapping[str, Place], depth: int) -> list[str]:
        return self.texts(Place(node, place.module, place.scope), given, depth) or [f"{{{placeholder(node)}}}"]

    def _part(self, node: ast.expr, place: Place, given: Mapping[str, Place], depth: int) -> list[str]:
        """A piece of an f-string: values become placeholders, words that depend on a condition are told."""
        if isinstance(node, ast.Constant):
            return [str(node.value)]
        value = node.value if isinstance(node, ast.FormattedValue) else node
        if isinstance(value, ast.Call | ast.IfExp) or (isinstance(value, ast.Name) and value.id in given):
            return self._shown(value, place, given, depth)
        return [f"{{{placeholder(value)}}}"]

    def _named(self, node: ast.Name, place: Place, given: Mapping[str, Place], depth: int) -> list[str]:
        name = node.id
        if name in given:
            return self.texts(given[name], None, depth)
        bound = [one[name] for one in bindings(name, place)]
        if bound:
            return _merged([self.texts(one, given, depth) for one in bound])
        for function in reversed(place.scope):
            if name in {one.arg for one in function.args.args}:
                calls = place.module.calls_of(function)
                return _merged([self.texts(one[name], None, depth) for _, one in calls if name in one])
        return []

    def _called(self, call: ast.Call, _: Place, __: Mapping[str, Place], depth: int) -> list[str]:
        if called(call) in SAID:
            return [SAID[called(call)]]
        if called(call) not in self.functions:
            return []
        module, function = self.functions[called(call)]
        returned = [
            Place(node.value, module, (*module.scopes[function], function))
            for node in ast.walk(function)
            if isinstance(node, ast.Return) and node.value is not None
        ]
        return _merged([self.texts(one, None, depth) for one in returned])


def _joined(parts: list[list[str]]) -> list[str]:
    found = list(dict.fromkeys(_TWICE.sub(r"\1", "".join(one)) for one in product(*parts)))
    return found if len(found) <= MOST else ["".join(part[0] if len(part) == 1 else "{...}" for part in parts)]


def _merged(alternatives: list[list[str]]) -> list[str]:
    return list(dict.fromkeys(text for texts in alternatives for text in texts))[:MOST]


def placeholder(node: ast.expr) -> str:
    """A name for a value in a sentence: that of what the expression begins with."""
    if isinstance(node, ast.Name):
        return node.id.strip("_").lower()
    if isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else "self"
        return f"{owner}.{node.attr}" if node.attr in ("name", "code") and owner != "self" else node.attr.strip("_")
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        return node.slice.value
    if isinstance(node, ast.Call) and called(node) in ("len", "join"):
        return "number" if called(node) == "len" else "names"
    inner = _beginning(node)
    return placeholder(inner) if inner else "..."


def _beginning(node: ast.expr) -> ast.expr | None:
    """The value that an expression is about: of a call what it is given or belongs to, of a choice the first."""
    if isinstance(node, ast.IfExp):
        return node.body
    if isinstance(node, ast.Call):
        return node.func.value if isinstance(node.func, ast.Attribute) else next(iter(node.args), None)
    return next((one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)), None)
