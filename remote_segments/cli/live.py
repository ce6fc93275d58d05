"""`remote-segments platform check --live`: what a real account shows about its platform's manifest."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remote_segments.cli.output import out, print_json, say
from remote_segments.cli.simulating import answered_by_simulator, simulated
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.rest.catalog import bundled

if TYPE_CHECKING:
    from remote_segments.sync.proving import Findings
    from remote_segments.sync.recording import Saved


def check_live(connection: str, segment: str | None, file: Path | None, project: Path | None, *, as_json: bool) -> None:
    """Reads one segment of a connection's account and saves the scrubbed exchanges."""
    from remote_segments.sync.proving import prove
    from remote_segments.sync.recording import save

    loaded = load_project(project_folder(project))
    with simulated(loaded):
        findings = prove(loaded, connection, segment)
    imitated = answered_by_simulator(findings)
    saved = save(loaded, findings, datetime.now(UTC).date(), file, simulated=imitated)
    if as_json:
        print_json(_json(findings, saved, simulated=imitated))
    else:
        _print(findings, saved, imitated=imitated)


def _json(findings: "Findings", saved: "Saved", *, simulated: bool) -> dict[str, Any]:
    target, first = findings.target, findings.readings[0]
    return {
        "connection": target.connection,
        "platform": findings.manifest.name,
        "simulated": simulated,
        "kind": target.kind,
        "members": first.proof.members,
        "counted": first.proof.declared_total,
        "readings": [
            {"pages": one.proof.pages, "calls": one.proof.calls, "page_size": one.page_size}
            for one in findings.readings
        ],
        "proven": list(findings.proven),
        "unproven": list(findings.unproven),
        "file": str(saved.file) if saved.file else None,
        "cases": list(saved.cases),
        "lacking": list(saved.lacking),
    }


def _print(findings: "Findings", saved: "Saved", *, imitated: bool) -> None:
    target, manifest = findings.target, findings.manifest
    ids = "/".join([target.connection, *target.ids.values()])
    say(f"{ids}, the {findings.source.title.lower()} `{target.description.name}`; nothing was changed there.")
    for title, sentences in (("Proven", findings.proven), ("Not proven", findings.unproven)):
        if sentences:
            say(f"{title}:")
        for sentence in sentences:
            say(f"  {sentence}")
    out.print()
    _print_saved(saved)
    if imitated:
        say(f"This was the simulator, which is made after the documentation: it proves nothing about {manifest.title}.")
    elif saved.file and not saved.lacking:
        _print_next(saved, findings)


def _print_saved(saved: "Saved") -> None:
    if saved.file:
        number = f"{len(saved.cases)} scrubbed case{'s' if len(saved.cases) != 1 else ''}"
        say(f"Saved {number} in {_short(saved.file)}: look through it before you give it to anybody.")
        if saved.dropped:
            keys = (
                "1 key that no documentation shows was"
                if saved.dropped == 1
                else (f"{saved.dropped:,} keys that no documentation shows were")
            )
            say(f"  {keys} left out.")
    else:
        say("Nothing was saved.")
    for sentence in saved.lacking:
        say(f"  {sentence}")


def _print_next(saved: "Saved", findings: "Findings") -> None:
    """What to do with it: which file, which fields."""
    name, own = findings.manifest.name, saved.manifest not in bundled()
    say("Next, so that others know:")
    if own:
        say(f"  set `proof: live` and `checked: {datetime.now(UTC).date()}` in {_short(saved.manifest)}")
        say(f"  remote-segments platform check {name}, which replays these cases from now on")
        return
    say(f"  copy it to remote_segments/platforms/exchanges/{name}.live.yaml in a checkout of remote_segments")
    say(f"  set `proof: live` and `checked: {datetime.now(UTC).date()}` in remote_segments/platforms/{name}.yaml there")
    say(f"  run `remote-segments platform check {name}` there, and send both files as a pull request")


def _short(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)
