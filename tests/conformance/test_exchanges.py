"""Files of documented exchanges: what is wrong with one is said; what stands in one becomes an account."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from remote_segments.conformance.account import Account
from remote_segments.conformance.exchanges import Exchanges, Membership
from remote_segments.conformance.kit import check_platform
from remote_segments.conformance.marks import Asked, Wanted, fill, marks, without
from remote_segments.errors import InvalidProject

Edit = Callable[..., Path]
HOST = "https://api.example.test"


def membership(**members: Any) -> Membership:
    """A documented membership with ids that count from 1001."""
    described = {"request": f"{HOST}/s/7", "response": {"json": {"name": "{name}"}}}
    return Membership.model_validate(
        {"ids": {"segment_id": "7"}, "identifiers": {"id": 1000}, "describe": [described], "members": members}
    )


def get(account: Account, address: str) -> Any:
    """The answer of an account to a GET."""
    answer = account(httpx.Request("GET", HOST + address))
    return json.loads(answer.read()) if answer.status_code == 200 else answer.status_code


def test_a_platform_without_exchanges_fails(edited: Edit, tmp_path: Path) -> None:
    """Promise 34: nothing shows that it is right."""
    manifest = edited("hubspot", "name: hubspot", "name: acme").rename(tmp_path / "acme.yaml")
    with pytest.raises(InvalidProject, match="exchanges-missing"):
        check_platform(manifest)


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("memberships:\n  list:", "memberships:\n  segment:", "exchanges-incomplete", "no membership of the kind list"),
        ("total: exact", "totals: exact", "unknown-key", "totals"),
        ("\n    total: exact", "", "bad-value", "otal"),
        ('results: "{members}"', "results: []", "bad-value", "{members}"),
        ("largest: 250", "biggest: 250", "unknown-key", "biggest"),
        ("      last:", "      final:", "unknown-key", "final"),
    ],
)
def test_exchanges_that_cannot_be_used_are_refused(old: str, new: str, code: str, words: str, edited: Edit) -> None:
    """The file and the line are named, and what to do."""
    with pytest.raises(InvalidProject) as caught:
        check_platform(edited("hubspot", old, new, exchanges=True))
    assert code in {problem.code for problem in caught.value.problems}
    assert words in str(caught.value)


def test_plain_scalars_are_those_of_json(edited: Edit) -> None:
    """What YAML would change without a word stays text."""
    manifest = edited("hubspot", "error_detail", "error_detail")
    text = "cases: {}\nshared: [010, 12:30, yes, 2026-01-02, 1_000, 1, 1.5, true, null, ~, -3]\n"
    manifest.with_name("hubspot.exchanges.yaml").write_text(text)
    from remote_segments.conformance.reading import load_exchanges

    expected = ["010", "12:30", "yes", "2026-01-02", "1_000", 1, 1.5, True, None, None, -3]
    assert load_exchanges(manifest).shared == expected


def test_the_example_of_the_page_passes(tmp_path: Path) -> None:
    """What docs/adding-a-platform.md shows is a platform that the kit finds right."""
    page = (Path(__file__).parents[2] / "docs" / "adding-a-platform.md").read_text()
    for block in re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        name = re.match(r"# platforms/(\S+)", block)
        assert name
        if "files:" not in block:
            (tmp_path / name[1]).write_text(block)
    assert [str(problem) for problem in check_platform(tmp_path / "acme.yaml").problems] == []


def test_marks_are_filled_and_left_out() -> None:
    """One mark alone is the value as it is; within a text it is characters; an unknown one stays."""
    template = {"a": "{total}", "b": ["x {total}"], "{id}": "{unknown}"}
    assert fill(template, {"total": 3, "id": "k"}) == {"a": 3, "b": ["x 3"], "k": "{unknown}"}
    assert marks(template) == {"total", "id", "unknown"}
    assert without({"a": {"b": "{cursor}", "c": 1}}, "cursor") == {"a": {"c": 1}}


def test_a_request_is_compared_in_every_part() -> None:
    """Method, path, query, headers and body; what differs is said."""
    wanted = Wanted("POST", f"{HOST}/s/{{x}}?n={{page_size}}&f=a", {"key": "k"}, {"q": {"page": "{page}"}})
    right = Asked("POST", f"{HOST}/s/9?f=a&n=50", {"key": "k"}, b'{"q": {"page": 3}}')
    assert wanted.read(right) == ({"x": "9", "page_size": "50", "page": "3"}, [])
    wrong = Asked("GET", f"{HOST}/s/9?f=b&m=1", {}, b'{"q": {"pages": 3}}')
    assert wanted.read(wrong)[1] == [
        "GET /s/9 instead of POST /s/{x}",
        "the parameter f has another value",
        "the parameter m is not documented",
        "the parameter n is missing",
        "the header key is missing or differs",
        "the body, q lacks page",
        "the body, q holds pages, which is not documented",
    ]


def test_an_account_pages_by_cursor_and_refuses_what_is_not_documented() -> None:
    """Members come in the documented shape; the last page has no cursor; another call is remembered."""
    kind = membership(
        page_size={"largest": 2},
        requests=[f"{HOST}/s/7/m?n={{page_size}}", f"{HOST}/s/7/m?n={{page_size}}&at={{cursor}}"],
        member={"id": "{id}"},
        page={"json": {"m": "{members}", "at": "{cursor}"}},
        last={"json": {"m": "{members}"}},
    )
    account = Account(Exchanges(memberships={"segment": kind}), kind, [1, 2, 3])
    first = get(account, "/s/7/m?n=2")
    assert first == {"m": [{"id": 1001}, {"id": 1002}], "at": "c2"}
    assert get(account, "/s/7/m?n=2&at=c2") == {"m": [{"id": 1003}]}
    assert (get(account, "/s/7/m?n=2&at=nonsense"), account.differences) == (400, [])
    assert get(account, "/s/7/m?n=3") == get(account, "/s/8/m?n=2") == 400
    assert len(account.differences) == 2
    assert "2 members at most" in account.differences[0]


def test_an_account_pages_by_the_last_id_by_number_and_by_offset() -> None:
    """Each way of asking for a place leads to the same members."""
    for parameter, mark, values in (("a", "after", ["1002"]), ("p", "page", ["2"]), ("o", "offset", ["2"])):
        kind = membership(
            page_size={"fixed": 2},
            requests=[f"{HOST}/m?{parameter}={{{mark}}}", f"{HOST}/m"],
            member="{id}",
            page={"json": "{members}"},
        )
        account = Account(Exchanges(), kind, [1, 2, 3])
        assert get(account, "/m") == [1001, 1002]
        assert [get(account, f"/m?{parameter}={value}") for value in values] == [[1003]]


def test_members_may_be_keys_of_an_object_or_lines_of_a_text() -> None:
    """Objects keyed by id, plain lines and NDJSON are written as their documentation shows them."""
    asked = {"requests": [f"{HOST}/m"]}
    keyed = membership(**asked, member={"{id}": {"x": 1}}, page={"json": {"people": "{members}"}})
    assert get(Account(Exchanges(), keyed, [1, 2]), "/m") == {"people": {"1001": {"x": 1}, "1002": {"x": 1}}}
    lines = membership(**asked, member="{id};", page={"text": "id\n{members}\n"})
    answer = Account(Exchanges(), lines, [1, 2])(httpx.Request("GET", f"{HOST}/m"))
    assert answer.read() == b"id\n1001;\n1002;\n"
    ndjson = membership(**asked, member={"id": "{id}"}, page={"text": "{members}"})
    answer = Account(Exchanges(), ndjson, [1, 2])(httpx.Request("GET", f"{HOST}/m"))
    assert answer.read() == b'{"id": 1001}\n{"id": 1002}'
