"""A segment in some lines of Markdown, as the Dagster UI shows it with every refresh."""

from remote_segments.report.sketch import BAR, MOST_SIZES, sketch
from remote_segments.sync.snapshots import Snapshot

LARGEST = 1_000
"""Bytes that a materialization may carry for it: they are written with every refresh of every segment."""


def snapshot(**counts: int) -> Snapshot:
    """A published snapshot with these counts."""
    return Snapshot(segment="vip", snapshot_id="one", state="published", **counts)  # type: ignore[arg-type]


def test_losses_that_occurred_are_between_fetched_and_mapped() -> None:
    """A reason that did not occur has no row; bars are parts of the fetched."""
    text = sketch(snapshot(mapped=50, unknown=40, invalid=10, duplicate=0, ambiguous=0), [50])
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]
    assert [(name, count) for name, count, _ in rows] == [
        ("fetched", "100"),
        ("- unknown", "40"),
        ("- invalid", "10"),
        ("mapped", "50"),
    ]
    assert [len(bar) for _, _, bar in rows] == [BAR, 6, 2, BAR // 2]
    assert "Size of" not in text


def test_sizes_are_a_line_from_the_smallest_to_the_largest() -> None:
    """The oldest first; a size that never changes is in the middle."""
    assert sketch(snapshot(mapped=30), [10, 20, 30]).endswith("Size of the last 3 snapshots, 10 to 30: ▁▄█")
    assert sketch(snapshot(mapped=5), [5, 5]).endswith("5 to 5: ▄▄")
    assert sketch(snapshot(mapped=0), [0]).count("█") == 0


def test_it_is_small_whatever_the_segment() -> None:
    """Fewer bytes than a thousand, with all reasons and as many sizes as are shown."""
    counts = dict.fromkeys(("mapped", "unknown", "ambiguous", "invalid", "duplicate"), 123_456_789)
    assert len(sketch(snapshot(**counts), range(MOST_SIZES)).encode()) < LARGEST
