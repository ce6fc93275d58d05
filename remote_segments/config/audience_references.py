"""The second pass over audiences: whether what they name exists, fits its type, has a common key, and ends."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from remote_segments.config.audience import Audience
from remote_segments.config.condition import Combination, Condition
from remote_segments.config.folders import Written
from remote_segments.config.model import Model
from remote_segments.config.names import RULE, is_name, is_reserved
from remote_segments.config.references import Known, column_problems
from remote_segments.config.segment import Segment
from remote_segments.errors import Problem
from remote_segments.membership.attributes import misfit
from remote_segments.membership.expressions import inputs, is_bounded
from remote_segments.suggestions import choose
from remote_segments.yaml import Document, KeyPath


def assembled(files: Mapping[str, Audience], segments: Mapping[str, Segment]) -> dict[str, Audience]:
    """All audiences of sound files by name, each part one of its own.

    Its period is how old its data may be when all goes well: that of its slowest input, and its own where it has one.
    """
    written = {part.name: part for file in files.values() for part in _parts(file)}
    periods: dict[str, timedelta] = {name: one.refresh_frequency.period for name, one in segments.items()}

    def period(name: str) -> timedelta:
        if name not in periods:
            one = written[name]
            slowest = max(map(period, inputs(one.expression)), default=timedelta(0))
            own = one.refresh_frequency.period if one.refresh_frequency else timedelta(0)
            periods[name] = own + slowest or one.period
        return periods[name]

    return {name: one.model_copy(update={"period": period(name)}) for name, one in written.items()}


def _parts(file: Audience) -> Iterator[Audience]:
    for part in file.parts():
        yield part.model_copy(update={"file_name": file.name})


def name_problems(segments: Written[Segment], audiences: Written[Audience]) -> Iterator[Problem]:
    """Names that two files make: each has a table."""
    owners = {name: f"segments/{name}.yaml" for name in segments.documents}
    for name, document in audiences.documents.items():
        file = audiences.sound.get(name)
        for part in [one.name for one in file.parts()] if file else [name]:
            at: KeyPath = () if part == name else ("split",) if file and file.split else ("priority",)
            if part in owners:
                found = f"`{part}` is made by {owners[part]}, too."
                yield Problem("name-collision", found, "Rename one of the two.", document.locate(at))
            elif part != name and (is_reserved(part) or not is_name(part)):
                found = f"The part would be named `{part}`, which is not a name."
                yield Problem("name-invalid", found, f"Names have {RULE}; shorten one.", document.locate(at))
            owners.setdefault(part, f"audiences/{name}.yaml")


def audience_problems(audiences: Written[Audience], segments: Written[Segment], known: Known) -> Iterator[Problem]:
    """Everything that audiences name and nobody has, or that cannot be combined."""
    made = {part.name: part for file in audiences.sound.values() for part in file.parts()}
    models: dict[str, str | None] = {
        **dict.fromkeys((*segments.documents, *audiences.documents)),
        **{name: one.model for name, one in segments.sound.items()},
        **{name: one.model for name, one in made.items()},
    }
    for name, file in audiences.sound.items():
        yield from _Checking(file, audiences.documents[name], models, known).problems()
    yield from _cycles(audiences, segments)


@dataclass(frozen=True)
class Use:
    """A column of a model that a file names, with what is asked of it: operators and their values."""

    model: str
    column: str
    at: KeyPath
    tests: tuple[tuple[str, tuple[str, ...]], ...] = ()


def uses(file: Audience, document: Document) -> Iterator[Use]:
    """Every column that an audience's file names."""
    chosen = file.columns
    for key in ("include", "exclude"):
        for column in (getattr(chosen, key) or ()) if chosen else ():
            yield Use(file.model, column, ("columns", key))
    for one, at in _written(file, document):
        comparisons = [(column, (*at, "where", column), asked) for column, asked in (one.where or {}).items()]
        if isinstance(one, Condition):
            comparisons += [(column, (*at, column), asked) for column, asked in (one.model_extra or {}).items()]
        for column, place, asked in comparisons:
            named, dot, rest = column.partition(".")
            model, name = (named, rest) if dot else (file.model, column)
            yield Use(model, name, place, tuple(asked.tests()))


def _written(file: Audience, document: Document) -> Iterator[tuple[Combination, KeyPath]]:
    """The file, and every condition in it, with its place."""
    yield from _nested(file, ())
    content = document.content.get("priority")
    for name, condition in (file.priority or {}).items():
        yield from _nested(condition, ("priority", content.index(name) if isinstance(content, list) else name))


def _nested(one: Combination, at: KeyPath) -> Iterator[tuple[Combination, KeyPath]]:
    yield one, at
    for key in ("all", "any", "none"):
        for number, condition in enumerate(getattr(one, key) or ()):
            yield from _nested(condition, (*at, key, number))
    for number, condition in enumerate(one.at_least.of if one.at_least else ()):
        yield from _nested(condition, (*at, "at_least", "of", number))


