"""`remote-segments platforms` and `remote-segments platform check`: the platforms, and whether they are right."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from remote_segments.cli.live import check_live
from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import out, print_json, print_problem, problem_json
from remote_segments.config.folder import project_folder
from remote_segments.config.platforms import (
    WITHOUT_MANIFEST,
    Platform,
    all_platforms,
    destination_titles,
    kind_titles,
    verbs,
)
from remote_segments.config.project import PLATFORMS_FOLDER
from remote_segments.errors import PlatformError, ProjectError
from remote_segments.rest.catalog import bundled, installed_files, manifest_files
from remote_segments.rest.limits import Limits
from remote_segments.rest.manifest import Manifest
from remote_segments.suggestions import choose
from remote_segments.sync.forewarning import sunset

if TYPE_CHECKING:
    from remote_segments.conformance.kit import Line, Report

COLOURS = {"ok": "green", "failed": "red", "not applicable": "dim"}

platform = typer.Typer(no_args_is_help=True, help="Whether a platform's manifest is right.", rich_markup_mode=None)


def platforms(project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """List the platforms that can be read and sent to, those of the project included, and how far each is proven."""
    known = all_platforms(project_folder(project) / PLATFORMS_FOLDER)
    if as_json:
        print_json({"platforms": [_json(one) for one in known.values()]})
        return
    out.print(_table(known))


def _json(manifest: Platform) -> dict[str, Any]:
    return {
        "name": manifest.name,
        "verbs": list(verbs(manifest)),
        "proof": manifest.proof,
        "limits": _limits(manifest).model_dump(exclude_none=True),
        "docs": dict(manifest.docs),
        "api_version": manifest.api_version,
        "sunset": day.isoformat() if (day := manifest.sunset.get(manifest.api_version)) else None,
        "checked": manifest.checked.isoformat(),
    }


def _table(known: Mapping[str, Platform]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("platform", "reads", "sends to", "verbs", "proof", "limits", "API", "ends", "checked"):
        table.add_column(title, no_wrap=title in {"platform", "proof"})
    for manifest in known.values():
        reads = ", ".join(kind_titles(manifest))
        sent = ", ".join(destination_titles(manifest)) or "-"
        words = (manifest.name, reads or "-", sent, ", ".join(verbs(manifest)), manifest.proof)
        limits = (_limits(manifest).words() or "-", manifest.api_version)
        table.add_row(*map(Text, (*words, *limits)), _ends(manifest), Text(manifest.checked.isoformat()))
    return table


def _limits(manifest: Platform) -> Limits:
    """How often its account may be called; files and tables have no such limit."""
    return manifest.limits if isinstance(manifest, Manifest) else Limits()


def _ends(manifest: Platform) -> Text:
    """The day on which its version of the API ends, where the vendor says so; coloured when it is near."""
    day = manifest.sunset.get(manifest.api_version)
    near = sunset(manifest, manifest.api_version, datetime.now(UTC).date())
    return Text(day.isoformat() if day else "-", style="yellow" if near else "")


@platform.command("check", short_help="Run the conformance kit on a platform.")
def check(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE|CONNECTION",
            help="A platform's name, or the file of a manifest of your own; with --live, a connection.",
        ),
    ],
    *,
    live: Annotated[
        bool,
        typer.Option(
            "--live", help="Read a segment of the connection's account instead, and save the scrubbed exchanges."
        ),
    ] = False,
    segment: Annotated[
        str | None,
        typer.Option(
            "--segment", metavar="ID", help="With --live: the segment; else the smallest that tells something."
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--save", metavar="FILE", help="With --live: where to; else beside the project's platforms."),
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read a platform's documented exchanges with its manifest, with everything that may go wrong.

    Nothing is called over the network, and the exit code is 4 when a row fails. With --live, one segment of an account
    is read as a refresh reads it, and again on small pages; nothing is changed there. What that proves is told, and the
    exchanges are saved without anything of the account in them.
    """
    if live:
        check_live(name, segment, file, project, as_json=as_json)
        return
    if segment or file:
        raise ProjectError("bad-value", "--segment and --save are for an account.", "Add --live, or leave them out.")
    from remote_segments.conformance.kit import check_platform

    report = check_platform(manifest_file(name, project))
    if as_json:
        print_json(_report_json(report))
    else:
        _print(report)
    if not report.passed:
        raise typer.Exit(PlatformError.exit_code)


def manifest_file(name: str, project: Path | None) -> Path:
    """Returns the file of a manifest: the one named, or that of a platform of the project or of those that come along.

    Raises:
        ProjectError: `unknown-platform`.
    """
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return Path(name).resolve()
    own = project_folder(project) / PLATFORMS_FOLDER
    if name in WITHOUT_MANIFEST:
        found = f"`{name}` has no manifest: what is read is written in each segment's file."
        raise ProjectError("no-manifest", found, "`remote-segments validate --live` checks its segments.")
    known = {file.stem: file for file in (*bundled(), *installed_files(), *manifest_files(own))}
    if name not in known:
        found = f"There is no platform `{name}`."
        raise ProjectError("unknown-platform", found, choose(name, sorted(known)), f"{own}")
    return known[name]


def _report_json(report: "Report") -> dict[str, Any]:
    return {
        "platform": report.platform,
        "file": str(report.file),
        "exchanges": str(report.exchanges),
        "passed": report.passed,
        "rows": [_line_json(line) for line in report.lines],
    }


def _line_json(line: "Line") -> dict[str, Any]:
    verdict = line.verdict
    return {
        "source": line.source,
        "row": line.row,
        "about": line.about,
        "result": verdict.result,
        "code": verdict.code,
        "note": verdict.note,
        "problems": [problem_json(problem) for problem in verdict.problems],
    }


def _print(report: "Report") -> None:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("source", "row"):
        table.add_column(title, no_wrap=True)
    table.add_column("result", overflow="fold")
    for line in report.lines:
        table.add_row(line.source or "all", line.row, _result(line))
    out.print(table)
    for problem in report.problems:
        print_problem(problem)
    failures = sum(line.verdict.result == "failed" for line in report.lines)
    said = f"{failures} of {len(report.lines)} rows failed" if failures else f"all {len(report.lines)} rows are right"
    out.print(f"{report.platform}: {said}.", markup=False, highlight=False)


def _result(line: "Line") -> Text:
    """`ok`, `failed: what`, `not applicable: why`; a row that is right may say in which error it rightly ends."""
    verdict = line.verdict
    text = Text(verdict.result, style=COLOURS[verdict.result])
    if verdict.result == "failed":
        return text.append(f": {verdict.code}", style="not dim")
    words = ", ".join(filter(None, (f"ends in {verdict.code}" if verdict.code else "", verdict.note)))
    joint = ": " if verdict.result == "not applicable" else ", "
    return text.append(f"{joint}{words}" if words else "", style="default")
