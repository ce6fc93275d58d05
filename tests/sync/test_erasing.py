"""Erasing a person: nothing of them is left anywhere, and nobody else's rows change."""

import json
import re
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from remote_segments.config.common import Columns
from remote_segments.config.loader import load_project
from remote_segments.errors import ProjectError
from remote_segments.membership.tables import TABLES
from remote_segments.simulator import Simulator
from remote_segments.sync.erasing import Receipt, erase, look
from remote_segments.sync.mapping import map_segment
from remote_segments.sync.pruning import prune
from remote_segments.sync.publication import publish_segment
from remote_segments.sync.tombstones import drop_erased
from tests.support.fetching import NOW, Refresher
from tests.support.prepared import Beginnings
from tests.support.projects import PAYING, VIP, kept_in, ready_project, seed_contacts, write_project

SEGMENTS = {"vip": VIP, "paying": PAYING}


def refreshed_twice(refresher: Refresher) -> None:
    """Each segment, by turns."""
    seed_contacts(refresher.project, refresher.simulator)
    for name in [*SEGMENTS, *SEGMENTS]:
        refresher.refresh(name)


@pytest.fixture
def refresher(tmp_path: Path, simulator: Simulator, warehouse, beginnings: Beginnings) -> Refresher:
    """Two segments of two platforms over one model, each refreshed twice, in each kind of warehouse."""
    found = Refresher(
        kept_in(load_project(write_project(tmp_path / "project", simulator, SEGMENTS)), warehouse), simulator
    )
    beginnings.take(refreshed_twice, found)
    return found


def erased(refresher: Refresher, identifier: str, value: str, **options) -> Receipt:
    """Erases, a day after the refreshes."""
    return erase(
        refresher.project, identifier, value, by="dpo", reason="asked to", now=NOW + timedelta(days=1), **options
    )


def somebody(refresher: Refresher) -> tuple[str, str, str]:
    """Key, e-mail address and profile id of a person who is in both segments and mapped in both."""
    found = refresher.rows(
        "SELECT k.key, m.email, m.profile_id FROM segments.keys k JOIN segments.members m ON m.segment = k.segment "
        "AND m.snapshot_id = k.snapshot_id AND m.member_no = k.member_no WHERE k.segment = 'vip' AND k.key IN "
        "(SELECT key FROM segments.keys WHERE segment = 'paying') AND m.email IS NOT NULL ORDER BY k.key"
    )
    staying = refresher.expected(3, "klaviyo", "VIPOPN")  # the third fetch would bring them back
    return next(row for row in found if row[2] in staying)


def everything(refresher: Refresher, key: str, email: str, profile: str) -> dict[str, list[tuple]]:
    """All rows of all tables, but for those that name a person; counts of snapshots are left out."""
    named = {
        "members": f"NOT (coalesce(email, '') = '{email}' OR coalesce(profile_id, '') = '{profile}' OR record_id IN "
        f"(SELECT hubspot_id FROM analytics.contacts WHERE contact_id = '{key}')) OR record_id IS NULL "
        f"AND coalesce(profile_id, '') <> '{profile}'",
        "keys": f"key <> '{key}'",
        "changes": f"key <> '{key}'",
        "vip": f"contact_id <> '{key}'",
        "paying": f"contact_id <> '{key}'",
        "unmapped": "true",
    }
    found = {}
    for table, where in named.items():
        rows = refresher.rows(f"SELECT * FROM segments.{table} WHERE {where}")
        found[table] = sorted(map(repr, rows))
    return found


def traces(refresher: Refresher, values: list[str]) -> list[tuple[str, str]]:
    """Every text column of every table of the project that holds one of these values."""
    found = []
    with refresher.project.open_warehouse().read() as session:
        for table in [*TABLES, "vip", "paying", "memberships"]:
            relation = session.relation(table, session.schema)
            for column in relation.columns:
                wanted = ", ".join(f"'{value}'" for value in values)
                where = f'lower(CAST("{column}" AS TEXT)) IN ({wanted.lower()})'
                if session.rows(f'SELECT 1 FROM "{session.schema}"."{table}" WHERE {where} LIMIT 1'):
                    found.append((table, column))
    return found


