"""Loading 1,000 segment files as Dagster definitions, beside bare Dagster definitions of the same assets.

The floor is what a person would write by hand without any configuration: the same 3,000 partitioned assets with the
same checks, policies, metadata and conditions, one check of 1,000 specs, a job, a schedule and two sensors, all values
literal. Each measurement is a fresh process that has imported Dagster before the clock starts; it ends when the
repository is built. CPU seconds; the two take turns; the ratio is that of the medians.

    python benchmarks/definitions.py [--segments 1000] [--rounds 3]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

LIMIT = 1.3
TAGS = ("segment", "connection", "platform", "model")

PROJECT = """\
version: 1
start: 2026-11-01
warehouse: {kind: duckdb, path: warehouse.duckdb}
connections:
  klaviyo: {platform: klaviyo, api_key: {env: KEY}}
models:
  contacts: {table: analytics.contacts, key: contact_id}
"""

SEGMENT = """\
description: Members of campaign NUMBER
owner: lifecycle@example.com
model: contacts
source: {connection: klaviyo, segment_id: SNUMBER}
identifiers:
  - external_id: contact_id
  - email: email
refresh_frequency: 1 day at 06:30
"""


def write(folder: Path, count: int) -> None:
    """Writes a project of so many segments."""
    (folder / "segments").mkdir()
    (folder / "project.yaml").write_text(PROJECT)
    for number in range(count):
        (folder / "segments" / f"s{number:04}.yaml").write_text(SEGMENT.replace("NUMBER", str(number)))


def ours(folder: Path) -> Any:
    """Everything from the files to a repository."""
    from remote_segments.orchestration import build_definitions

    return build_definitions(folder).get_repository_def()


def floor(count: int) -> Any:
    """The same definitions, written by hand."""
    import dagster as dg

    windows = dg.TimeWindowPartitionsDefinition(
        start=datetime(2026, 11, 1), cron_schedule="30 6 * * *", fmt="%Y-%m-%d-%H:%M", timezone="UTC", end_offset=1
    )
    model = dg.AssetKey(["models", "contacts"])
    updated = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.newly_updated())
    condition = dg.AutomationCondition.in_latest_time_window() & (
        updated.allow(dg.AssetSelection.assets(model)).since_last_handled()
    )
    condition = (condition & ~dg.AutomationCondition.in_progress()).with_label("the model was refreshed")
    policy = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=60), warn_window=timedelta(hours=36))

    def asset(number: int, layer: int, deps: list[dg.AssetKey], names: list[str], **more: Any) -> dg.AssetsDefinition:
        key = dg.AssetKey(["segments", f"s{number:04}", ("raw", "mapped", "enriched")[layer]])
        specs = [
            dg.AssetCheckSpec(name, asset=key, partitions_def=windows, blocking=True, description="A check.")
            for name in names
        ]

        @dg.asset(
            key=key,
            deps=deps,
            partitions_def=windows,
            description=f"Members of campaign {number}",
            group_name=f"s{number:04}",
            owners=["lifecycle@example.com"],
            tags={f"remote_segments/{name}": f"s{number:04}" for name in TAGS},
            kinds={"duckdb"},
            metadata={
                "dagster/code_references": dg.CodeReferencesMetadataValue(
                    code_references=[dg.LocalFileCodeReference(file_path=f"s{number}.yaml", line_number=1, label="x")]
                ),
                "refresh frequency": "1 day at 06:30",
                "identifiers": "external_id, email",
                "source": f"segment_id S{number}",
                "page in the tool": dg.MetadataValue.url(f"https://example.com/{number}"),
            },
            code_version=f"{number}",
            op_tags={"dagster/priority": str(layer)},
            backfill_policy=dg.BackfillPolicy.single_run(),
            retry_policy=dg.RetryPolicy(max_retries=3, delay=20),
            check_specs=specs,
            **more,
        )
        def made(context: dg.AssetExecutionContext) -> Iterator[Any]:  # noqa: ARG001 - as in ours
            yield dg.MaterializeResult()

        return made

    assets: list[dg.AssetsDefinition] = []
    for number in range(count):
        raw = asset(number, 0, [], [], output_required=False)
        checks = ["accounting", "match_rate", "updated"]
        mapped = asset(number, 1, [raw.key, model], checks, automation_condition=condition)
        enriched = asset(
            number, 2, [mapped.key, model], ["publishable"], automation_condition=condition, freshness_policy=policy
        )
        assets += [raw, mapped, enriched]

    @dg.multi_asset_check(specs=[dg.AssetCheckSpec("age", asset=one.key) for one in assets[2::3]], can_subset=True)
    def age() -> Any:
        yield from ()

    @dg.sensor(name="age_sensor")
    def age_sensor() -> None:
        return None

    selection = dg.AssetSelection.assets(*(one.key for one in assets))
    job = dg.define_asset_job("refresh", selection=selection, executor_def=dg.in_process_executor)
    return dg.Definitions(
        assets=[dg.AssetSpec(model), *assets],
        asset_checks=[age],
        jobs=[job],
        schedules=[dg.ScheduleDefinition(job=job, cron_schedule="30 6 * * *")],
        sensors=[age_sensor, dg.AutomationConditionSensorDefinition("automation", target=selection)],
    ).get_repository_def()


def measured(side: str, folder: str, count: int) -> float:
    """CPU seconds of one side in a fresh process."""
    command = [sys.executable, __file__, "--side", side, "--folder", folder, "--segments", str(count)]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def main() -> None:
    """Measures, prints one JSON line, fails above the limit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--segments", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=("ours", "floor"))
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.side:
        import dagster  # noqa: F401 - imported by both sides before the clock starts

        warnings.simplefilter("ignore")
        start = time.process_time()
        repository = ours(options.folder) if options.side == "ours" else floor(options.segments)
        seconds = time.process_time() - start
        assert len(repository.asset_graph.get_all_asset_keys()) == 3 * options.segments + 1
        print(seconds)
        return
    with tempfile.TemporaryDirectory() as scratch:
        write(Path(scratch), options.segments)
        found: dict[str, list[float]] = {"ours": [], "floor": []}
        for _ in range(options.rounds):
            for side, seconds in found.items():
                seconds.append(measured(side, scratch, options.segments))
    medians = {side: statistics.median(seconds) for side, seconds in found.items()}
    ratio = round(medians["ours"] / medians["floor"], 3)
    line = {"name": "definitions of 1,000 segment files", "ratio": ratio, "limit": LIMIT, "unit": "CPU seconds"}
    print(json.dumps(line | {side: round(seconds, 2) for side, seconds in medians.items()}))
    if ratio > LIMIT:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
