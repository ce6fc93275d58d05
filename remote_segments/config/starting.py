"""Writes a new project: project.yaml, an example segment, and the schemas that editors complete them by.

In the environment `development` every account that can be simulated is the bundled simulator's, in a warehouse of its
own, so that the project runs before anybody has made a key, and simulated people never meet real ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from remote_segments.config.cases import TESTS_FOLDER
from remote_segments.config.project import PROJECT_FILE, SEGMENTS_FOLDER
from remote_segments.config.schema import write_schemas
from remote_segments.config.writing import SCHEMA_LINE, Match, flow, scalar, segment_text
from remote_segments.errors import Location, ProjectError
from remote_segments.rest.manifest import Manifest

SCHEMAS = "schema"

KEY_FILE = "simulator_key"
"""What the simulator takes for a key; nobody's secret."""

IGNORED = (".env", ".remote_segments/", ".dagster_home/", "*.duckdb", "*.duckdb.*")
"""What does not belong into version control: data, locks, and keys."""


@dataclass(frozen=True)
class Example:
    """A segment that the simulator holds, and what it matches in the simulator's people."""

    name: str
    description: str
    ids: Mapping[str, str]
    identifiers: tuple[Match, ...]
    another: str | None
    """Another segment of the account, as `add` takes it; None where it has no other."""


@dataclass(frozen=True)
class Account:
    """A connection to be written: its platform, the simulator's address, values of its options."""

    manifest: Manifest
    simulated_url: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    example: Example | None = None
    simulated_options: Mapping[str, str] = field(default_factory=dict)
    simulated_key: str | None = None
    """A key in a form of its own, where the platform wants one."""

    @property
    def key_file(self) -> str:
        """The file of the key that the simulated account takes."""
        return f"{KEY_FILE}_{self.manifest.name}" if self.simulated_key else KEY_FILE


