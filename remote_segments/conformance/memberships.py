"""Rows about memberships of every size, whole, moving and counted."""

from collections.abc import Iterator
from dataclasses import replace

from remote_segments.conformance.account import Draft, Trouble
from remote_segments.conformance.lab import Lab
from remote_segments.conformance.marks import marks
from remote_segments.conformance.troubles import counting, drafting, foreign_headers, foreign_links, on_page, redirect
from remote_segments.conformance.verdicts import (
    MISLED,
    Judgement,
    failed,
    inapplicable,
    judged,
    must_end,
    passed,
    whole,
)
from remote_segments.errors import Problem


def _read(lab: Lab, members: int) -> Judgement:
    return judged(lab.differences(lab.read(members)))


def pages(lab: Lab) -> Judgement:
    """Four pages, where there are pages."""
    return _read(lab, lab.many)


def empty(lab: Lab) -> Judgement:
    """No member: proven, not failed."""
    return _read(lab, 0)


def one(lab: Lab) -> Judgement:
    """One member for each shape that the documentation shows."""
    return judged(
        problem for count in range(1, len(lab.membership.shapes) + 1) for problem in lab.differences(lab.read(count))
    )


def full_page(lab: Lab) -> Judgement:
    """Exactly one full page, and exactly two."""
    if lab.unpaged:
        return inapplicable(lab.unpaged)
    unproven = False
    for count in (lab.size, 2 * lab.size):
        outcome = lab.read(count)
        if outcome.code == "end-unproven" and not outcome.account.differences:
            unproven = True
        elif problems := tuple(lab.differences(outcome)):
            return failed(*problems)
    return passed("end-unproven" if unproven else None)


def page_size(lab: Lab) -> Judgement:
    """Pages as large as the manifest asks for are documented."""
    if lab.unpaged:
        return inapplicable(lab.unpaged)
    return judged(lab.differences(lab.read(1, shrink=False)))


def page_cap(lab: Lab) -> Judgement:
    """As many pages as the cap allows are read, one more is an error."""
    if lab.unpaged:
        return inapplicable(lab.unpaged)
    at_cap, above = (lab.read(lab.many, max_pages=lab.pages - less) for less in (0, 1))
    if not whole(lab, at_cap):
        return judged(lab.differences(at_cap))
    if above.code != "page-limit":
        found = f"One page more than max_pages ended in {above.code or 'success'}, not in page-limit."
        return failed(Problem("fault-unnoticed", found, "Report this bug.", lab.where))
    return passed("page-limit")


def _led(lab: Lab) -> bool:
    """Whether a page names the next one, instead of the caller counting."""
    pages = lab.membership.members
    found = marks([pages.page.body, pages.page.headers]) if pages else set()
    return bool(found & {"cursor", "next_offset", "next_page"})


def repeated_cursor(lab: Lab) -> Judgement:
    """Page two leads to itself (A-A), page three to page two (A-B-A); or the place asked for is ignored."""
    if lab.unpaged:
        return inapplicable(lab.unpaged)

    def again(draft: Draft) -> Draft:
        if _led(lab):
            return replace(draft, next=lab.size)
        return replace(draft, members=tuple(range(1, lab.size + 1)))

    troubles = [drafting(2, again), drafting(3, again)]
    return must_end(lab, troubles, {"cursor-repeated"}, "a cursor that repeats")


def duplicated_member(lab: Lab) -> Judgement:
    """The last member of page one comes again on page two: counted as repeated, or an error."""
    if lab.unpaged:
        return inapplicable(lab.unpaged)

    outcome = lab.read(lab.many, _doubling(lab))
    if outcome.code in MISLED:
        return passed(outcome.code)
    if outcome.error is not None:
        return failed(outcome.error.problem)
    names = {str(row) for row in outcome.rows}
    there = len({str({name: row.get(name) for name in lab.source.identifiers}) for row in outcome.account.expected()})
    repeated = outcome.proof.repeated if outcome.proof else 0
    if repeated and len(names) == there:
        return passed(note="counted as repeated")
    if len(outcome.rows) == len(names) == there:
        return passed(note="the next page begins behind it, whatever the platform holds twice")
    found = f"A member that came twice was not counted: {len(outcome.rows)} rows, {repeated} repeated."
    return failed(Problem("fault-unnoticed", found, "Report this bug.", lab.where))


