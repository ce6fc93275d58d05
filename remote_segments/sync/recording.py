"""Saves what a real account was asked and answered, scrubbed, so that anybody can replay it without that account."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from remote_segments.config.project import PLATFORMS_FOLDER, Project
from remote_segments.conformance.exchanges import Case, Exchanges
from remote_segments.conformance.reading import exchanges_file, load_exchanges, read_exchanges
from remote_segments.conformance.scrubbed.cases import Account, Scrubbed, scrub
from remote_segments.conformance.scrubbed.writing import cases_text
from remote_segments.platforms import EXCHANGES, RECORDED
from remote_segments.rest.catalog import bundled
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.messages import Base
from remote_segments.rest.placeholders import fill
from remote_segments.sync.proving import Findings, Reading

MOST_MEMBERS = 2_000
"""Members of a segment whose exchanges are kept: a file of more is nothing that somebody looks through."""


@dataclass(frozen=True)
class Saved:
    """What was saved of a check, and what it is good for."""

    file: Path | None
    """None where nothing was saved."""

    manifest: Path
    exchanges: Path
    """Where the documented exchanges are, or would be."""

    cases: tuple[str, ...] = ()
    dropped: int = 0
    """Keys left out because no documentation shows them."""

    lacking: tuple[str, ...] = ()
    """Why the kit cannot take it as it is, one sentence each."""


def save(project: Project, findings: Findings, day: date, file: Path | None, *, simulated: bool = False) -> Saved:
    """Writes the scrubbed exchanges of a check into a file of their own.

    Args:
        project: the loaded project.
        findings: what was read.
        day: today.
        file: the file; beside the project's platforms when left out. Cases of other kinds that it holds stay.
        simulated: whether it was the simulator that answered: saved only where a file is named, and says so itself.

    Raises:
        EngineError: `scrub-incomplete`; nothing is written then.
    """
    manifest = manifest_file(project, findings.manifest)
    exchanges = load_exchanges(manifest) if exchanges_file(manifest).is_file() else None
    saved = Saved(None, manifest, exchanges_file(manifest))
    if simulated and file is None:
        words = "Exchanges with the simulator are no proof; --save FILE writes them where they are not taken for one."
        return Saved(None, manifest, saved.exchanges, lacking=(words,))
    most = max(reading.proof.members for reading in findings.readings)
    if most > MOST_MEMBERS:
        words = f"Exchanges of more than {MOST_MEMBERS:,} members are not saved; name a smaller segment with --segment."
        return Saved(None, manifest, saved.exchanges, lacking=(words,))
    if not all(one.usable or not one.whole for reading in findings.readings for one in reading.heard):
        return Saved(None, manifest, saved.exchanges, lacking=("An answer is too large to be saved.",))
    account = _account(project, findings)
    found = {_name(findings, reading): _scrubbed(account, reading, exchanges) for reading in findings.readings}
    file = file or project.folder / PLATFORMS_FOLDER / f"{findings.manifest.name}{RECORDED}{EXCHANGES}"
    kept = _kept(file, findings.target.kind)
    cases = {**kept, **{name: one.case for name, one in found.items()}}
    originals = [pair for one in found.values() for pair in one.originals]
    text = cases_text(findings.manifest.title, day, cases, originals, simulated=simulated)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return Saved(
        file,
        manifest,
        saved.exchanges,
        tuple(found),
        sum(one.dropped for one in found.values()),
        tuple(_lacking(found, exchanges, findings)),
    )


def manifest_file(project: Project, manifest: Manifest) -> Path:
    """The file of a manifest: the project's own, else the one that comes along."""
    own = project.folder / PLATFORMS_FOLDER / f"{manifest.name}.yaml"
    return own if own.is_file() else next(file for file in bundled() if file.stem == manifest.name)


def _name(findings: Findings, reading: Reading) -> str:
    small = "_on_small_pages" if reading.page_size is not None else ""
    return f"live_{findings.target.kind}{small}"


def _account(project: Project, findings: Findings) -> Account:
    written = project.connections[findings.target.connection]
    options = findings.manifest.option_values(written.options)
    declared = fill(findings.manifest.base_url, options).rstrip("/")
    where = f"connection {findings.target.connection}"
    return Account(
        findings.manifest,
        findings.target.kind,
        findings.target.ids,
        options,
        {name: one.read(f"{where}, {name}") for name, one in written.secrets.items()},
        Base((written.base_url or declared).rstrip("/"), declared),
        findings.target.description.name,
    )


def _scrubbed(account: Account, reading: Reading, exchanges: Exchanges | None) -> Scrubbed:
    return scrub(account, reading.heard, reading.columns, exchanges, reading.page_size)


def _kept(file: Path, kind: str) -> dict[str, object]:
    """Cases of other kinds that the file holds from earlier checks."""
    earlier = read_exchanges(file).cases if file.is_file() else {}
    return {name: _plain(case) for name, case in earlier.items() if case.source != kind}


def _plain(case: Case) -> object:
    return case.model_dump(mode="json", exclude_defaults=True, by_alias=True)


def _lacking(found: Mapping[str, Scrubbed], exchanges: Exchanges | None, findings: Findings) -> list[str]:
    lacking = [f"{name} does not replay: {one.differences[0]}" for name, one in found.items() if one.differences]
    if exchanges is None:
        lacking.append("The platform has no documented exchanges yet, which the conformance kit makes its accounts of.")
    elif findings.target.kind not in exchanges.memberships:
        lacking.append(f"The documented exchanges show no membership of the kind {findings.target.kind}.")
    return lacking