@pytest.mark.parametrize("by", ["email", "profile_id", "key"])
def test_a_person_is_erased_by_any_identifier_and_nobody_else_changes(refresher: Refresher, by: str) -> None:
    """Promise 32: no table holds the person under any identifier, and all other rows are the same."""
    key, email, profile = somebody(refresher)
    before = everything(refresher, key, email, profile)
    given = {"email": email.upper(), "profile_id": profile, "key": key}[by]
    assert look(refresher.project, by, given)
    receipt = erased(refresher, by, given)
    assert traces(refresher, [email, profile, key]) == []
    assert everything(refresher, key, email, profile) == before
    assert receipt.segments == ("paying", "vip")
    assert receipt.proven
    assert receipt.rows["members"] >= 2
    assert receipt.rows["vip"] == receipt.rows["paying"] == 1
    assert look(refresher.project, by, given) == {}


def test_the_counts_of_every_snapshot_still_add_up(refresher: Refresher) -> None:
    """Promise 11: fetched = mapped + unknown + ambiguous + invalid + duplicate, and as many rows are stored."""
    erased(refresher, "key", somebody(refresher)[0])
    counts_add_up(refresher)


def test_the_counts_add_up_where_only_the_key_leads_to_ids_that_were_mapped_twice(refresher: Refresher) -> None:
    """Promise 11: two snapshots of one fetch lead to one row of it, which is one row; the file is gone meanwhile."""
    now = NOW + timedelta(hours=12)
    map_segment(refresher.project, "vip", partition_key=None, run_id=None, now=now)
    refresher.project = replace(refresher.project, segments={})
    erased(refresher, "key", somebody(refresher)[0])
    counts_add_up(refresher)


def test_whom_the_model_lost_before_the_first_fetch_is_found_by_the_key_that_the_platform_names(
    tmp_path: Path, simulator: Simulator, warehouse
) -> None:
    """Promise 32: no row of a model ever led to this member, whose external id is the key all the same."""
    folder = write_project(tmp_path / "project", simulator, {"vip": VIP})
    refresher = Refresher(kept_in(load_project(folder), warehouse), simulator)
    lost = min(
        one.profile.external_id
        for one in refresher.simulator.expected("klaviyo", "VIPOPN", 1)
        if one.profile.external_id
    )
    seed_contacts(refresher.project, simulator, leave_out=[int(one) for one in re.findall(r"\d+", lost)])
    refresher.refresh("vip")
    assert refresher.rows(f"SELECT count(*) FROM segments.members WHERE external_id = '{lost}'") == [(1,)]
    assert refresher.rows(f"SELECT count(*) FROM segments.keys WHERE key = '{lost}'") == [(0,)]
    assert erased(refresher, "key", lost).rows["members"] == 1
    assert refresher.rows(f"SELECT count(*) FROM segments.members WHERE external_id = '{lost}'") == [(0,)]
    counts_add_up(refresher)


def counts_add_up(refresher: Refresher) -> None:
    """The counts of every snapshot are those of its rows, one of which was erased."""
    counted = refresher.rows(
        "SELECT s.fetched, s.mapped, s.unknown, s.ambiguous, s.invalid, s.duplicate, s.erased, "
        "(SELECT count(*) FROM segments.members m WHERE m.segment = s.segment AND m.snapshot_id = s.members_id), "
        "(SELECT count(*) FROM segments.keys k WHERE k.segment = s.segment AND k.snapshot_id = s.snapshot_id) "
        "FROM segments.snapshots s"
    )
    assert {row[6] for row in counted} <= {1, None}
    assert any(row[6] == 1 for row in counted)
    for fetched, mapped, unknown, ambiguous, invalid, duplicate, _, members, keys in counted:
        assert fetched == mapped + unknown + ambiguous + invalid + duplicate == members
        assert mapped == keys


