"""Files and tables as new segments: which rows are meant, what proves them, which columns may name people."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from pydantic import ValidationError

from remote_segments.config.names import as_name, is_reserved
from remote_segments.config.project import Project
from remote_segments.config.writing import Match
from remote_segments.errors import InvalidProject, ProjectError
from remote_segments.explanations import explain
from remote_segments.files.platform import FILES
from remote_segments.files.source import ENDINGS, NEWEST
from remote_segments.sources.account import Account
from remote_segments.sources.columns import ColumnKind
from remote_segments.sources.members import Description
from remote_segments.sources.sampling import Candidate, Sample, candidates
from remote_segments.suggestions import listed
from remote_segments.sync.finding import Target, platform_of
from remote_segments.warehouses.platform import WAREHOUSE
from remote_segments.yaml import Document

DELIMITERS = (";", "\t", "|")
"""What stands between two values of a CSV file where that is no comma, the most usual first."""

SHORTEST = 3
"""Characters of a word that says enough to be a segment's name by itself."""

MARKER = "_SUCCESS"
"""What Spark and Hadoop write after all other files, and so the only proof that is known by its name."""


@dataclass(frozen=True)
class Stated:
    """What only a person can say of rows."""

    completeness: str | None = None
    """How files are known to be whole, as `atomic` or `marker=_SUCCESS`."""
    sql: str | None = None
    """A SELECT instead of a table."""


NOTHING_STATED = Stated()


class Sampled(Protocol):
    """An account whose segments are rows."""

    def sample(self, ids: Mapping[str, Any]) -> Sample:
        """Returns some rows with every column that may hold ids."""


@dataclass(frozen=True)
class Rows:
    """The rows of one source, and the columns among which identifiers are."""

    target: Target
    """Its ids are what is written under `source`, but for the columns."""
    candidates: Sequence[Candidate] = field(repr=False)

    @property
    def kind(self) -> ColumnKind:
        """What is measured: every candidate, as if it were an identifier."""
        found = {one.name: one.identifier for one in self.candidates}
        return ColumnKind(self.target.kind, "", found, next(iter(found), ""))

    @property
    def title(self) -> str:
        """What it is, at the beginning of a sentence."""
        return "The source"

    @property
    def called(self) -> str:
        """What a person knows it by, at the beginning of a sentence."""
        return self.title

    @property
    def columns(self) -> dict[str, Sequence[str | None]]:
        """The candidates' values."""
        return {one.name: one.values for one in self.candidates}

    def written(self, matches: Sequence[Match]) -> dict[str, Any]:
        """Returns `source` with what must be said of its columns for these matches.

        Raises:
            ProjectError: `no-member-id`.
        """
        known = {one.name: one for one in self.candidates}
        used = [known[match.identifier] for match in matches if match.identifier in known]
        first = [] if used and all(used[0].values) else [self._telling_apart(used)]
        named = {one.name: said for one in (*first, *used) if (said := one.written()) is not None}
        source: dict[str, Any] = dict(self.target.ids)
        if first and first[0].name != (used[0].name if used else None):
            source["member_id"] = first[0].name
        return source | ({"columns": named} if named else {})

    def _telling_apart(self, used: Sequence[Candidate]) -> Candidate:
        whole = [one for one in used if all(one.values)] or [one for one in self.candidates if one.whole]
        if not whole:
            raise ProjectError(
                "no-member-id",
                f"None of the columns {listed(one.identifier.column for one in self.candidates)} has a value in every "
                "row, so that members cannot be told apart.",
                "Leave rows without an id out of the source, as by a SELECT.",
                f"connection {self.target.connection}",
            )
        return whole[0]


def rows_of(project: Project, account: Account, connection: str, rest: str, stated: Stated) -> Rows:
    """Finds the rows that a person means, and samples them.

    Args:
        project: the loaded project.
        account: the open account.
        connection: its name.
        rest: the path or table behind it; empty where a SELECT is given.
        stated: what the person said of them.

    Raises:
        ProjectError: `bad-value`, `completeness-unknown`; what reading the rows ends in.
        InvalidProject: what is wrong with the source.
    """
    where = f"connection {connection}"
    platform = FILES if platform_of(project, connection) is FILES else WAREHOUSE
    source = _files(account, rest, stated, where) if platform is FILES else _query(rest, stated, where)
    try:
        platform.source.model_validate(source)
    except ValidationError as error:
        written = Document(project.locate(("connections", connection)).file, source, {})
        raise InvalidProject([*explain(error, written, platform.source)]) from None
    described = Description(_called(source, connection))
    sampled = cast("Sampled", account).sample(source)
    other = _delimiter(sampled)
    if platform is FILES and other is not None:
        source["csv"] = {"delimiter": other}
        sampled = cast("Sampled", account).sample(source)
    return Rows(Target(connection, platform.kind, source, described), candidates(sampled))


def _files(account: Account, path: str, stated: Stated, where: str) -> dict[str, Any]:
    if stated.sql is not None:
        raise ProjectError("bad-value", "--sql is for the warehouse.", "Name a file behind the connection.", where)
    if not path:
        fix = "Name a file, a folder (it ends with `/`) or a pattern behind the connection: CONNECTION/vip/*.csv."
        raise ProjectError("bad-value", "No file is named.", fix, where)
    proof = stated.completeness or _marker(account, path)
    if proof is None:
        found = "Nobody but you knows what makes this delivery complete."
        fix = (
            "Say it: --completeness atomic (a single file that is put there whole), or which file beside them proves "
            "it: marker=_SUCCESS, manifest=manifest.json, count=vip.ctl. Half a file is never a membership."
        )
        raise ProjectError("completeness-unknown", found, fix, where)
    way, equals, file = proof.partition("=")
    return {"path": path, "completeness": {way: file} if equals else way}


def _delimiter(sampled: Sample) -> str | None:
    """What stands between the values of a file whose only column has several names; None for any other file."""
    names = list(sampled.columns)
    return next((one for one in DELIMITERS if len(names) == 1 and one in names[0]), None)


def _marker(account: Account, path: str) -> str | None:
    """The marker beside files, where there is one of the usual name."""
    folder = path.rpartition("/")[0]
    if "*" in folder or NEWEST in folder:
        return None
    names = [one.ids["path"] for one in account.segments(FILES.kind, {"folder": folder} if folder else None)]
    return f"marker={MARKER}" if f"{folder}/{MARKER}".lstrip("/") in names else None


def _query(table: str, stated: Stated, where: str) -> dict[str, Any]:
    if stated.completeness is not None:
        raise ProjectError("bad-value", "--completeness is for files.", "Leave it out: a query is whole.", where)
    if bool(table) == (stated.sql is not None):
        fix = "Name a table behind the connection, as CONNECTION/analytics.vip_customers, or give --sql 'select ...'."
        raise ProjectError("bad-value", "Neither or both of a table and --sql are given.", fix, where)
    return {"table": table} if stated.sql is None else {"sql": stated.sql}


def _called(source: Mapping[str, Any], connection: str) -> str:
    """What a segment of this source may be called: the last words of its path or table."""
    text = str(source.get("table") or source.get("path") or "query")
    pieces = [piece for piece in re.split(r"[/.]", text) if re.search(r"[A-Za-z]", piece.replace("{newest}", ""))]
    kept = [piece.replace("{newest}", "") for piece in pieces if f".{piece.lower()}" not in {*ENDINGS, ".gz"}]
    kept = [connection, *(piece.strip("_-*") for piece in kept)]
    poor = is_reserved(as_name(kept[-1])) or len(kept[-1]) < SHORTEST
    return " ".join(kept[-2:] if poor else kept[-1:])
