"""The sound examples load, and mean what they say."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from remote_segments.config.loader import load_project
from remote_segments.config.segment import Column
from remote_segments.settings import Secret
from remote_segments.warehouses.duckdb import DuckDBSettings
from remote_segments.warehouses.postgres import PostgresSettings

GOOD = Path(__file__).parents[1] / "configs" / "good"
REPOSITORY = Path(__file__).parents[2]


def test_ids_are_the_characters_written() -> None:
    """`010`, `12:30`, `1_000`, `true` and a day stay what was typed: anything else would fetch another segment."""
    project = load_project(GOOD / "characters", "development")
    assert {name: segment.source.ids["segment_id"] for name, segment in project.segments.items()} == {
        "clock": "12:30",
        "day": "2026-11-24",
        "exponent": "1e3",
        "leading_zero": "010",
        "negative": "-0",
        "octal": "0o17",
        "truth": "true",
        "underscored": "1_000",
    }


def test_every_key_of_a_segment_is_read() -> None:
    """A segment file with all keys gives their values, in the types that other rooms use."""
    segment = load_project(GOOD / "full", "production").segment("vip_openers")
    assert segment.name == "vip_openers"
    assert segment.owner == "team:lifecycle"
    assert segment.identifiers == (
        {"external_id": Column(column="contact_id")},
        {"email": Column(column="email_sha256", hashed="sha256"), "phone": Column(column="phone")},
        {"email": Column(column="email")},
    )
    assert (segment.refresh_frequency.cron, segment.timezone, segment.start) == (
        "30 6 * * *",
        "America/New_York",
        date(2026, 11, 10),
    )
    assert segment.columns is not None
    assert segment.columns.exclude == ("email_sha256",)
    assert segment.freshness is not None
    assert (segment.freshness.warn, segment.freshness.fail) == (timedelta(hours=36), timedelta(days=3))
    assert (segment.guards.allow_empty, segment.guards.minimum_match_rate) == (True, 82.5)
    assert (segment.guards.max_left, segment.guards.max_joined) == (35.0, 1200.0)
    assert segment.retention == timedelta(weeks=8)
    assert segment.tags == {"team": "lifecycle", "tier": "1"}
    assert (segment.group, segment.renamed_from, segment.remap_on_model_refresh) == ("vip", "vip_readers", False)


def test_four_keys_suffice() -> None:
    """What is not written has a sensible default."""
    segment = load_project(GOOD / "characters", "development").segment("clock")
    assert (segment.owner, segment.columns, segment.freshness, segment.group) == (None, None, None, None)
    assert (segment.guards.allow_empty, segment.guards.minimum_match_rate) == (False, None)
    assert (segment.guards.max_left, segment.guards.max_joined) == (20.0, 100.0)
    assert segment.retention == timedelta(days=30)
    assert segment.remap_on_model_refresh


def test_a_segment_has_its_own_zone_and_start_or_those_of_the_project() -> None:
    """Zone and start fall back to project.yaml."""
    project = load_project(GOOD / "full", "production")
    vip, families = project.segment("vip_openers"), project.segment("families")
    assert (project.timezone_of(vip), project.start_of(vip)) == ("America/New_York", date(2026, 11, 10))
    assert (project.timezone_of(families), project.start_of(families)) == ("Europe/Paris", date(2026, 11, 1))


def test_the_ids_choose_the_kind_of_source() -> None:
    """A set of id keys belongs to exactly one kind of membership of the platform."""
    project = load_project(GOOD / "full", "production")
    assert project.source_kind_name(project.segment("vip_openers")) == "segment"
    assert project.source_kind(project.segment("families")).ids == ("list_id", "segment_id")


def test_paths_start_from_the_projects_folder() -> None:
    """Files of models, secrets and state are found from any working directory."""
    folder = GOOD / "full"
    project = load_project(folder, "production")
    assert project.models["households"].path == folder / "data/households.parquet"
    assert project.connections["klaviyo"].secrets == {"api_key": Secret(file=folder / "secrets/klaviyo")}
    assert isinstance(project.warehouse, PostgresSettings)
    assert project.warehouse.dsn == Secret(file=folder / "secrets/dsn")
    assert project.state == folder / "var/state/production"


def test_an_environment_changes_single_keys_and_a_secret_as_a_whole() -> None:
    """Development has its own warehouse kind, address and key; what it does not name stays."""
    project = load_project(GOOD / "full", "development")
    klaviyo = project.connections["klaviyo"]
    assert isinstance(project.warehouse, DuckDBSettings)
    assert klaviyo.base_url == "http://127.0.0.1:8765/klaviyo"
    assert klaviyo.secrets == {"api_key": Secret(env="SANDBOX_KEY")}
    assert klaviyo.limits is not None
    assert klaviyo.limits.per_day == 50000


def test_an_environment_of_the_same_warehouse_kind_changes_only_what_it_names() -> None:
    """Staging keeps the server and has another schema."""
    warehouse = load_project(GOOD / "full", "staging").warehouse
    assert isinstance(warehouse, PostgresSettings)
    assert warehouse.schema_ == "staging"
    assert warehouse.dsn is not None


@pytest.mark.parametrize(
    ("name", "schedules", "activations"),
    [("development", False, False), ("staging", True, False), ("production", True, True)],
)
def test_an_environment_says_what_runs_by_itself(name: str, schedules: bool, activations: bool) -> None:
    """Schedules and activations are off unless an environment turns them on."""
    environment = load_project(GOOD / "full", name).environment
    assert (environment.name, environment.schedules, environment.activations) == (name, schedules, activations)


def test_development_exists_without_being_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A project that names no environment is in development, where nothing starts by itself."""
    monkeypatch.delenv("REMOTE_SEGMENTS_ENV", raising=False)
    environment = load_project(GOOD / "plain").environment
    assert (environment.name, environment.schedules, environment.activations) == ("development", False, False)


def test_the_variable_chooses_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """REMOTE_SEGMENTS_ENV is read where nobody names an environment."""
    monkeypatch.setenv("REMOTE_SEGMENTS_ENV", "production")
    assert load_project(GOOD / "full").environment.name == "production"


def test_the_example_project_is_sound_in_every_environment() -> None:
    """What the demo runs validates."""
    for name in ("development", "demo", "production"):
        assert load_project(REPOSITORY / "segment_configs", name).segments