def test_the_next_refresh_does_not_bring_the_person_back(refresher: Refresher) -> None:
    """Promise 32: a salted digest keeps the person away, though platform and model still have them; the rest maps."""
    key, email, profile = somebody(refresher)
    erased(refresher, "email", email)
    refresher.refresh("vip")
    assert traces(refresher, [email, profile, key]) == []
    counted = refresher.rows(
        "SELECT fetched, erased FROM segments.snapshots WHERE segment = 'vip' ORDER BY snapshot_id DESC LIMIT 1"
    )
    assert counted == [(len(refresher.expected(3, "klaviyo", "VIPOPN")) - 1, 1)]


def test_without_a_tombstone_the_person_may_come_back(refresher: Refresher) -> None:
    """Somebody who only wants stored rows gone says so, and nothing is kept."""
    _, email, profile = somebody(refresher)
    receipt = erased(refresher, "profile_id", profile, tombstone=False)
    assert receipt.tombstones == 0
    assert refresher.rows("SELECT * FROM segments.tombstones") == []
    refresher.refresh("vip")
    assert ("members", "profile_id") in traces(refresher, [email, profile])


def test_an_erased_member_does_not_stop_a_new_mapping(refresher: Refresher) -> None:
    """Promise 7: stored ids are mapped again after an erasure, with a gap in the members' numbers."""
    erased(refresher, "key", somebody(refresher)[0])
    before = refresher.rows("SELECT contact_id FROM segments.vip ORDER BY contact_id")
    now = NOW + timedelta(days=2)
    mapped = map_segment(refresher.project, "vip", partition_key=None, run_id=None, now=now)
    publish_segment(refresher.project, "vip", partition_key=None, run_id=None, now=now, snapshot_id=mapped.snapshot_id)
    assert refresher.rows("SELECT contact_id FROM segments.vip ORDER BY contact_id") == before


def test_the_receipt_names_nobody(refresher: Refresher) -> None:
    """Promise 29: it says what was done and by which kind of identifier; only its owner reads it."""
    key, email, profile = somebody(refresher)
    receipt = erased(refresher, "email", email)
    file = refresher.project.state / "receipts" / f"{receipt.receipt_id}.json"
    text = file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(text)["by"] == "dpo"
    assert not any(value.lower() in text.lower() for value in (email, profile, f'"{key}"'))
    assert email not in repr(receipt)


def test_kept_fetches_are_forgotten(refresher: Refresher) -> None:
    """A spool that waits for its warehouse may hold the person."""
    folder = refresher.project.state / "spool" / "vip"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("a.parquet", "a.json", "b.parquet.partial"):
        (folder / name).write_text("x")
    assert erased(refresher, "email", "nobody@example.test").spools == 2
    assert list(folder.iterdir()) == []


def test_who_was_never_stored_gets_a_receipt_and_stays_away(refresher: Refresher) -> None:
    """A person may ask before any platform has sent them."""
    receipt = erased(refresher, "email", "nobody@example.test")
    assert sum(receipt.rows.values()) == 0
    assert receipt.tombstones == 1


def test_two_people_behind_one_address_are_not_erased_together(refresher: Refresher, simulator: Simulator) -> None:
    """Promise 32: a shared address erases nobody until the key says whom."""
    _, email, _ = somebody(refresher)
    with refresher.project.open_warehouse().write() as session:
        session.execute(f"UPDATE analytics.contacts SET email = '{email}' WHERE contact_id = 'C0000399'")
    before = refresher.rows("SELECT count(*) FROM segments.members")
    with pytest.raises(ProjectError) as refused:
        erased(refresher, "email", email)
    assert refused.value.code == "person-unclear"
    assert email not in str(refused.value)
    assert refresher.rows("SELECT count(*) FROM segments.members") == before


