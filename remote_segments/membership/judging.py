"""When a snapshot is held instead of published: numbers that a person should look at first."""

import math

from remote_segments.membership.guards import Case, Verdict

FEW_LEFT, FEW_JOINED = 50, 500
"""People; as many may leave or join without being looked at, however many percent they are."""

SMALL = 100
"""Members; of a segment with fewer, shares say little: it is held only when most of it is gone."""

SMALL_LEFT, SMALL_SHARE = 10, 50.0
"""People who may leave a small segment in any case, and the percent of it that may be gone at once."""


def judge(case: Case) -> tuple[Verdict, ...]:
    """Judges a snapshot before it is published; empty when it may be, else all guards that it is beyond.

    A snapshot with the same counts as the published one, which moves nobody, passes all guards but an absolute one.
    """
    if not case.counts.fetched and case.guards.allow_empty:
        return ()
    nobody = _none_mapped(case) or _emptied(case)
    if nobody:
        return (nobody,)
    rules = (_match_rate_low, _many_left, _many_joined, _match_rate_dropped, _below_usual, _above_usual)
    return tuple(found for rule in rules if (found := rule(case)) is not None)


def _none_mapped(case: Case) -> Verdict | None:
    if not case.counts.fetched or case.counts.mapped:
        return None
    return Verdict(
        "none-mapped",
        f"None of {case.counts.fetched:,} fetched members is in the model ({case.counts.lost}).",
        "Check which identifiers and columns the segment names, and that the model is the right one.",
        {},
    )


def _emptied(case: Case) -> Verdict | None:
    if case.counts.fetched or case.shown is None or not case.shown.fetched:
        return None
    return Verdict(
        "emptied",
        f"The platform gave 0 members; the published snapshot was made of {case.shown.fetched:,}.",
        "If the segment may be empty, set guards: {allow_empty: true} and refresh; else mend it in the platform.",
        {"allow_empty": 1},
    )


def _match_rate_low(case: Case) -> Verdict | None:
    least, counts = case.guards.minimum_match_rate, case.counts
    if least is None or counts.match_rate >= least:
        return None
    return Verdict(
        "match-rate-low",
        f"{counts.mapped:,} of {counts.fetched:,} fetched members are in the model, {counts.match_rate:.2f} %; "
        f"the limit is {least:g} % ({counts.lost}).",
        "Look at the unmapped members, then mend the model or lower guards.minimum_match_rate.",
        {"minimum_match_rate": math.floor(counts.match_rate)},
    )


def _many_left(case: Case) -> Verdict | None:
    before, moved, limit = case.before, case.moved, case.guards.max_left
    gone, few = moved.left, FEW_LEFT
    if before < SMALL:
        gone, limit, few = before - case.counts.mapped, max(SMALL_SHARE, limit), SMALL_LEFT
    if moved.left <= few or 100 * gone <= limit * before:
        return None
    share = 100 * gone / before
    percent = math.ceil(share)
    edited = f", {moved.left_definition:,} by the changed definition" if moved.left_definition else ""
    return Verdict(
        "many-left",
        f"{moved.left:,} of the {before:,} members that are shown now would leave: {moved.left_remote:,} left in "
        f"the platform, {moved.left_model:,} are no longer found in the model{edited}. The segment would lose "
        f"{share:.1f} % and show {case.counts.mapped:,}; the limit is {limit:g} %.",
        f"If that is right, set guards: {{max_left: {percent}%}} in the segment's file and publish again; "
        "else mend the model or the segment in the platform, and refresh: what passes is published.",
        {"max_left": percent},
    )


def _many_joined(case: Case) -> Verdict | None:
    before, moved, limit = case.before, case.moved, case.guards.max_joined
    if before < SMALL or moved.joined <= FEW_JOINED or 100 * moved.joined <= limit * before:
        return None
    share = 100 * moved.joined / before
    percent = math.ceil(share)
    edited = f", {moved.joined_definition:,} by the changed definition" if moved.joined_definition else ""
    return Verdict(
        "many-joined",
        f"{moved.joined:,} people would join the {before:,} members that are shown now, {share:.1f} %: "
        f"{moved.joined_remote:,} joined in the platform, {moved.joined_model:,} are newly found in the model{edited}; "
        f"the limit is {limit:g} %.",
        f"If that is right, set guards: {{max_joined: {percent}%}} in the segment's file and publish "
        "again; else mend the model or the segment in the platform, and refresh: what passes is published.",
        {"max_joined": percent},
    )


def _match_rate_dropped(case: Case) -> Verdict | None:
    counts, shown, limit = case.counts, case.shown, case.guards.max_match_rate_drop
    if shown is None or min(shown.fetched, counts.fetched) < SMALL or counts.match_rate >= shown.match_rate:
        return None
    usual = shown.usual.match_rate if shown.usual else 0.0
    compared, rate = "of the published snapshot", shown.match_rate
    if shown.usual and usual > rate:
        compared, rate = f"that the last {shown.usual.snapshots} published ones had on average", usual
    drop = rate - counts.match_rate
    if drop <= limit:
        return None
    points = math.ceil(drop)
    return Verdict(
        "match-rate-dropped",
        f"{counts.match_rate:.2f} % of {counts.fetched:,} fetched members are in the model ({counts.lost}), "
        f"{drop:.1f} points less than the {rate:.2f} % {compared}; the limit is {limit:g} points.",
        "Look at the unmapped members and mend the model; if that is right, set guards: "
        f"{{max_match_rate_drop: {points}%}} in the segment's file and publish again.",
        {"max_match_rate_drop": points},
    )


def _below_usual(case: Case) -> Verdict | None:
    usual, mapped, limit = case.usual, case.counts.mapped, case.guards.max_left
    if usual is None or usual.mapped < SMALL or mapped >= case.before:
        return None
    gone = usual.mapped - mapped
    if gone <= FEW_LEFT or 100 * gone <= limit * usual.mapped:
        return None
    share = 100 * gone / usual.mapped
    percent = math.ceil(share)
    return Verdict(
        "below-usual",
        f"The segment would show {mapped:,} members, {case.before:,} are shown now: {share:.1f} % "
        f"less than the {usual.mapped:,.0f} that its last {usual.snapshots} published snapshots had on average; the "
        f"limit is {limit:g} %.",
        f"It shrinks step by step. If that is right, set guards: {{max_left: {percent}%}} in the segment's file and "
        "publish again; else mend the model or the segment in the platform, and refresh: what passes is published.",
        {"max_left": percent},
    )


def _above_usual(case: Case) -> Verdict | None:
    usual, mapped, limit = case.usual, case.counts.mapped, case.guards.max_joined
    if usual is None or usual.mapped < SMALL or mapped <= case.before:
        return None
    more = mapped - usual.mapped
    if more <= FEW_JOINED or 100 * more <= limit * usual.mapped:
        return None
    share = 100 * more / usual.mapped
    percent = math.ceil(share)
    return Verdict(
        "above-usual",
        f"The segment would show {mapped:,} members, {case.before:,} are shown now: {share:.1f} % "
        f"more than the {usual.mapped:,.0f} that its last {usual.snapshots} published snapshots had on average; the "
        f"limit is {limit:g} %.",
        f"It grows step by step. If that is right, set guards: {{max_joined: {percent}%}} in the segment's file and "
        "publish again; else mend the model or the segment in the platform, and refresh: what passes is published.",
        {"max_joined": percent},
    )