@dataclass(frozen=True)
class _Checking:
    """One file under check."""

    file: Audience
    document: Document
    models: Mapping[str, str | None]
    """The model of everything that can be named; None where its file is broken."""
    known: Known

    def problems(self) -> Iterator[Problem]:
        model = self.file.model
        if model not in self.known.model_names:
            fix = choose(model, sorted(self.known.model_names), "Write it under `models:` in project.yaml.")
            yield Problem("unknown-model", f"There is no model `{model}`.", fix, self.document.locate(("model",)))
        if not all(is_bounded(part.expression) for part in self.file.parts()):
            yield self._boundless()
        for one, at in _written(self.file, self.document):
            if isinstance(one, Condition):
                yield from self._inputs(one, at)
        for use in uses(self.file, self.document):
            yield from self._use(use)

    def _boundless(self) -> Problem:
        found = "`none` stands alone: that is everybody else whom the model has, and more with every new person."
        fix = "Say beside it, in the same mapping or under `all`, who is meant: a segment, or {country: FR}."
        lines = [path for path in self.document.lines if path[-1:] == ("none",)]
        return Problem("none-alone", found, fix, self.document.locate(min(lines, key=len) if lines else ()))

    def _inputs(self, condition: Condition, at: KeyPath) -> Iterator[Problem]:
        for key in ("segment", "audience", "was_in", "joined", "left"):
            name = getattr(condition, key)
            if name is not None:
                yield from self._input(name, (*at, key))

    def _input(self, name: str, at: KeyPath) -> Iterator[Problem]:
        where = self.document.locate(at)
        if name not in self.models:
            yield from self.known.missing_problems("segment or audience", name, self.models, where)
            return
        other = self.models[name]
        if other is not None and not self._same_key(other):
            found = f"`{name}` is of the model `{other}`, whose key is not said to be that of `{self.file.model}`."
            fix = f"If it is, write `same_key_as: {self.file.model}` at `models.{other}` in project.yaml."
            yield Problem("no-common-key", found, fix, where)

    def _same_key(self, other: str) -> bool:
        if {other, self.file.model} - {*self.known.models}:
            return True  # one of them is unknown or broken, which is told of itself
        return same_key(self.known.models, self.file.model, other)

    def _use(self, use: Use) -> Iterator[Problem]:
        name, where, own = use.model, self.document.locate(use.at), use.model == self.file.model
        if not own and name not in self.known.model_names:
            fix = choose(name, sorted(self.known.model_names), "Write it under `models:` in project.yaml.")
            yield Problem("unknown-model", f"There is no model `{name[:60]}`.", fix, where)
            return
        if not own and not self._same_key(name):
            found = f"The key of the model `{name}` is not said to be that of `{self.file.model}`."
            fix = f"If it is, write `same_key_as: {self.file.model}` at `models.{name}` in project.yaml."
            yield Problem("no-common-key", found, fix, where)
        model = self.known.models.get(name)
        if model is None:
            return
        yield from column_problems(use.column, name, model, self.document, use.at)
        kind = model.columns.get(use.column) if model.columns else None
        for operator, values in use.tests if kind else ():
            wrong = misfit(kind, operator, values) if kind else None
            if wrong:
                yield Problem("type-mismatch", wrong[0], wrong[1], self.document.locate((*use.at, operator)))


def same_key(models: Mapping[str, Model], first: str, second: str) -> bool:
    """Whether two models are said to have the same keys, directly or over others."""
    links = [{name, model.same_key_as} for name, model in models.items() if model.same_key_as]
    reached = {first}
    while more := {name for link in links if link & reached for name in link if name} - reached:
        reached |= more
    return second in reached


def _cycles(audiences: Written[Audience], segments: Written[Segment]) -> Iterator[Problem]:
    """Audiences that are made of themselves, each circle once, drawn from the first file on it."""
    made = ((part.name, name) for name, file in audiences.sound.items() for part in file.parts())
    owner = {part: name for part, name in made if part not in segments.documents}
    named = {
        name: list(dict.fromkeys(one for part in file.parts() for one in inputs(part.expression)))
        for name, file in audiences.sound.items()
    }
    told: set[frozenset[str]] = set()

    def walk(path: list[str], here: str) -> Iterator[list[str]]:
        for one in named[here]:
            file = owner.get(one)
            if file is None:
                continue
            if file == path[0]:
                yield [*path, one]
            elif file not in path and file > path[0]:  # a circle is drawn from its first name
                yield from walk([*path, file], file)

    for name in sorted(named):
        for path in walk([name], name):
            if frozenset(path[:-1]) not in told:
                told.add(frozenset(path[:-1]))
                found = f"The audience is made of itself: {' -> '.join(path)}."
                document = audiences.documents[name]
                lines = {line: place for place, line in document.lines.items() if _names(document, place, path[1])}
                where = document.locate(lines[min(lines)] if lines else ())
                yield Problem("audience-cycle", found, "Leave one of these out of another.", where)


def _names(document: Document, place: KeyPath, name: str) -> bool:
    """Whether the value at a place is a name."""
    value = document.content
    for part in place:
        value = value[part]
    return bool(value == name)