@pytest.mark.parametrize(
    ("identifier", "value", "model", "code"),
    [
        ("emial", "a@example.test", None, "unknown-identifier"),
        ("email", "nonsense", None, "bad-value"),
        ("key", "1", "contcats", "unknown-model"),
    ],
)
def test_what_is_no_identifier_is_refused(refresher: Refresher, identifier, value, model, code) -> None:
    """A typo erases nothing and says what there is."""
    with pytest.raises(ProjectError) as refused:
        erased(refresher, identifier, value, model=model)
    assert refused.value.code == code


def test_deleted_rows_are_gone_from_the_bytes_of_the_file(duckdb_warehouse) -> None:
    """Promise 32: an uncompressed file still holds a deleted address; written anew it does not, and nothing is lost."""
    address = "canary.4711@example.test"
    with duckdb_warehouse.connection() as connection:
        connection.execute("SET force_compression = 'uncompressed'")
        connection.execute("CREATE SCHEMA crm; CREATE TABLE crm.people (id BIGINT PRIMARY KEY, email VARCHAR)")
        connection.execute(f"INSERT INTO crm.people SELECT i, i || '{address}' FROM range(5000) t (i)")
        connection.execute("CREATE VIEW crm.addresses AS SELECT email FROM crm.people")
        connection.execute("CREATE INDEX by_email ON crm.people (email)")
        connection.execute("CHECKPOINT; DELETE FROM crm.people WHERE id >= 10; UPDATE crm.people SET email = 'x' || id")
    assert address.encode() in duckdb_warehouse.path.read_bytes()
    duckdb_warehouse.scrub([])
    assert address.encode() not in duckdb_warehouse.path.read_bytes()
    assert duckdb_warehouse.path.stat().st_mode & 0o777 == 0o600
    with duckdb_warehouse.connection() as connection:
        assert connection.execute("SELECT count(*) FROM crm.addresses").fetchall() == [(10,)]
        assert connection.execute("SELECT index_name FROM duckdb_indexes()").fetchall() == [("by_email",)]
    assert [path.name for path in duckdb_warehouse.path.parent.glob("*.rewritten")] == []


def showing_no_key(refresher: Refresher) -> None:
    """Publishes `vip` without the column of its key."""
    vip = refresher.project.segments["vip"].model_copy(update={"columns": Columns(exclude=("contact_id",))})
    refresher.project = replace(refresher.project, segments={**refresher.project.segments, "vip": vip})
    refresher.refresh("vip")


def test_a_table_without_the_key_is_made_anew_whatever_waits_to_be_published(refresher: Refresher) -> None:
    """Promise 32: newer ids that are not mapped yet do not keep the person in the published table."""
    showing_no_key(refresher)
    _, email, _ = somebody(refresher)
    ((before,),) = refresher.rows("SELECT count(*) FROM segments.vip")
    refresher.fetch("vip")
    erased(refresher, "email", email)
    assert refresher.rows("SELECT count(*) FROM segments.vip") == [(before - 1,)]
    assert refresher.rows(f"SELECT * FROM segments.vip WHERE lower(email) = '{email.lower()}'") == []


def test_a_table_without_the_key_that_a_guard_would_hold_erases_nothing_of_its_segment(refresher: Refresher) -> None:
    """Promise 32: what cannot be shown without the person is told, and then goes through; nothing is done by halves."""
    showing_no_key(refresher)
    key, email, _ = somebody(refresher)
    counts = "SELECT (SELECT count(*) FROM segments.vip), (SELECT count(*) FROM segments.keys WHERE segment = 'vip')"
    ((shown, keys),) = refresher.rows(counts)
    with refresher.project.open_warehouse().write() as session:
        session.execute("CREATE TABLE analytics.whole AS SELECT * FROM analytics.contacts")
        session.execute(
            "DELETE FROM analytics.contacts WHERE contact_id <> (SELECT min(contact_id) FROM analytics.contacts)"
        )
    with pytest.raises(ProjectError) as refused:
        erased(refresher, "key", key)
    assert refused.value.code == "erasure-held"
    assert refresher.rows(counts) == [(shown, keys)]
    with refresher.project.open_warehouse().write() as session:
        session.execute("DELETE FROM analytics.contacts")
        session.execute("INSERT INTO analytics.contacts SELECT * FROM analytics.whole")
    assert erased(refresher, "key", key).proven
    assert refresher.rows(f"SELECT * FROM segments.vip WHERE lower(email) = '{email.lower()}'") == []
    assert refresher.rows("SELECT count(*) FROM segments.vip") == [(shown - 1,)]


