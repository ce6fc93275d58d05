"""The conformance kit: the same rows for every platform, against a fake server made of its documented exchanges."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from remote_segments.conformance import drifting, failures, lookups, memberships, sending
from remote_segments.conformance.delivering import Desk
from remote_segments.conformance.exchanges import Exchanges, Membership
from remote_segments.conformance.failures import Row
from remote_segments.conformance.lab import Lab
from remote_segments.conformance.marks import marks
from remote_segments.conformance.misspelling import Misspelt, case_differs, leading_nowhere, misspell, own_paths
from remote_segments.conformance.reading import exchanges_file, load_exchanges
from remote_segments.conformance.replay import differences
from remote_segments.conformance.verdicts import Judgement, failed, inapplicable, judged, passed
from remote_segments.errors import InvalidProject, Problem
from remote_segments.rest.catalog import load_manifest
from remote_segments.rest.manifest import Manifest, SourceKind
from remote_segments.yaml import Document, read_document

FIRST: Mapping[str, Row] = {
    "three-pages": memberships.pages,
    "empty": memberships.empty,
    "one-member": memberships.one,
    "full-page": memberships.full_page,
    "page-size": memberships.page_size,
}
"""Rows of an undisturbed account: when one fails, the others would only say so again."""

ROWS: Mapping[str, Row] = {
    **FIRST,
    "page-cap": memberships.page_cap,
    "null-page": failures.null_members,
    "missing-key": failures.missing_key,
    "repeated-cursor": memberships.repeated_cursor,
    "retry-after": failures.throttled,
    "no-retry-after": failures.throttled_silently,
    "server-error": failures.server_error,
    "timeout": failures.timeout,
    "cut-body": failures.cut_body,
    "cut-gzip": failures.cut_compressed,
    "invalid-json": failures.invalid_json,
    "web-page": failures.web_page,
    "key-refused": failures.key_refused,
    "expired-cursor": failures.expired,
    "job-never-done": failures.job_never_done,
    "job-failed": failures.job_failed,
    "truncated-file": failures.truncated_file,
    "deleted-segment": failures.deleted_segment,
    "renamed-segment": drifting.renamed_segment,
    "edited-rule": drifting.edited_rule,
    "states": drifting.states,
    "moving-members": memberships.moving_members,
    "wrong-total": memberships.wrong_total,
    "foreign-link": memberships.foreign_link,
    "duplicated-member": memberships.duplicated_member,
    "wrong-id-type": failures.wrong_id,
    "member-without-id": failures.null_id,
    **lookups.ROWS,
}
"""Every row about one kind of source, by its stable name."""

WHOLE = ("documented-paths", "exchanges", "misspelt-paths")
"""Rows about the platform as a whole, in their order: the first before those of its sources."""


@dataclass(frozen=True)
class Line:
    """One row of a report: for one kind of source, one verb of a destination, or (None) for the whole platform."""

    source: str | None
    """Name of the kind of source; of a destination and verb as `list, add`."""
    row: str
    about: str
    verdict: Judgement


@dataclass(frozen=True)
class Report:
    """What the kit found out about one platform."""

    platform: str
    file: Path
    exchanges: Path
    lines: tuple[Line, ...]

    @property
    def passed(self) -> bool:
        """Whether no row failed."""
        return all(line.verdict.result != "failed" for line in self.lines)

    @property
    def problems(self) -> list[Problem]:
        """Everything that is wrong, each thing once."""
        return list(dict.fromkeys(problem for line in self.lines for problem in line.verdict.problems))


def check_platform(file: Path) -> Report:
    """Runs the kit on a manifest and the exchanges that belong to it.

    Raises:
        InvalidProject: the manifest or the exchanges cannot be read, `exchanges-missing`, `exchanges-incomplete`.
    """
    manifest, exchanges = load_manifest(file), load_exchanges(file)
    document = read_document(file)
    lacking = list(_lacking(document, manifest, exchanges))
    if lacking:
        raise InvalidProject(lacking)
    lines = [_documented(document, manifest, exchanges)]
    for kind in manifest.sources:
        lines += _source(Lab(document, manifest, exchanges, kind))
    for kind, block in manifest.destinations.items():
        desks = [Desk(document, manifest, exchanges, kind, verb) for verb in block.verbs()]
        lines += [Line(kind, name, _about(row), row(desks[0])) for name, row in sending.KIND_ROWS.items()]
        lines += [
            Line(f"{kind}, {desk.verb}", name, _about(row), row(desk))
            for desk in desks
            for name, row in sending.ROWS.items()
        ]
    lines.append(_replayed(document, manifest, exchanges))
    if all(line.verdict.result != "failed" for line in lines):
        verdict = _misspelt(document, list(misspell(document, manifest, exchanges)))
    else:
        verdict = inapplicable("the manifest must be right first")
    lines.append(Line(None, "misspelt-paths", "Every path, misspelt: noticed and named.", verdict))
    return Report(manifest.name, file, exchanges_file(file), tuple(lines))


def _lacking(document: Document, manifest: Manifest, exchanges: Exchanges) -> Iterator[Problem]:
    """Yields what the exchanges do not show, so that nothing could be proven of it."""
    file = exchanges_file(document.file)
    for kind, block in manifest.destinations.items():
        documented = exchanges.deliveries.get(kind)
        for verb in block.verbs():
            if documented is None or verb not in documented.verbs():
                found = f"The exchanges in {file.name} do not show how members are sent: {kind}, {verb}."
                where = document.locate(("destinations", kind, verb))
                yield Problem("exchanges-incomplete", found, f"Add deliveries.{kind}.{verb} to them.", where)
    for kind, source in manifest.sources.items():
        where = document.locate(("sources", kind))
        if kind not in exchanges.memberships:
            found = f"The exchanges in {file.name} show no membership of the kind {kind}."
            yield Problem("exchanges-incomplete", found, f"Add memberships.{kind} to them.", where)
            continue
        yield from _untold(document, source, exchanges.memberships[kind], kind)
        for name in source.identifiers:
            if name not in exchanges.memberships[kind].identifiers:
                found = f"The exchanges in {file.name} show no identifier {name} of a member."
                fix = f"Put {{{name}}} where the documented answer holds it, and describe it under identifiers."
                yield Problem("exchanges-incomplete", found, fix, where)


def _untold(document: Document, source: SourceKind, membership: Membership, kind: str) -> Iterator[Problem]:
    """Yields what the manifest reads of a description and no documented answer shows."""
    file = exchanges_file(document.file).name
    if source.describe.rule and "rule" not in marks([one.response.model_dump() for one in membership.describe]):
        found = f"The exchanges in {file} show no rule of a segment."
        fix = f"Put {{rule}} where an answer under memberships.{kind}.describe holds it."
        yield Problem("exchanges-incomplete", found, fix, document.locate(("sources", kind, "describe", "rule")))
    for state in ("computing", "inactive", "archived", "deleted"):
        if getattr(source.describe, state) is not None and state not in membership.states:
            found = f"The exchanges in {file} show no segment that is {state}."
            fix = f"Add the documented answer under memberships.{kind}.states."
            yield Problem("exchanges-incomplete", found, fix, document.locate(("sources", kind, "describe", state)))


def _documented(document: Document, manifest: Manifest, exchanges: Exchanges) -> Line:
    verdict = judged(leading_nowhere(document, own_paths(document, manifest), exchanges))
    return Line(None, "documented-paths", "Every path is somewhere in the documented answers.", verdict)


def _replayed(document: Document, manifest: Manifest, exchanges: Exchanges) -> Line:
    found = [
        case_differs(document, name, difference)
        for name, case in exchanges.cases.items()
        for difference in islice(differences(manifest, case), 1)
    ]
    return Line(None, "exchanges", "Every documented case, replayed.", judged(found, f"{len(exchanges.cases)} cases"))


def _source(lab: Lab) -> Iterator[Line]:
    broken = False
    for name, row in ROWS.items():
        if broken and name not in FIRST:
            verdict = inapplicable("an undisturbed membership must be read right first")
        else:
            verdict = row(lab)
        broken = broken or (name in FIRST and verdict.result == "failed")
        yield Line(lab.kind, name, _about(row), verdict)


def _misspelt(document: Document, tried: list[Misspelt]) -> Judgement:
    unnoticed = [one for one in tried if one.noticed is None or not one.named]
    if unnoticed:
        return failed(*(_unnoticed(document, one) for one in unnoticed))
    optional = dict.fromkeys(one.written.place for one in tried if one.written.into_answer and not one.raised)
    paths = len({one.written.at for one in tried})
    note = f"{len(tried)} misspelling{'s' * (len(tried) != 1)} of {paths} path{'s' * (paths != 1)} noticed"
    more = f"; only by comparison, since the manifest lets them be absent: {', '.join(optional)}" if optional else ""
    return passed(note=note + more)


def _unnoticed(document: Document, one: Misspelt) -> Problem:
    what = "nothing notices it" if one.noticed is None else f"only {one.noticed} is seen, which does not name it"
    found = f"When `{one.written.text}` ({one.written.place}) is misspelt as `{one.text}`, {what}."
    fix = "Add a documented case to the exchanges in which it matters, or take the path out of the manifest."
    return Problem("path-unproven", found, fix, document.locate(one.written.at))


def _about(function: object) -> str:
    return (getattr(function, "__doc__", None) or "").partition("\n")[0]