def _doubling(lab: Lab) -> Trouble:
    """The last member of page one again: in the answer of page two, or in the list that is counted."""
    if _led(lab):
        return drafting(
            2, lambda draft: replace(draft, members=(lab.size, *draft.members)) if draft.number == 2 else draft
        )
    return Trouble(population=lambda _, members: sorted([*dict.fromkeys(members), lab.size]))


def moving_members(lab: Lab) -> Judgement:
    """Members come and go between pages: nobody who stays is lost without a word."""
    if lab.unpaged:
        return inapplicable(lab.unpaged)
    codes = set[str]()
    for what, trouble in _movements(lab):
        outcome = lab.read(lab.many, trouble)
        if outcome.error is not None:
            if outcome.code not in MISLED:
                return failed(outcome.error.problem)
            codes.add(outcome.code or "")
            continue
        lost = [row for row in outcome.account.expected() if row not in outcome.rows]
        if lost and outcome.proof and not (outcome.proof.doubt or outcome.proof.repeated):
            found = f"While pages were read, {what}, and {len(lost)} of those who stayed were lost without a doubt."
            fix = "Give the manifest the platform's count, or a way of paging that keeps its place."
            return failed(Problem("members-lost", found, fix, lab.locate("members", "paging")))
    return passed(note=f"doubt is counted{', or ' + ', '.join(sorted(codes)) if codes else ''}")


def _movements(lab: Lab) -> Iterator[tuple[str, Trouble]]:
    def before_page(page: int, left: set[int], joined: list[int]) -> Trouble:
        def move(number: int, members: list[int]) -> list[int]:
            if number < page:
                return members
            return [*(one for one in members if one not in left), *(one for one in joined if one not in members)]

        return Trouble(population=move)

    yield "a member left", before_page(2, {2}, [])
    yield "members left", before_page(3, {2, 3, lab.size + 1}, [])
    yield "a member joined", before_page(2, set(), [lab.many + 1])


def wrong_total(lab: Lab) -> Judgement:
    """The platform's count is one too high, or one too low."""
    certainty = lab.membership.total
    if certainty in {None, "estimate"}:
        return inapplicable("the platform gives no count" if certainty is None else "the count is an estimate")
    steps = [1, -1] if certainty == "exact" else [lab.many * 9]
    troubles = [counting(step) for step in steps]
    verdict = must_end(lab, troubles, MISLED, "a count that disagrees with the members")
    if verdict.result == "failed" or certainty == "exact":
        return verdict
    for step in (1, -1):
        outcome = lab.read(lab.many, counting(step))
        if outcome.error is None and outcome.proof is not None and not outcome.proof.doubt:
            found = "A drifting count that is off by one is not shown as a doubt."
            return failed(Problem("fault-unnoticed", found, "Give the manifest the count.", lab.locate("members")))
    return passed(verdict.code, "off by one is shown as doubt, far off is an error")


def foreign_link(lab: Lab) -> Judgement:
    """A link or a redirect to another host is not followed, and no credential goes there."""
    files = lab.membership.files
    if files is not None and files.address:
        return inapplicable("files are on another host, which is called without the credential")
    if files is not None and files.redirects:  # followed; the account finds a credential that goes along
        return must_end(lab, [on_page(1, redirect)], {"request-refused"}, "a redirect to a host without the file")
    troubles = [on_page(page, redirect) for page in range(1, min(lab.pages, 3) + 1)]
    verdict = must_end(lab, troubles, {"foreign-link", "redirected"}, "a redirect to another host")
    if verdict.result == "failed" or not _led(lab):
        return verdict
    linked = [Trouble(body=lambda _, body: foreign_links(body)), on_page(1, foreign_headers)]
    found = must_end(lab, linked, {"foreign-link"}, "a next link to another host", may_be_whole=True)
    return found if found.result == "failed" else verdict
