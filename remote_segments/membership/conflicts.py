"""Members whose identifiers lead to different people: the first entry is believed, and the others are counted.

A member is in conflict when a later entry meets rows of the model, and the row it is mapped to is not among them.
"""

from collections.abc import Sequence
from typing import Any

from remote_segments.membership.compile import finished, unbound
from remote_segments.membership.matching import staged_matches
from remote_segments.membership.models import Model
from remote_segments.membership.tables import KEY_COLUMNS


def elsewhere(every: str, earlier: Sequence[str], model: Model) -> Any:
    """Members with the row that an earlier entry met, for each other row that this entry meets.

    Args:
        every: the staged matches of an entry, members met by earlier ones included.
        earlier: the staged matches of the entries before it, each without what those before it met.
        model: the model.
    """
    import ibis

    found = staged_matches(every, model)
    parts = [staged_matches(name, model) for name in earlier]
    first = parts[0] if len(parts) == 1 else ibis.union(*parts)
    keys = KEY_COLUMNS[: len(model.key)]
    others = found.select(other_no="member_no", **{f"other_{key}": found[key] for key in keys})
    joined = first.inner_join(others, [("member_no", "other_no")])
    differ = ibis.or_(*(joined[key] != joined[f"other_{key}"] for key in keys))
    return joined.filter(differ).select("member_no", *keys)


def in_conflict(staged: str, every: str, model: Model, decided: Any | None) -> Any:
    """The numbers of mapped members that an entry leads to other rows only.

    Args:
        staged: what `elsewhere` found, staged.
        every: the staged matches of the entry.
        model: the model.
        decided: the mapped members; None when every member that was met is mapped.
    """
    keys = KEY_COLUMNS[: len(model.key)]
    found, same = _like_matches(staged, model), staged_matches(every, model)
    found = finished(found.anti_join(same, ["member_no", *keys]))
    if decided is not None:
        found = finished(found.semi_join(decided, "member_no"))
    return found.select("member_no").distinct()


def in_any(staged: Sequence[str]) -> Any:
    """The number of different members of staged conflicts."""
    import ibis

    parts = [unbound(name, {"member_no": "bigint"}) for name in staged]
    found = parts[0] if len(parts) == 1 else ibis.union(*parts)
    return found.aggregate(members=found.member_no.nunique())


def _like_matches(name: str, model: Model) -> Any:
    """Staged rows with the columns of matches, but the time of joining."""
    kinds = {
        key: "bigint" if kind.is_integer() else "text" for key, kind in staged_matches(name, model).schema().items()
    }
    return unbound(name, {key: kind for key, kind in kinds.items() if key != "remote_joined_at"})