@dataclass(frozen=True)
class NewProject:
    """What a new project shall be."""

    accounts: Sequence[Account]
    start: date
    timezone: str = "UTC"
    warehouse: Literal["duckdb", "postgres"] = "duckdb"
    table: str = "analytics.contacts"
    key: str = "contact_id"

    def write(self, folder: Path, ignoring: Path) -> list[Path]:
        """Writes the project; a file that is there stays as it is.

        Args:
            folder: the project's folder, made if need be.
            ignoring: the folder whose .gitignore gets the lines that it lacks.

        Returns:
            The files written, without the schemas.

        Raises:
            ProjectError: `project-exists`; nothing is written then.
        """
        file = folder / PROJECT_FILE
        if file.exists():
            found = "There is a project here already, and nothing is overwritten."
            raise ProjectError(
                "project-exists", found, "Name another folder, or remove this one first.", Location(file)
            )
        for name in (SEGMENTS_FOLDER, TESTS_FOLDER):
            (folder / name).mkdir(parents=True, exist_ok=True)
        write_schemas(folder / SCHEMAS)
        texts = {file: self.text(), **{folder / name: text for name, text in self._examples().items()}}
        for account in self.accounts:
            if account.simulated_url:
                texts[folder / account.key_file] = f"{account.simulated_key or 'simulated'}\n"
        written = [path for path, text in texts.items() if _write_new(path, text)]
        return [*written, *_ignore(ignoring / ".gitignore")]

    def _examples(self) -> dict[str, str]:
        account = next((one for one in self.accounts if one.example), None)
        if account is None or account.example is None:
            return {}
        example = account.example
        text = segment_text(
            description=example.description,
            model="contacts",
            connection=account.manifest.name,
            source=example.ids,
            identifiers=example.identifiers,
            frequency="1 hour",
            schema=f"../{SCHEMAS}/segment.json",
        )
        tests = _tests_text(example, self.key)
        return {f"{SEGMENTS_FOLDER}/{example.name}.yaml": text, f"{TESTS_FOLDER}/{example.name}.yaml": tests}

    def text(self) -> str:
        """The text of project.yaml."""
        return "\n".join([*self._head(), "", *self._connections(), "", *self._models(), "", *self._environments(), ""])

    def _head(self) -> list[str]:
        kinds = {
            "duckdb": "{kind: duckdb, path: warehouse.duckdb}",
            "postgres": "{kind: postgres, dsn: {env: WAREHOUSE_DSN}}",
        }
        return [
            SCHEMA_LINE.format(path=f"{SCHEMAS}/project.json"),
            "version: 1",
            f"timezone: {scalar(self.timezone)}",
            f"start: {self.start}   # the first partition; never change it later",
            f"warehouse: {kinds[self.warehouse]}",
        ]

    def _connections(self) -> list[str]:
        lines = ["connections:"]
        for account in self.accounts:
            manifest = account.manifest
            lines.append(f"  {manifest.name}:")
            lines.append(f"    platform: {manifest.name}")
            for secret, meaning in manifest.connection.secrets.items():
                value = f"{{env: {manifest.name.upper()}_{secret.upper()}}}"
                lines.append(f"    {secret}: {value}   # {_one_line(meaning)}")
            for option, value in account.options.items():
                meaning = manifest.connection.options[option].description
                lines.append(f"    {option}: {scalar(value)}   # {_one_line(meaning)}")
        return lines

    def _models(self) -> list[str]:
        return [
            "models:",
            "  contacts:   # the table that remote ids are matched with: one row per person",
            f"    table: {scalar(self.table)}",
            f"    key: {scalar(self.key)}",
        ]

    def _environments(self) -> list[str]:
        lines = ["environments:", "  development:   # taken unless REMOTE_SEGMENTS_ENV names another"]
        simulated = [account for account in self.accounts if account.simulated_url]
        if not simulated:
            return [lines[0], "  development: {}   # taken unless REMOTE_SEGMENTS_ENV names another", _PRODUCTION]
        lines.append("    warehouse: {kind: duckdb, path: development.duckdb}")
        lines.append("    connections:   # simulated accounts, for trying; your own are those of production")
        for account in simulated:
            lines.append(f"      {account.manifest.name}:")
            lines.append(f"        base_url: {scalar(account.simulated_url or '')}")
            lines += [f"        {name}: {scalar(value)}" for name, value in account.simulated_options.items()]
            secrets = account.manifest.connection.secrets
            lines += [f"        {secret}: {{file: {account.key_file}}}" for secret in secrets]
        return [*lines, _PRODUCTION]


_PRODUCTION = "  production: {schedules: true}"


def _tests_text(example: Example, key: str) -> str:
    """The text of a file of tests/ about the example: somebody who is found, and somebody who is not."""
    match = example.identifiers[-1]
    address = "email" in match.identifier
    known, stranger = ("ada@example.test", "nobody@example.test") if address else ("101", "999")
    given = " ADA@Example.test" if address else known
    known, given = ("C1", "C1") if match.column == key else (known, given)
    row = {key: "C1", match.column: known}
    return "\n".join(
        [
            SCHEMA_LINE.format(path=f"../{SCHEMAS}/cases.json"),
            f"segment: {example.name}",
            "cases:",
            "  - name: Who is found, and who is not",
            "    model:",
            f"      - {flow(row)}",
            "    members:",
            f"      - given: {flow({match.identifier: given})}",
            "        key: C1",
            f"      - given: {flow({match.identifier: stranger})}",
            "        becomes: unknown",
            "",
        ]
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _write_new(path: Path, text: str) -> bool:
    """Writes a file that is not there yet; says whether it did."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def _ignore(file: Path) -> list[Path]:
    """Adds the lines that a .gitignore lacks; what it has stays."""
    before = file.read_text(encoding="utf-8") if file.is_file() else ""
    lacking = [line for line in IGNORED if line not in before.splitlines()]
    if not lacking:
        return []
    gap = "" if before.endswith("\n") or not before else "\n"
    file.write_text(before + gap + "".join(f"{line}\n" for line in lacking), encoding="utf-8")
    return [file]
