"""A user's own tests: rows of a model, members, and what must become of each; a file of tests/ holds several cases."""

from pydantic import Field, model_validator

from remote_segments.config.names import Characters
from remote_segments.config.project import Project
from remote_segments.errors import InvalidProject, Problem
from remote_segments.membership.tables import REASONS
from remote_segments.settings import Settings, Texts
from remote_segments.suggestions import choose
from remote_segments.validation import check, in_order
from remote_segments.yaml import Document, read_document

TESTS_FOLDER = "tests"

Row = dict[str, Characters | None]
"""Values by column or identifier, as the characters written."""


class Member(Settings):
    """One member as the platform gives it, and what must become of it: exactly one of `key` and `becomes`."""

    given: Row = Field(
        description="Identifiers of the member, as the platform gives them; those left out are null.",
        examples=[{"email": "ada@example.test"}],
    )
    key: Texts | None = Field(
        None, description="The model's key that it must be mapped to; a list for several columns.", examples=["C1"]
    )
    becomes: str | None = Field(None, description="Why it must not be mapped.", examples=list(REASONS))
    matched: str | None = Field(None, description="The identifiers that must have matched.", examples=["email"])

    @model_validator(mode="after")
    def _one_expectation(self) -> "Member":
        if (self.key is None) == (self.becomes is None):
            raise ValueError("a member has either `key` or `becomes`")
        if self.becomes is not None and self.becomes not in REASONS:
            raise ValueError(f"`becomes` is one of {', '.join(REASONS)}")
        if self.becomes is not None and self.matched is not None:
            raise ValueError("a member that is not mapped has nothing in `matched`")
        return self


class Case(Settings):
    """Some rows of the model and some members, mapped together."""

    name: str = Field(description="What it shows, for people.", examples=["Capitals and blanks do not matter"])
    model: tuple[Row, ...] = Field(
        min_length=1, description="Rows of the data model: the key, and the columns that matter; others are null."
    )
    members: tuple[Member, ...] = Field(min_length=1, description="Members, in the order in which they are fetched.")


class Cases(Settings):
    """A file of tests/."""

    segment: str = Field(description="The segment whose file is tested.", examples=["vip_openers"])
    cases: tuple[Case, ...] = Field(min_length=1, description="Cases, each with rows of its own.")


def load_cases(project: Project) -> list[tuple[Document, Cases]]:
    """Reads all files of a project's tests/; needs no network, no secret and no warehouse.

    Raises:
        InvalidProject: with everything that is wrong with them.
    """
    folder = project.folder / TESTS_FOLDER
    found: list[tuple[Document, Cases]] = []
    problems: list[Problem] = []
    for file in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        document = read_document(file)
        cases, wrong = check(document, Cases)
        problems.extend(wrong)
        if cases is None:
            continue
        more = list(_problems(project, cases, document))
        problems.extend(more)
        if not more and not wrong:
            found.append((document, cases))
    if problems:
        raise InvalidProject(in_order(problems))
    return found


def _problems(project: Project, cases: Cases, document: Document) -> list[Problem]:
    """What a file names and its segment does not have."""
    if cases.segment not in project.segments:
        fix = choose(cases.segment, sorted(project.segments), "The project has no segment yet.")
        where = document.locate(("segment",))
        return [Problem("unknown-segment", f"There is no segment `{cases.segment[:60]}`.", fix, where)]
    segment = project.segment(cases.segment)
    key, known = project.model_of(segment).key, project.source_kind(segment).identifiers
    found = []
    for number, case in enumerate(cases.cases):
        for position, row in enumerate(case.model):
            missing = [column for column in key if row.get(column) is None]
            if missing:
                where = document.locate(("cases", number, "model", position))
                sentence = f"This row has no `{missing[0]}`, which is the key of the model `{segment.model}`."
                found.append(Problem("missing-key", sentence, f"Add `{missing[0]}: ...`.", where))
        for position, member in enumerate(case.members):
            for name in member.given:
                if name not in known:
                    where = document.locate(("cases", number, "members", position, "given", name))
                    sentence = f"The platform gives no identifier `{name[:60]}` for this segment."
                    found.append(Problem("unknown-identifier", sentence, choose(name, known), where))
            if member.key is not None and len(member.key) != len(key):
                where = document.locate(("cases", number, "members", position, "key"))
                sentence = f"`key` has {len(member.key)} values, and the model's key has {len(key)} columns."
                found.append(Problem("bad-value", sentence, f"Write a value for each of {', '.join(key)}.", where))
    return found
