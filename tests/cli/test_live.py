"""`validate --live`: what only the warehouse and the platforms know, all at once, each with its file and line."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from remote_segments.config.project import Project
from remote_segments.simulator import Simulator
from remote_segments.sync.checking import check_live
from remote_segments.sync.seeding import seed_model
from tests.support.commands import command, edit, set_connection, small_pages
from tests.support.projects import VIP, ready_project, write_segment

CONTACTS = {"contact_id": ["C1", "C2"], "email": ["a@example.test", "b@example.test"], "hubspot_id": ["1", "2"]}


def problems() -> list[tuple[str, str]]:
    """Code and place of everything that is found."""
    found = command("validate", "--live", "--json").document["problems"]
    assert all(set(one) == {"code", "found", "fix", "where"} for one in found)
    return [(one["code"], one["where"].removeprefix("segment_configs/")) for one in found]


def test_a_sound_project_fits_warehouse_and_platforms(project: Project, simulator: Simulator) -> None:
    """Calls per day are reckoned with the real sizes, and nothing is changed anywhere."""
    shown = command("validate", "--live", "--json")
    assert shown.code == 0
    document = shown.document
    assert document["valid"] is True
    assert document["sizes"]["vip"] == len(simulator.expected("klaviyo", "VIPOPN", 1))
    calls = document["calls_per_day"]["klaviyo"]
    assert calls["expected"] == calls["at_least"] > 0
    assert "members, ready" in command("validate", "--live").out
    assert {call.verb for call in simulator.calls()} == {"describe"}
    with project.open_warehouse().read() as session:
        assert session.relation("snapshots", session.schema) is None


def test_everything_is_told_at_once_with_its_line(project: Project, simulator: Simulator) -> None:
    """Promise 31: secret, id, columns of two segments and the model's key, in order of file and line."""
    seed_model(project, "analytics", "contacts", {**CONTACTS, "contact_id": ["C1", "C1"]})
    edit(project.folder / "segments" / "vip.yaml", identifiers=[{"external_id": "contact_di"}, {"email": "e_mail"}],
         source={"connection": "klaviyo", "segment_id": "VIPOPE"})  # fmt: skip
    edit(project.folder / "segments" / "paying.yaml", columns={"exclude": ["plan"]})
    edit(project.folder / "project.yaml", connections={
        "klaviyo": {"platform": "klaviyo", "api_key": {"file": "key"}, "base_url": simulator.url("klaviyo")},
        "hubspot": {"platform": "hubspot", "token": {"env": "RS_UNSET"}},
    })  # fmt: skip
    assert problems() == [
        ("secret-unset", "project.yaml:15"),
        ("model-key-duplicated", "project.yaml:20"),
        ("unknown-column", "segments/paying.yaml:9"),
        ("segment-not-found", "segments/vip.yaml:4"),
        ("unknown-column", "segments/vip.yaml:6"),
        ("unknown-column", "segments/vip.yaml:7"),
    ]
    shown = command("validate", "--live")
    assert shown.code == 2
    assert "Did you mean `contact_id`?" in shown.err
    assert "segment_configs has 6 problems" in shown.out


def test_columns_of_audiences_are_those_of_the_warehouse(project: Project) -> None:
    """Promise 31: what a condition asks, shows or leaves out is there and has a type that it can be asked of."""
    (project.folder / "audiences").mkdir()
    (project.folder / "audiences" / "loyal.yaml").write_text(
        "model: contacts\n"
        "all:\n"
        "  - vip\n"
        "  - {lifetime_value: {contains: 5}}\n"
        "any:\n"
        "  - {contry: FR}\n"
        "  - {country: FR, contact_id: {in: [C1]}}\n"
        "priority:\n"
        "  first: vip\n"
        "  second: {all: [paying, {lifetime_value: many}]}\n"
        "columns: {include: [contact_id, e_mail]}\n"
    )
    (project.folder / "audiences" / "fine.yaml").write_text("model: contacts\nall: [vip, {country: FR}]\n")
    assert problems() == [
        ("type-mismatch", "audiences/loyal.yaml:4"),
        ("unknown-column", "audiences/loyal.yaml:6"),
        ("type-mismatch", "audiences/loyal.yaml:10"),
        ("unknown-column", "audiences/loyal.yaml:11"),
    ]
    shown = command("validate", "--live")
    assert "Did you mean `country`?" in shown.err
    assert "Did you mean `email`?" in shown.err


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({**CONTACTS, "contact_id": [0.5, 1.5]}, "model-key-type"),
        ({**CONTACTS, "contact_id": ["C1", None]}, "model-key-null"),
        ({**CONTACTS, "email": [True, False]}, "identifier-column-type"),
        ({**CONTACTS, "joined_at": ["x", "y"]}, "column-collision"),
        ({name: values[:0] for name, values in CONTACTS.items()}, "model-empty"),
    ],
)
def test_a_model_that_cannot_be_used_is_told(columns: dict[str, list[object]], code: str, project: Project) -> None:
    """The codes are those of a refresh, without waiting for one."""
    if code == "model-empty":
        with project.open_warehouse().write() as session:
            session.execute("DELETE FROM analytics.contacts")
    else:
        seed_model(project, "analytics", "contacts", columns)
    assert code in {found for found, _ in problems()}


