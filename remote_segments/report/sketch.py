"""A segment or a send in some lines of text: where its members went, and how its size did; as Markdown."""

from collections.abc import Mapping, Sequence

from remote_segments.membership.tables import REASONS
from remote_segments.sync.analysis.sendings import Sending
from remote_segments.sync.snapshots import Snapshot

BAR = 16
"""Characters of the longest bar."""

MOST_SIZES = 30
"""Snapshots in a line of sizes."""

STEPS = "▁▂▃▄▅▆▇█"


def sketch(snapshot: Snapshot, sizes: Sequence[int]) -> str:
    """A table of the steps from fetched to mapped with the losses that occurred, and a line of sizes.

    Args:
        snapshot: the published snapshot.
        sizes: members of the newest published snapshots, the oldest first.
    """
    lost = {reason: getattr(snapshot, reason) or 0 for reason in REASONS}
    mapped = snapshot.mapped or 0
    fetched = mapped + sum(lost.values())
    rows = [("fetched", fetched), *_losses(lost), ("mapped", mapped)]
    table = _table(rows, fetched)
    if len(sizes) < 2:
        return table
    low, high = min(sizes), max(sizes)
    return f"{table}\n\nSize of the last {len(sizes)} snapshots, {low:,} to {high:,}: {_line(sizes)}"


def sketch_of_sending(sent: Sending) -> str:
    """A table of the steps from enriched to sent, with the losses that occurred."""
    allowed = sent.there + sum(sent.absent.values())
    rows = [("enriched", sent.enriched), *_losses(sent.withheld)]
    rows += [("allowed", allowed), *_losses(sent.absent), ("sent", sent.there)]
    return _table(rows, max(sent.enriched, allowed))


def _losses(lost: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(f"- {reason}", count) for reason, count in lost.items() if count]


def _table(rows: Sequence[tuple[str, int]], whole: int) -> str:
    lines = [f"| {name} | {count:,} | {_bar(count, whole)} |" for name, count in rows]
    return "\n".join(("| | members | |", "|---|---:|---|", *lines))


def _bar(part: int, whole: int) -> str:
    return "█" * round(BAR * part / whole) if whole else ""


def _line(sizes: Sequence[int]) -> str:
    """One character per size, the higher the larger; in the middle where all are the same."""
    low, high = min(sizes), max(sizes)
    if low == high:
        return STEPS[3] * len(sizes)
    return "".join(STEPS[(size - low) * (len(STEPS) - 1) // (high - low)] for size in sizes)
