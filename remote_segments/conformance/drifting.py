"""Rows about what people do to a segment in the tool: they rename it, edit its rule, archive it, switch it off."""

from remote_segments.conformance.account import RULE, Trouble
from remote_segments.conformance.lab import Lab
from remote_segments.conformance.marks import marks
from remote_segments.conformance.verdicts import Judgement, failed, inapplicable, passed, whole
from remote_segments.errors import Problem

STATES = {"computing": "segment-computing", "deleted": "segment-not-found"}
"""States in which nobody is read, and the code that says so; in others members are read, with a word of warning."""


def renamed_segment(lab: Lab) -> Judgement:
    """Another name in the description is shown, not taken for another segment."""
    if "name" not in _told(lab):
        return inapplicable("the platform tells no name")
    name = "Renamed in the tool"
    before = lab.read(1)
    after = lab.read(1, Trouble(description=lambda values: {**values, "name": name}))
    names = [one.description.name if one.description else None for one in (before, after)]
    if whole(lab, before) and whole(lab, after) and names == [before.account.name, name]:
        return passed(note="the new name is shown, of the same members")
    found = f"The segment's new name is not shown (`{lab.source.describe.name}`)."
    return failed(Problem("description-differs", found, "Correct describe.name.", lab.locate("describe", "name")))


def edited_rule(lab: Lab) -> Judgement:
    """Another rule is seen as a change, the same rule is not."""
    if "rule" not in _told(lab):
        return inapplicable("the platform tells no rule")
    edited = Trouble(description=lambda values: {**values, "rule": f"{RULE}, edited"})
    renamed = Trouble(description=lambda values: {**values, "name": "Renamed in the tool"})
    readings = [lab.read(1, trouble) for trouble in (renamed, edited)]
    hashes = [one.description.rule_hash if one.description else None for one in (lab.read(1), *readings)]
    if None not in hashes and hashes[0] == hashes[1] != hashes[2]:
        return passed(note="the hash of the rule differs, and only then")
    found = f"A segment whose rule was edited looks as before (`{lab.source.describe.rule}`)."
    fix = "Name under describe.rule where the rule is."
    return failed(Problem("description-differs", found, fix, lab.locate("describe", "rule")))


def states(lab: Lab) -> Judgement:
    """Deleted, still computing, switched off, archived: each as the documentation shows it."""
    documented, seen = lab.membership.states, []
    if not documented:
        return inapplicable("the platform tells no state")
    for state in documented:
        outcome = lab.read(lab.many, Trouble(state=state))
        found = outcome.description.state if outcome.description else None
        warned = outcome.description is not None and bool(outcome.description.warning)
        shown = whole(lab, outcome) and found == state and warned
        right = outcome.code == STATES[state] if state in STATES else shown
        if not right:
            came = f"ends in {outcome.code}" if outcome.code else f"is taken for {found or 'an unknown one'}"
            sentence = f"A segment that is {state} as documented {came}."
            fix = f"Say under describe.{state} how the platform tells it."
            return failed(Problem("state-unnoticed", sentence, fix, lab.locate("describe", state)))
        seen.append(state)
    return passed(note=", ".join(seen))


def _told(lab: Lab) -> set[str]:
    return marks([exchange.response.model_dump() for exchange in lab.membership.describe])
