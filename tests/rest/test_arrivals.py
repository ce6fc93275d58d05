"""Members that come twice in a file are counted exactly, also when their hashes do not fit into memory."""

from pathlib import Path

import pytest

from remote_segments.errors import TemporaryError
from remote_segments.rest.decoding import Page
from remote_segments.rest.files import arrivals
from remote_segments.rest.files.arrivals import Arrivals


def page(ids: list[str]) -> Page:
    return Page({"id": list(ids)}, None, len(ids))


@pytest.mark.parametrize(("held", "part"), [(1_000_000, 2_000_000), (7, 2_000_000), (7, 10), (1, 1)])
def test_repeats_are_counted_wherever_they_are_kept(
    held: int, part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count is the same in memory, in a file, and in parts."""
    monkeypatch.setattr(arrivals, "HELD", held)
    monkeypatch.setattr(arrivals, "PART", part)
    ids = [f"m{number}" for number in range(50)]
    with arrivals.arrivals(tmp_path) as found:
        for start in range(0, 50, 5):
            found.add(page(ids[start : start + 5]), "id")
        found.add(page(["m3", "m49", "m3"]), "id")
        assert (found.pages, found.members, found.repeated()) == (11, 53, 3)
    assert list(tmp_path.iterdir()) == []


def test_nothing_arrived() -> None:
    """An empty membership repeats nothing."""
    assert Arrivals(None).repeated() == 0


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be kept ends the fetch; it is not left uncounted."""
    monkeypatch.setattr(arrivals, "HELD", 1)
    with arrivals.arrivals(None) as found:
        found._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - closed by what it is given to
        with pytest.raises(TemporaryError, match="scratch-unwritable"):
            found.add(page(["m1"]), "id")
