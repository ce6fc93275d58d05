"""Erasing a person with several accounts: none of them is left, and no other one brings the person back."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from remote_segments.config.loader import load_project
from remote_segments.errors import ProjectError
from remote_segments.membership.tables import TABLES
from remote_segments.simulator import Simulator
from remote_segments.sync.erasing import Receipt, erase
from remote_segments.sync.mapping import map_segment
from remote_segments.sync.publication import publish_segment
from remote_segments.sync.results import Published
from tests.support.fetching import NOW, Refresher
from tests.support.prepared import Beginnings
from tests.support.projects import VIP, kept_in, seed_contacts, write_project

FIRST, SECOND, THIRD = 1, 2, 3
"""Numbers of members of every fetch: three accounts."""


class Accounts(Refresher):
    """A segment in which chosen accounts have the external id of the first: one person with several accounts."""

    def refreshed(self, *others: int) -> Published:
        """Fetches; makes these members accounts of the person; maps and publishes."""
        snapshot = self.fetch()
        self.give(snapshot.snapshot_id, *others)
        return self.published(snapshot.snapshot_id)

    def give(self, snapshot_id: str, *others: int) -> None:
        """Gives members of a fetch the external id of the person."""
        for number in others:
            with self.project.open_warehouse().write() as session:
                session.execute(
                    f"UPDATE segments.members SET external_id = '{self.key}', email = NULL "
                    f"WHERE snapshot_id = '{snapshot_id}' AND profile_id = '{self.profiles[number]}'"
                )

    def published(self, snapshot_id: str | None) -> Published:
        """Maps and publishes, half a minute later."""
        chosen = {"partition_key": None, "run_id": None, "now": NOW + timedelta(minutes=self.attempts, seconds=30)}
        mapped = map_segment(self.project, "vip", **chosen, snapshot_id=snapshot_id)
        return publish_segment(self.project, "vip", **chosen, snapshot_id=mapped.snapshot_id)

    def erased(self, **options) -> Receipt:
        """Erases the person by the first account."""
        given = {"by": "dpo", "reason": "asked to", "now": NOW + timedelta(hours=1), **options}
        return erase(self.project, "profile_id", self.profiles[FIRST], **given)

    def shown(self) -> list[str]:
        """The keys of the published segment."""
        return [row[0] for row in self.rows("SELECT contact_id FROM segments.vip")]

    def traces(self) -> list[tuple[str, str]]:
        """Columns that hold the person's key, an id of their accounts or their address."""
        wanted = ", ".join(f"'{value}'" for value in (self.key, *self.person))
        found = []
        with self.project.open_warehouse().read() as session:
            for table in [*TABLES, "vip"]:
                for column in session.relation(table, session.schema).columns:
                    where = f'CAST("{column}" AS TEXT) IN ({wanted})'
                    if session.rows(f'SELECT 1 FROM segments."{table}" WHERE {where} LIMIT 1'):
                        found.append((table, column))
        return found


def one_person_with_two_accounts(found: Accounts) -> None:
    """A refreshed segment whose second member is another account of the first, counted as a duplicate."""
    simulator = found.simulator
    seed_contacts(found.project, simulator)
    snapshot = found.fetch()
    staying = simulator.expected("klaviyo", "VIPOPN", 1), found.expected(2), found.expected(3), found.expected(4)
    stays = [one for one in staying[0] if all(one.profile.profile_id in others for others in staying[1:])]
    three = sorted((one.profile for one in stays if one.profile.external_id), key=lambda one: one.profile_id)[:3]
    found.profiles = {number: one.profile_id for number, one in enumerate(three, start=1)}
    found.key = three[0].external_id
    found.person = (found.profiles[FIRST], found.profiles[SECOND], three[0].email)
    found.give(snapshot.snapshot_id, SECOND)
    found.published(snapshot.snapshot_id)


@pytest.fixture
def accounts(tmp_path: Path, simulator: Simulator, warehouse, beginnings: Beginnings) -> Accounts:
    """One person with two accounts, in each kind of warehouse."""
    found = Accounts(
        kept_in(load_project(write_project(tmp_path / "project", simulator, {"vip": VIP})), warehouse), simulator
    )
    beginnings.take(one_person_with_two_accounts, found)
    return found


def test_an_account_that_was_counted_as_a_duplicate_goes_with_the_person(accounts: Accounts) -> None:
    """Promise 32: no row of the second account is left, its digest is kept, and the counts still add up."""
    assert accounts.rows("SELECT duplicate, same_row FROM segments.snapshots") == [(1, 1)]
    receipt = accounts.erased()
    assert accounts.traces() == []
    assert receipt.rows["members"] == 2
    assert receipt.rows["unmapped"] == 1
    ((fetched, mapped, unknown, duplicate, erased),) = accounts.rows(
        "SELECT fetched, mapped, unknown + ambiguous + invalid, duplicate, erased FROM segments.snapshots"
    )
    assert (fetched, duplicate, erased) == (mapped + unknown, 0, 2)


