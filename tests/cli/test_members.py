"""`members` and `history`: what a segment was, as a person asks for it."""

import itertools
import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from remote_segments.config.project import Project
from tests.support.commands import command


@pytest.fixture
def snapshots(project: Project) -> list[dict]:
    """The history of `vip` after three refreshes, each with other members."""
    for _ in range(3):
        assert command("run", "vip").code == 0
    return command("history", "vip", "--json").document["snapshots"]


def instants(snapshots: list[dict]) -> list[pd.Timestamp]:
    """From when each snapshot counts."""
    return [pd.Timestamp(one["effective_at"]) for one in snapshots]


def test_members_at_an_instant_are_those_of_the_snapshot_in_force(snapshots: list[dict]) -> None:
    """Promise 12: the number of members at the instant of each snapshot is what it mapped; later is the last one."""
    for snapshot, when in zip(snapshots, instants(snapshots), strict=True):
        found = command("members", "vip", "--at", when.isoformat(), "--json").document
        assert found["members"] == snapshot["mapped"]
    assert command("members", "vip", "--json").document["members"] == snapshots[-1]["mapped"]


def test_the_history_adds_up(snapshots: list[dict]) -> None:
    """Promise 12: each size is the one before plus joined minus left."""
    for before, after in itertools.pairwise(snapshots):
        assert after["mapped"] == before["mapped"] + after["joined_count"] - after["left_count"]
    assert any(one["joined_count"] for one in snapshots[1:])
    assert "effective at" in command("history", "vip").out


def test_before_the_first_snapshot_nothing_is_known(snapshots: list[dict]) -> None:
    """An empty answer would say that nobody was a member."""
    early = instants(snapshots)[0] - timedelta(days=1)
    shown = command("members", "vip", "--at", early.isoformat())
    assert shown.code == 2
    assert "[before-history]" in shown.err
    [advised] = re.findall(r"from ([-0-9]+T[0-9:]+) on \(Europe/Paris\)", shown.err)
    assert instants(snapshots)[0] <= datetime.fromisoformat(advised).replace(tzinfo=ZoneInfo("Europe/Paris"))
    assert command("members", "vip", "--at", advised).code == 0


def test_nobody_is_said_to_be_a_member_in_the_future(snapshots: list[dict]) -> None:
    """Today's members are no answer to who will be in it; a year that is mistyped would give them."""
    shown = command("members", "vip", "--at", (instants(snapshots)[-1] + timedelta(days=365)).isoformat())
    assert shown.code == 2
    assert "[bad-value] --at lies in the future" in shown.err


def test_members_are_written_to_a_file_of_their_owner(snapshots: list[dict], tmp_path: Path) -> None:
    """The file has all of them, nobody else reads it, and it is never written over."""
    for name, read in (("vip.csv", pd.read_csv), ("vip.parquet", pd.read_parquet)):
        file = tmp_path / name
        shown = command("members", "vip", "--output", file)
        assert shown.code == 0, shown.err
        frame = read(file)
        assert list(frame.columns) == ["contact_id", "since"]
        assert len(frame) == snapshots[-1]["mapped"]
        assert file.stat().st_mode & 0o777 == 0o600
        assert "[file-exists]" in command("members", "vip", "--output", file).err
    assert "[bad-value]" in command("members", "vip", "--output", tmp_path / "vip.xlsx").err


def test_one_persons_stays_are_told(snapshots: list[dict], tmp_path: Path) -> None:
    """Who was there from the first snapshot on, since when and by which identifier."""
    command("members", "vip", "--at", instants(snapshots)[0].isoformat(), "--output", tmp_path / "first.csv")
    command("members", "vip", "--output", tmp_path / "last.csv")
    first, last = (set(pd.read_csv(tmp_path / name, dtype=str).contact_id) for name in ("first.csv", "last.csv"))
    (stay,) = command("history", "vip", "--key", min(first & last), "--json").document["stays"]
    assert (stay["cause"], stay["until"]) == ("baseline", None)
    assert pd.Timestamp(stay["since"]) == instants(snapshots)[0]
    assert stay["matched"] in {"external_id", "email"}
    gone = command("history", "vip", "--key", min(first - last)).out
    assert "(baseline by " in gone
    assert "left by remote" in gone
    assert "never was a member" in command("history", "vip", "--key", "nobody").out
    assert "[key-parts]" in command("history", "vip", "--key", "a", "--key", "b").err


@pytest.mark.usefixtures("project")
def test_a_segment_without_a_snapshot_says_so() -> None:
    """Never fetched is not the same as empty."""
    for words in (("members", "vip"), ("history", "vip"), ("history", "vip", "--key", "1")):
        shown = command(*words)
        assert shown.code == 2
        assert "[segment-never-published]" in shown.err
    assert "`vip`" in command("members", "vpi").err
    assert "[bad-value]" in command("members", "vip", "--at", "yesterday").err
