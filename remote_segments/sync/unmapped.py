"""Who is not mapped, and why: counts of the newest mapped snapshot, and some of its members, masked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.identifiers.masking import masked
from remote_segments.membership.literals import literal, quoted, table_name
from remote_segments.membership.tables import REASONS
from remote_segments.suggestions import choose
from remote_segments.sync.plan import Plan, plan_for
from remote_segments.sync.snapshots import Snapshot, newest_mapped
from remote_segments.sync.store import reading
from remote_segments.warehouses.base import Session

Example = Mapping[str, str]
"""A member's identifiers by name, masked."""


@dataclass(frozen=True)
class Unmapped:
    """The lost members of a snapshot."""

    snapshot: Snapshot
    counts: Mapping[str, int]
    """Members by reason: all reasons, or the one that was asked for."""
    examples: Mapping[str, Sequence[Example]]
    """For each reason that occurred some members, in the order fetched; none of a snapshot beyond its retention."""


def read_unmapped(project: Project, segment_name: str, reason: str | None = None, limit: int = 5) -> Unmapped | None:
    """Reads why members of a segment are not mapped; None when nothing of it was ever mapped.

    Args:
        project: the loaded project.
        segment_name: the segment.
        reason: one of `membership.tables.REASONS`; None for all.
        limit: examples for each reason.

    Raises:
        ProjectError: `unknown-segment`, `bad-value` for another reason.
    """
    if reason is not None and reason not in REASONS:
        raise ProjectError("bad-value", f"There is no reason `{reason[:40]}`.", choose(reason, REASONS))
    plan = plan_for(project, segment_name)
    with reading(project.open_warehouse()) as session:
        if session.relation("snapshots", session.schema) is None:
            return None
        snapshot = newest_mapped(session, segment_name)
        if snapshot is None:
            return None
        counts = {name: getattr(snapshot, name) or 0 for name in ([reason] if reason else REASONS)}
        examples = {name: _examples(session, plan, snapshot, name, limit) for name, count in counts.items() if count}
    return Unmapped(snapshot, counts, examples)


def _examples(session: Session, plan: Plan, snapshot: Snapshot, reason: str, limit: int) -> list[Example]:
    """Some members of a reason, by the identifiers that the segment matches."""
    members = session.relation("members", session.schema)
    wanted = dict.fromkeys(pair.identifier for entry in plan.entries for pair in entry)
    names = [name for name in wanted if members is not None and name in members.columns]
    if not names or limit <= 0:
        return []
    columns = ", ".join(f"m.{quoted(name)}" for name in names)
    rows = session.rows(
        f"SELECT {columns} FROM {table_name(session.schema, 'unmapped')} u "
        f"JOIN {table_name(session.schema, 'members')} m ON m.segment = u.segment AND m.member_no = u.member_no "
        f"WHERE u.segment = {literal(snapshot.segment)} AND u.snapshot_id = {literal(snapshot.snapshot_id)} "
        f"AND u.reason = {literal(reason)} AND m.snapshot_id = {literal(snapshot.members_id)} "
        f"ORDER BY u.member_no LIMIT {int(limit)}"
    )
    return [{name: masked(value) for name, value in zip(names, row, strict=True)} for row in rows]