def test_a_table_without_the_key_loses_whom_the_model_lost_by_a_snapshot_of_its_own(refresher: Refresher) -> None:
    """Promise 15: erasing one of several people whom the model lost is a change of the model for the others."""
    showing_no_key(refresher)
    key, _, _ = somebody(refresher)
    ((shown,),) = refresher.rows("SELECT count(*) FROM segments.vip")
    ((other,),) = refresher.rows(f"SELECT min(key) FROM segments.keys WHERE segment = 'vip' AND key <> '{key}'")
    with refresher.project.open_warehouse().write() as session:
        session.execute(f"DELETE FROM analytics.contacts WHERE contact_id IN ('{key}', '{other}')")
    erased(refresher, "key", key)
    assert refresher.rows("SELECT count(*) FROM segments.vip") == [(shown - 2,)]
    newest = "SELECT kind, state FROM segments.snapshots WHERE segment = 'vip' ORDER BY snapshot_id DESC LIMIT 1"
    assert refresher.rows(newest) == [("remap", "published")]


def test_a_table_without_the_key_and_without_a_file_is_to_be_pruned_first(refresher: Refresher) -> None:
    """Nobody can say which of its rows is the person's: the command says so, and then goes through."""
    showing_no_key(refresher)
    key, email, profile = somebody(refresher)
    others = {name: one for name, one in refresher.project.segments.items() if name != "vip"}
    refresher.project = replace(refresher.project, segments=others)
    with pytest.raises(ProjectError) as refused:
        erased(refresher, "key", key)
    assert refused.value.code == "erasure-without-key"
    assert look(refresher.project, "key", key).keys() == {"vip"}
    prune(refresher.project, ["vip"])
    assert erased(refresher, "key", key).proven
    assert refresher.rows(f"SELECT * FROM segments.members WHERE email = '{email}' OR profile_id = '{profile}'") == []


def test_a_fetch_that_is_just_being_loaded_is_waited_for(
    tmp_path: Path, simulator: Simulator, postgres_warehouse, monkeypatch
) -> None:
    """Promise 32: a load that began before the digests were there cannot see them; what it brings is erased, too."""
    project = kept_in(ready_project(tmp_path / "project", simulator, {"vip": VIP}), postgres_warehouse)
    seed_contacts(project, simulator)
    refresher = Refresher(project, simulator)
    refresher.refresh("vip")  # the columns are there: no lock on the whole table hides that nobody waits
    profile = min(refresher.expected(2, "klaviyo", "VIPOPN"))
    started: list[Future[Receipt]] = []

    def waiting() -> bool:
        with project.open_warehouse().connection() as connection:
            return bool(connection.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchall())

    def meanwhile(session, snapshot, identifiers) -> int:
        found = drop_erased(session, snapshot, identifiers)  # now this transaction sees what was there by now
        started.append(pool.submit(erased, refresher, "profile_id", profile))
        while not started[0].done() and not waiting():
            wait(started, timeout=0.02)
        return found

    monkeypatch.setattr("remote_segments.sync.fetch.drop_erased", meanwhile)
    with ThreadPoolExecutor() as pool:
        refresher.fetch("vip")
        assert started[0].result().proven
    assert refresher.rows(f"SELECT * FROM segments.members WHERE profile_id = '{profile}'") == []
