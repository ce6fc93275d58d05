"""What project.yaml says, before and after one environment is laid over it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from remote_segments.config.connection import Connection
from remote_segments.config.model import Model
from remote_segments.config.moments import Day, TimeZone
from remote_segments.config.names import Name
from remote_segments.config.permission import Listing
from remote_segments.explanations import kind_of, refusal
from remote_segments.settings import Settings
from remote_segments.warehouses.duckdb import DuckDBSettings
from remote_segments.warehouses.postgres import PostgresSettings

DEFAULT_ENVIRONMENT = "development"
"""Always exists, and is taken where nobody names another: nothing runs by itself and nothing is sent from it."""

VERSION = 1
"""Of the configuration's format."""


def _version(value: Any) -> Any:
    if value not in (VERSION, str(VERSION)):
        found = (
            f"The configuration's version is `{value[:20]}`."
            if isinstance(value, str)
            else f"`version` is {kind_of(value)}."
        )
        raise refusal("bad-value", found, f"Write `version: {VERSION}`, or install the release that reads yours.")
    return VERSION


def _embedded_by_default(value: Any) -> Any:
    return {"kind": "duckdb", **value} if isinstance(value, dict) else value


class EnvironmentOverlay(Settings):
    """One environment: what it allows, and what differs in it. Its warehouse and connections are merged key by key."""

    schedules: bool = Field(False, description="Whether schedules and sensors start by themselves.")
    activations: bool = Field(False, description="Whether audiences may be sent to platforms.")
    warehouse: dict[str, Any] | None = Field(
        None,
        description="Keys of `warehouse` that differ; with another `kind`, the whole warehouse.",
        examples=[{"path": "dev.duckdb"}],
    )
    connections: dict[str, dict[str, Any]] | None = Field(
        None,
        description="Connection's name: its keys that differ.",
        examples=[{"klaviyo": {"base_url": "http://127.0.0.1:8765"}}],
    )


class ProjectFile(Settings):
    """project.yaml: what all segments share."""

    version: Annotated[Literal[1], BeforeValidator(_version), WithJsonSchema({"const": VERSION})] = Field(
        description="Version of the configuration's format.", examples=[VERSION]
    )
    timezone: TimeZone = Field("UTC", description="Zone of all times of day.", examples=["Europe/Paris"])
    start: Day = Field(
        description="Day of the first partition. It never moves: another day would be another set of partitions.",
        examples=["2026-11-24"],
    )
    warehouse: Annotated[
        Annotated[DuckDBSettings | PostgresSettings, Field(discriminator="kind")], BeforeValidator(_embedded_by_default)
    ] = Field(
        description="Where the tables live.",
        examples=[{"kind": "duckdb", "path": "warehouse.duckdb", "schema": "segments"}],
    )
    state: Path = Field(
        Path(".remote_segments"),
        description="Folder of what is on its way and of locks, relative to the project's folder.",
    )
    connections: dict[Name, Connection] = Field(default_factory=dict, description="Accounts on platforms, by name.")
    models: dict[Name, Model] = Field(default_factory=dict, description="Data models, by name.")
    suppression: dict[Name, Listing] = Field(
        default_factory=dict,
        description="Who must not be sent anywhere: applied last, and again when each batch is sent. No activation can "
        "switch it off.",
        examples=[{"unsubscribed": {"segment": "unsubscribed"}, "do_not_mail": {"column": "do_not_mail"}}],
    )
    consent: dict[Name, Listing] = Field(
        default_factory=dict,
        description="Who alone may be sent: whoever lacks one of these is sent nowhere, and removed where they were.",
        examples=[{"marketing": {"column": "marketing_consent"}}],
    )
    environments: dict[Name, EnvironmentOverlay] = Field(
        default_factory=dict,
        description=f"By name; `{DEFAULT_ENVIRONMENT}` always exists. The variable REMOTE_SEGMENTS_ENV chooses.",
    )


class Environment(Settings):
    """The chosen environment."""

    name: str
    schedules: bool = False
    activations: bool = False


def environment_of(file: ProjectFile, name: str) -> Environment:
    """The environment of a name; one that is not written allows nothing."""
    written: Mapping[str, EnvironmentOverlay] = file.environments
    overlay = written.get(name, EnvironmentOverlay())
    return Environment(name=name, schedules=overlay.schedules, activations=overlay.activations)
