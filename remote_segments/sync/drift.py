"""What the platform changed about a segment between two snapshots: its name, its rule, its state.

Compared is what the platform said of the same source at both fetches. It says nothing of who joined or left.
"""

from remote_segments.sync.snapshots import Snapshot


def drift(before: Snapshot | None, now: Snapshot) -> str | None:
    """Returns what the platform changed, in sentences; None where nothing changed or nothing can be compared.

    Args:
        before: the published snapshot, None when there is none.
        now: the snapshot that follows it.
    """
    if before is None or not same_source(before, now):
        return None
    found = []
    if before.source_name and now.source_name and before.source_name != now.source_name:
        found.append(f"The platform calls it `{now.source_name}` now; it was `{before.source_name}`.")
    if rule_changed(before, now):
        found.append("Its rule was changed on the platform.")
    if before.remote_state and now.remote_state and before.remote_state != now.remote_state:
        found.append(f"The platform says `{now.remote_state}` of it now; it was `{before.remote_state}`.")
    return " ".join(found) or None


def rule_changed(before: Snapshot | None, now: Snapshot) -> bool:
    """Whether the platform told another rule of the same segment; two API versions may write one rule differently."""
    if before is None or not same_source(before, now) or before.api_version != now.api_version:
        return False
    hashes = (before.remote_rule_hash, now.remote_rule_hash)
    return None not in hashes and hashes[0] != hashes[1]


def same_source(before: Snapshot, now: Snapshot) -> bool:
    """Whether two snapshots are of the same segment of the same account."""
    return (before.platform, before.connection, before.source) == (now.platform, now.connection, now.source)
