"""A manifest with one mistake fails the kit, which says what and where."""

from collections.abc import Callable
from pathlib import Path

import pytest

from remote_segments.conformance.kit import Report, check_platform

Edit = Callable[..., Path]

MISSPELT = [
    ("klaviyo", "path: links.next, end", "path: links.nxt, end", "links.nxt"),
    ("klaviyo", "items: data}", "items: dat}", "dat"),
    ("klaviyo", "path: attributes.phone_number", "path: attributes.phone", "attributes.phone"),
    ("klaviyo", "size: data.attributes.profile_count", "size: data.attributes.count", "data.attributes.count"),
    ("hubspot", "path: paging.next.after", "path: paging.next.aftr", "paging.next.aftr"),
    ("hubspot", "path: total, absent", "path: totl, absent", "totl"),
    ("hubspot", "path: policyName", "path: policy", "policy"),
    ("customer_io", 'path: email, kind: email, absent: "null"', 'path: mail, kind: email, absent: "null"', "mail"),
    ("customer_io", "path: next, parameter", "path: nxt, parameter", "nxt"),
    ("mailchimp", "path: total_items}", "path: total}", "total"),
    ("mailchimp", "name: name\n      size: member_count", "name: title\n      size: member_count", "title"),
    ("mailman", "path: member_id", "path: memberid", "memberid"),
    ("mailman", "items: entries, absent: empty", "items: entry, absent: empty", "entry"),
    ("hubspot", "at: recordIdsMissing", "at: recordsIdsMissing", "recordsIdsMissing"),
    ("klaviyo", "asked_at: attributes.email", "asked_at: attributes.mail", "attributes.mail"),
    ("meta", "refused: num_invalid_entries", "refused: num_invalid", "num_invalid"),
    ("google_data_manager", "id: requestId", "id: request_id", "request_id"),
    ("salesforce", "status: success", "status: succeeded", "succeeded"),
]


def found(report: Report) -> str:
    """Everything that the kit says."""
    assert not report.passed
    return "\n".join(map(str, report.problems))


@pytest.mark.parametrize(("name", "old", "new", "path"), MISSPELT, ids=[f"{one[0]}-{one[3]}" for one in MISSPELT])
def test_a_misspelt_path_fails_and_is_named(name: str, old: str, new: str, path: str, edited: Edit) -> None:
    """Promise 34: whatever the path is for, the kit fails and says which it is, and in which file."""
    said = found(check_platform(edited(name, old, new)))
    assert f"`{path}`" in said
    assert f"{name}.yaml" in said


MISTAKES = [
    ("hubspot", "parameter: after", "parameter: from", "call-undocumented", "parameter from is not documented"),
    ("hubspot", "page_size: 250", "page_size: 500", "call-undocumented", "a page holds 250 members at most"),
    ("hubspot", "/{list_id}/memberships", "/{list_id}/members", "call-undocumented", "/members/join-order instead"),
    ("klaviyo", 'revision: "2026-07-15"\n', 'revision: "2025-07-15"\n', "call-undocumented", "header revision"),
    ("mailchimp", 'count: "{page_size}"   #', 'limit: "{page_size}"   #', "call-undocumented", "count is missing"),
    ("klaviyo", "\n      total: {certainty: drifting, source: describe, tolerance: 0.02}", "", "total-unread", "None"),
    ("meta", 'each: \'["{email_sha256}", "{phone_sha256}"', 'each: \'["{phone_sha256}", "{email_sha256}"',
     "call-undocumented", "a member is in another shape"),
    ("brevo", "most: 150", "most: 200", "call-undocumented", "a call holds 150 members at most"),
    ("mailchimp", "          values: [static]", "          values: [static, saved]", "outcomes-differ",
     "is not refused"),
    ("ghost", 'within: "id:[{members}]", form: "[0-9a-f]{24}"', 'within: "id:[{members}]", form: ".*[^,]"',
     "member-unsafe", "changes what the text around it means"),
    ("ghost", 'within: "id:[{members}]", form', 'within: "email:[{members}]", form', "call-undocumented",
     "the parameter filter has another value"),
    ("mailman", "parameter: page, end: total}\n      t", "parameter: page, start: 0, end: total}\n      t",
     "call-undocumented", "page 0 is none of the documented ones"),
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake[0]}-{mistake[4][:20]}")
def test_another_mistake_has_its_code(mistake: tuple[str, str, str, str, str], edited: Edit) -> None:
    """Calls that are not documented, a count that is not read."""
    name, old, new, code, words = mistake
    report = check_platform(edited(name, old, new))
    assert code in {problem.code for problem in report.problems}, found(report)
    assert words in found(report)


def test_a_path_that_no_exchange_shows_fails(edited: Edit) -> None:
    """What nothing proves is not taken for right."""
    said = found(check_platform(edited("hubspot", "error_detail: message", "error_detail: correlationId")))
    assert "correlationId" in said or "does not say" in said


def test_a_wrong_row_keeps_the_others_from_repeating_it(edited: Edit) -> None:
    """When an undisturbed membership is read wrong, the rows with troubles say so instead of failing, too."""
    report = check_platform(edited("hubspot", "items: results", "items: result"))
    verdicts = {line.row: line.verdict for line in report.lines}
    assert verdicts["three-pages"].result == "failed"
    assert verdicts["timeout"].result == verdicts["misspelt-paths"].result == "not applicable"
    assert "first" in verdicts["timeout"].note