def test_the_second_account_does_not_bring_the_person_back(accounts: Accounts) -> None:
    """Promise 32: the next fetch still has both accounts, and neither is stored."""
    accounts.erased()
    published = accounts.refreshed(SECOND)
    assert accounts.traces() == []
    assert accounts.key not in accounts.shown()
    assert len(accounts.shown()) == published.rows > 0


def test_an_account_that_nobody_had_seen_does_not_bring_the_person_back(accounts: Accounts) -> None:
    """Promise 32: whoever leads to the erased row of the model is left out when it is mapped, and counted."""
    accounts.erased()
    third = f"SELECT snapshot_id FROM segments.members WHERE profile_id = '{accounts.profiles[THIRD]}'"
    before = accounts.rows(third)  # an account of somebody else until today
    published = accounts.refreshed(SECOND, THIRD)
    assert accounts.traces() == []
    assert accounts.rows(third) == before
    assert len(accounts.shown()) == published.rows
    newest = "FROM segments.snapshots ORDER BY snapshot_id DESC LIMIT 1"
    ((fetched, erased, outcomes),) = accounts.rows(
        f"SELECT fetched, erased, mapped + unknown + ambiguous + invalid + duplicate {newest}"
    )
    assert (fetched, erased) == (outcomes, 3)
    accounts.refreshed()  # by now the account itself is known
    assert accounts.rows(third) == before


def test_without_tombstones_a_new_account_may_come(accounts: Accounts) -> None:
    """Somebody who only wants stored rows gone says so."""
    accounts.erased(tombstone=False)
    accounts.refreshed(THIRD)
    assert accounts.key in accounts.shown()


def test_digests_of_an_earlier_release_still_keep_the_person_away(accounts: Accounts) -> None:
    """Promise 33: those of accounts and addresses, which were all there were."""
    accounts.erased()
    with accounts.project.open_warehouse().write() as session:
        assert session.execute("DELETE FROM segments.tombstones WHERE kind = 'key'") >= 1
    accounts.refreshed(SECOND)
    assert accounts.traces() == []


def test_a_renamed_model_does_not_bring_the_person_back(accounts: Accounts) -> None:
    """Promise 32: the same table under another name in project.yaml is the same model."""
    accounts.erased()
    project = accounts.project
    vip = project.segments["vip"].model_copy(update={"model": "people"})
    accounts.project = replace(project, models={"people": project.models["contacts"]}, segments={"vip": vip})
    accounts.refreshed(SECOND, THIRD)
    assert accounts.key not in accounts.shown()


def test_a_window_that_is_mapped_again_does_not_bring_the_person_back(accounts: Accounts) -> None:
    """Promise 32: an older window's ids that lead to the erased row are found when it is rebuilt, and deleted."""
    first = accounts.rows("SELECT snapshot_id FROM segments.snapshots")[0][0]
    accounts.refreshed(SECOND)
    accounts.erased()
    accounts.give(first, THIRD)  # the model leads a third account to the erased row by now
    chosen = {"partition_key": None, "run_id": None, "now": NOW + timedelta(hours=2), "snapshot_id": first}
    map_segment(accounts.project, "vip", **chosen)
    rows = f"SELECT count(*) FROM segments.keys WHERE key = '{accounts.key}'"
    assert accounts.rows(rows) == [(0,)]
    assert accounts.rows(f"SELECT 1 FROM segments.members WHERE external_id = '{accounts.key}'") == []


def test_an_account_of_somebody_else_by_now_is_told_and_stays(accounts: Accounts) -> None:
    """Promise 32: an identifier that leads to both erases nobody; the key erases its person only."""
    accounts.refreshed()
    ((other,),) = accounts.rows(
        "SELECT k.key FROM segments.keys k JOIN segments.members m ON m.snapshot_id = k.snapshot_id "
        f"AND m.member_no = k.member_no WHERE m.profile_id = '{accounts.profiles[SECOND]}'"
    )
    with pytest.raises(ProjectError) as refused:
        accounts.erased()
    assert refused.value.code == "person-unclear"
    erase(accounts.project, "key", accounts.key, by="dpo", reason="asked to", now=NOW + timedelta(hours=1))
    accounts.refreshed()
    assert other in accounts.shown()
    assert accounts.key not in accounts.shown()
