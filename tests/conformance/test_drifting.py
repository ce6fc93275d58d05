"""A manifest that overlooks what people do to a segment in the tool fails the kit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from remote_segments.conformance.kit import check_platform
from remote_segments.errors import InvalidProject

Edit = Callable[..., Path]

OVERLOOKED = [
    ("klaviyo", "rule: data.attributes.definition", "rule: data.attributes.definitoin", "data.attributes.definitoin"),
    ("klaviyo", "path: data.attributes.is_active\n        values: [\"false\"]",
     "path: data.attributes.is_active\n        values: [\"no\"]", "A segment that is inactive"),
    ("customer_io", "[events, build, ", "[events, ", "A segment that is computing"),
    ("amplitude", "archived: {path: archived, values: [\"true\"]", "archived: {path: archived, values: [\"yes\"]",
     "A segment that is archived"),
    ("posthog", "deleted: {path: deleted, values: [\"true\"]", "deleted: {path: deleted, values: [\"yes\"]",
     "A segment that is deleted"),
    ("mautic", "rule: list.filters", "rule: list.isGlobal", "list.isGlobal"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "said"), OVERLOOKED, ids=[f"{one[0]}-{one[3]}" for one in OVERLOOKED])
def test_what_a_manifest_overlooks_is_named(name: str, old: str, new: str, said: str, edited: Edit) -> None:
    """Promise 34: a state or rule that is not seen, though it is documented, fails a row."""
    report = check_platform(edited(name, old, new))
    assert not report.passed
    assert said in "\n".join(map(str, report.problems))


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("mautic", '"{rule}"', "[]", "no rule of a segment"),
        ("amplitude", "    states:\n      archived:", "    states:\n      inactive:", "no segment that is archived"),
    ],
)
def test_what_no_documented_answer_shows_proves_nothing(name: str, old: str, new: str, said: str, edited: Edit) -> None:
    """The exchanges must hold what the manifest reads of a description."""
    with pytest.raises(InvalidProject) as refused:
        check_platform(edited(name, old, new, exchanges=True))
    assert refused.value.code == "exchanges-incomplete"
    assert said in str(refused.value)