def test_a_model_that_is_not_there_is_told_with_its_line(project: Project) -> None:
    """The nearest table is named."""
    edit(project.folder / "project.yaml", models={"contacts": {"table": "analytics.contcats", "key": "contact_id"}})
    assert [code for code, _ in problems()] == ["model-missing"]
    assert "Did you mean analytics.contacts?" in command("validate", "--live").err


def test_a_schedule_that_does_not_fit_the_real_size_is_told(project: Project) -> None:
    """A segment of one page would fit; the platform says that it has three."""
    small_pages(project.folder)
    write_segment(project.folder, "vip", {**VIP, "refresh_frequency": "1 minute"})
    set_connection(project.folder, limits={"per_day": 4 * 1440})
    assert command("validate").code == 0
    assert [code for code, _ in problems()] == ["schedule-exceeds-limit"]
    calls = command("validate", "--live", "--json").document["calls_per_day"]["klaviyo"]
    assert calls["expected"] > calls["allowed"]


@pytest.mark.parametrize(("fault", "code", "exit_code"), [("key-refused", "key-refused", 2), ("html", "not-json", 4)])
def test_the_exit_code_says_who_must_act(
    fault: str, code: str, exit_code: int, project: Project, simulator: Simulator
) -> None:
    """2 somebody mends the account, 4 the platform answers what its manifest does not say."""
    simulator.fault(fault, platform="klaviyo", verb="describe")
    shown = command("validate", "--live", "--json")
    assert shown.code == exit_code
    assert [one["code"] for one in shown.document["problems"]] == [code]
    assert "canary" not in shown.out


def test_a_refused_key_is_told_once_for_all_its_segments(project: Project, simulator: Simulator) -> None:
    """One account, one problem, at the connection's line."""
    for name in ("a", "b", "c"):
        write_segment(project.folder, name, VIP)
    simulator.fault("key-refused", platform="klaviyo", verb="describe", times=1)
    assert [code for code, _ in problems()].count("key-refused") == 1


def test_a_connection_that_no_segment_uses_is_no_problem(project: Project) -> None:
    """It is said that it was not asked."""
    (project.folder / "segments" / "vip.yaml").unlink()
    document = command("validate", "--live", "--json").document
    assert document["valid"] is True
    assert document["notes"] == ["klaviyo: no segment uses it, so it was not asked."]


def test_a_segment_that_is_computing_is_told(project: Project) -> None:
    """It is no mistake, but its refresh would wait."""
    write_segment(project.folder, "vip", {**VIP, "source": {"connection": "klaviyo", "segment_id": "BUSY01"}})
    assert command("validate", "--live", "--json").document["notes"] == ["vip: computing. Klaviyo says is_processing."]


def test_a_warehouse_of_another_kind_of_file_is_told(project: Project) -> None:
    """The platforms are asked all the same."""
    Path(project.folder / "warehouse.duckdb").write_text("not a database, but long enough to be looked at as one" * 99)
    found = check_live(project)
    assert [problem.code for problem in found.problems] == ["warehouse-unreadable"]
    assert set(found.descriptions) == {"vip", "paying"}


@pytest.mark.xdist_group("postgres")
def test_a_project_in_postgres_goes_the_same_way(tmp_path: Path, simulator: Simulator, postgres_dsn: str) -> None:
    """`preview`, `add`, `validate --live` and `doctor` read there what they read in a file, and write nothing."""
    parts = conninfo_to_dict(postgres_dsn)
    warehouse = {"kind": "postgres", "host": parts["host"], "database": parts["dbname"], "user": parts["user"]}
    project = ready_project(tmp_path / "segment_configs", simulator, {"vip": VIP}, warehouse=warehouse)
    assert command("preview", "vip", "--json").document["mapped"] > 0
    added = command("add", "klaviyo/NWSLTR", "--json").document
    assert {one["column"] for one in added["measured"]["columns"] if one["chosen"]} == {"email", "contact_id"}
    assert command("validate", "--live").code == 0
    edit(project.folder / "project.yaml", models={"contacts": {"table": "analytics.contcats", "key": "contact_id"}})
    assert [code for code, _ in problems()] == ["model-missing"]
    found = command("doctor", "--json").document["findings"]
    assert [one["found"] for one in found if one["topic"] == "warehouse"] == [
        "postgres, schema segments: no refresh has written to it yet"
    ]
