"""A manifest that is wrong, or could lose members without an error, is refused when it is loaded."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from remote_segments.conformance.world import World
from remote_segments.errors import InvalidProject, ProjectError
from remote_segments.rest.catalog import bundled, load_manifest, load_platforms
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.placeholders import fill_path
from tests.support.invented_platform import DIALECTS, Server, connect, manifest

CURSOR = DIALECTS["cursor"]
PAGE = {"certainty": "exact", "source": "page", "path": "total"}
SIZED = {"size": "{page_size}"}
TOLD = {name: value for name, value in DIALECTS["session-short"].paging.items() if name != "told_size"}
REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "an end by absence needs page_size or a total": (
        "next-link-absent",
        {"page_size": None, "query": {}},
    ),
    "null in place of the members needs a total": (
        "cursor",
        {"format": {"kind": "json", "items": "data", "null": "empty"}, "total": None},
    ),
    "an end by total needs a total": ("offset-total", {"total": None}),
    "an end by short-page needs a total": ("page-short", {"total": None}),
    "a total on every page": ("page-short", {"total": {**PAGE, "absent": "unknown"}}),
    "an end by total needs the total on each page": (
        "offset-total",
        {"total": {"certainty": "drifting", "source": "describe"}},
    ),
    "an end by total needs page_size": ("offset-total", {"page_size": None, "query": {}}),
    "place body belongs to a POST": (
        "keyset-empty",
        {"paging": {**DIALECTS["keyset-empty"].paging, "place": "body"}},
    ),
    "an end by short-page needs a total on every page: a smaller": ("keyset-short", {"total": None}),
    "an end by short-page needs page_size": ("session-short", {"paging": TOLD, "page_size": None, "query": {}}),
    "an end by total needs a total on every": ("session-total", {"total": None}),
    "an end by absence needs page_size": ("continue", {"page_size": None, "query": {}}),
    "refusals needs a rule for `errors`": (
        "cursor-in-body",
        {"members": {"query": SIZED, "body": {"kind": "graphql", "query": "{x}"}}},
    ),
    "refusals needs a rule for `error`": (
        "cursor-in-body",
        {"members": {"query": SIZED, "body": {"kind": "json-rpc", "method": "x", "params": '{"id": "{segment_id}"}'}}},
    ),
    "segment_id stands within a longer text": ("cursor", {"query": {**SIZED, "filter": "label:{segment_id}"}}),
    "segment_id stands within a longer text of a query or a body": (
        "cursor-in-body",
        {"members": {"body": '{"size": {page_size}, "query": "SELECT Id FROM x WHERE y = \'{segment_id}\'"}'}},
    ),
    "id_forms has list_id": ("cursor", {"id_forms": {"list_id": "x"}}),
    "is no regular expression": ("cursor", {"id_forms": {"segment_id": "["}}),
    "a rule has one test": (
        "cursor",
        {"refusals": [{"status": 200, "path": "x", "present": True, "values": ["1"], "means": "refused"}]},
    ),
    "a column is named once": ("cursor", {"format": {"kind": "rows", "items": "x", "columns": ["id", "id"]}}),
    "the column id is not one of those": ("cursor", {"format": {"kind": "rows", "items": "x", "columns": ["uid"]}}),
    "identifier email needs a path": (
        "cursor",
        {"format": {"kind": "keyed", "items": "x"}, "identifiers": {"id": {}, "email": {}}},
    ),
    "a single answer needs a total": ("cursor", {"paging": {"kind": "single"}}),
    "a cursor has one end": ("cursor", {"paging": {**CURSOR.paging, "end": []}}),
    "describe, which tells no size": (
        "cursor",
        {
            "total": {"certainty": "drifting", "source": "describe"},
            "describe": {"path": "/segments/{segment_id}", "name": "name"},
        },
    ),
    "a bare array holds neither cursor nor total": ("cursor", {"format": {"kind": "array"}}),
    "page_size is not used": ("cursor", {"query": {}}),
    "only a drifting total has a tolerance": ("cursor", {"total": {**PAGE, "tolerance": 0.01}}),
    "a total has `path` with source page": ("cursor", {"total": {"certainty": "exact", "source": "page"}}),
    "primary is nobody": ("cursor", {"primary": "nobody"}),
    "the primary identifier id may not be absent": (
        "cursor",
        {"identifiers": {"id": {"path": "id", "absent": "null"}}},
    ),
    "needs a path, unless": ("cursor", {"identifiers": {"id": {}}}),
    "exactly one identifier": (
        "cursor",
        {"format": {"kind": "strings", "items": "ids"}, "identifiers": {"id": {}, "email": {}}},
    ),
    "{region} is not an option": ("cursor", {"base_url": "https://{region}.example.test"}),
    "{segment} in sources.segment": ("cursor", {"path": "/segments/{segment}/members"}),
    "the id segment_id is not used": ("cursor", {"path": "/members"}),
    "auth uses the secret token": ("cursor", {"auth": {"kind": "bearer", "secret": "token"}}),
    "belongs to auth": ("cursor", {"headers": {"Authorization": "x"}}),
    "a brace that is not part": ("cursor", {"path": "/segments/{segment_id}/{{members}"}),
    "that is not part of a placeholder such": ("cursor", {"query": {"size": "{page_size}", "x": ["{", "}"]}}),
    "a path is names joined by dots": ("cursor", {"format": {"kind": "json", "items": "data..members"}}),
    "the default is not one of the values": (
        "cursor",
        {
            "connection": {
                "secrets": {"key": "k"},
                "options": {"region": {"description": "r", "default": "x", "values": ["us", "eu"]}},
            }
        },
    ),
    "is both an id of sources.segment and an option": (
        "cursor",
        {"connection": {"secrets": {"key": "k"}, "options": {"segment_id": "s"}}},
    ),
    "path and values are written together": (
        "cursor",
        {"refusals": [{"status": 200, "path": "x", "means": "refused"}]},
    ),
    "the sentence holds {seconds} once": ("cursor", {"retries": {"wait_sentence": "Wait."}}),
    "the size is told by `size` or by `count`": (
        "cursor",
        {"describe": {"path": "/", "name": "n", "size": "s", "count": {"path": "/", "size": "s"}}},
    ),
    "A listing ends by total or by an empty page": (
        "cursor",
        {
            "list": {
                "path": "/segments",
                "ids": {"segment_id": "id"},
                "name": "name",
                "paging": {"kind": "offset", "parameter": "o", "end": "short-page"},
            }
        },
    ),
    "Place body belongs to a POST": (
        "cursor",
        {
            "list": {
                "path": "/segments",
                "ids": {"segment_id": "id"},
                "name": "name",
                "paging": {**CURSOR.paging, "place": "body"},
            }
        },
    ),
    "An end by absence needs page_size or total": (
        "cursor",
        {"list": {"path": "/segments", "ids": {"segment_id": "id"}, "name": "name", "paging": {"kind": "link-header"}}},
    ),
    "needs total and page_size": (
        "cursor",
        {
            "list": {
                "path": "/segments",
                "ids": {"segment_id": "id"},
                "name": "name",
                "paging": {"kind": "offset", "parameter": "o", "end": "total"},
            }
        },
    ),
    "body and repeatable belong to a POST": ("cursor", {"describe": {"path": "/", "name": "n", "body": "{}"}}),
    "the body is a JSON object": ("cursor", {"describe": {"method": "POST", "path": "/", "name": "n", "body": "[]"}}),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_manifest_that_could_lose_members_is_refused(reason: str) -> None:
    """Promise 5: what could end a membership without a sign, or send a call wrongly, is refused with its reason."""
    name, changes = REFUSED[reason]
    with pytest.raises(ValidationError) as caught:
        manifest(DIALECTS[name], **changes)
    assert reason in str(caught.value)


def test_two_kinds_with_the_same_ids_are_refused() -> None:
    """A list and a segment are told apart by their id keys alone."""
    good = manifest(CURSOR).model_dump(exclude_unset=True)
    with pytest.raises(ValidationError, match="same id keys"):
        Manifest.model_validate(
            {**good, "sources": {"one": good["sources"]["segment"], "two": good["sources"]["segment"]}}
        )


def test_a_kind_of_source_is_found_by_its_ids() -> None:
    """Exactly the declared set of id keys names a kind of source."""
    platforms = load_platforms()
    found = platforms["klaviyo"].source_kind({"list_id"})
    assert found is not None
    assert found[0] == "list"
    assert platforms["klaviyo"].source_kind({"list_id", "segment_id"}) is None
    found = platforms["mailchimp"].source_kind(["segment_id", "list_id"])
    assert found is not None
    assert found[0] == "segment"


def test_the_calls_of_a_refresh_are_known_before_it_starts() -> None:
    """Promise 9: pages, description and counts are estimated from the size."""
    platforms = load_platforms()
    assert platforms["klaviyo"].calls_per_refresh("segment", 1_000_000) == 10_002
    assert platforms["klaviyo"].calls_per_refresh("segment", 0) == 3
    assert platforms["customer_io"].calls_per_refresh("segment", 30_001) == 6
    assert platforms["mailchimp"].calls_per_refresh("segment", 1001) == 3
    assert platforms["mailchimp"].calls_per_refresh("segment", 1000) == 3
    assert platforms["mailchimp"].calls_per_refresh("segment", 999) == 2
    assert manifest(DIALECTS["page-empty"]).calls_per_refresh("segment", 5) == 5


def test_the_page_of_a_segment_is_known_where_its_parts_are() -> None:
    """A link that needs an optional setting is left out without it."""
    hubspot = load_platforms()["hubspot"]
    assert hubspot.page_url("list", {"list_id": "55"}, {}) is None
    assert (
        hubspot.page_url("list", {"list_id": "5/5"}, {"portal_id": "1"})
        == "https://app.hubspot.com/contacts/1/objectLists/5%2F5"
    )
    assert load_platforms()["mailman"].page_url("list", {"list_id": "x"}, {}) is None


@pytest.mark.parametrize("value", ["", ".", "..", " "])
def test_an_id_that_names_another_path_is_refused(value: str) -> None:
    """An id is one piece of the path, never a step up."""
    with pytest.raises(ProjectError, match="bad-value"):
        load_platforms()["klaviyo"].page_url("segment", {"segment_id": value or " "}, {})


def test_a_user_adds_and_replaces_platforms(tmp_path: Path) -> None:
    """A manifest of the project's own stands beside the bundled ones, or replaces the one of its name."""
    text = next(path for path in bundled() if path.stem == "mailman").read_text()
    (tmp_path / "other.yaml").write_text(text.replace("name: mailman", "name: other"))
    (tmp_path / "mailman.yaml").write_text(text.replace("title: GNU Mailman", "title: Ours"))
    platforms = load_platforms(tmp_path)
    assert platforms["mailman"].title == "Ours"
    assert platforms["other"].title == "GNU Mailman"
    assert set(load_platforms(tmp_path / "missing")) == {path.stem for path in bundled()}


def test_a_misspelt_key_is_told_with_its_line(tmp_path: Path) -> None:
    """Promise 31: file, line and the key that was meant."""
    text = next(path for path in bundled() if path.stem == "mailman").read_text()
    file = tmp_path / "mailman.yaml"
    file.write_text(text.replace("api_version:", "api_verison:"))
    with pytest.raises(InvalidProject) as caught:
        load_manifest(file)
    line = next(number for number, row in enumerate(file.read_text().splitlines(), 1) if "api_verison" in row)
    assert f"mailman.yaml:{line}" in str(caught.value)
    assert "api_version" in str(caught.value)


def test_a_manifest_that_could_lose_members_is_told_with_its_line(tmp_path: Path) -> None:
    """Promise 31: the code, the file, the line of the source, and why."""
    text = next(path for path in bundled() if path.stem == "mailman").read_text()
    file = tmp_path / "mailman.yaml"
    file.write_text(text.replace("      total: {certainty: exact, source: page, path: total_size}\n", ""))
    with pytest.raises(InvalidProject) as caught:
        load_manifest(file)
    (problem,) = caught.value.problems
    line = next(number for number, row in enumerate(file.read_text().splitlines(), 1) if row == "  list:")
    assert (problem.code, str(problem.where)) == ("end-unprovable", f"{file}:{line}")
    assert "needs a total" in problem.found


def test_an_unknown_placeholder_is_told_with_its_line(tmp_path: Path) -> None:
    """Promise 31: the line that holds it, what it is, and the name that was probably meant."""
    text = next(path for path in bundled() if path.stem == "salesforce").read_text()
    rows = text.splitlines()
    for good, wrong, block in (
        ("{list_view_id}/describe", "{list_veiw_id}/describe", "sources.list_view"),
        (
            "WHERE CampaignId = '{campaign_id}' AND HasResponded",
            "WHERE CampaignId = '{campain_id}' AND HasResponded",
            "sources.campaign_response",
        ),
        ('"CampaignId": "{campaign_id}"', '"CampaignId": "{campain_id}"', "destinations.campaign"),
        ("https://{domain}.my", "https://{domian}.my", ""),
    ):
        assert text.count(good) == 1
        file = tmp_path / "salesforce.yaml"
        file.write_text(text.replace(good, wrong))
        with pytest.raises(InvalidProject) as caught:
            load_manifest(file)
        (problem,) = caught.value.problems
        line = next(number for number, row in enumerate(rows, 1) if good in row)
        assert problem.code == "bad-value"
        assert problem.where is not None
        assert problem.where.line is not None
        assert line - 2 <= problem.where.line <= line  # a text over several lines is told with its first
        assert "{campain_id}" in problem.found or "{list_veiw_id}" in problem.found or "{domian}" in problem.found
        assert block in problem.found
        assert "Did you mean" in problem.fix


def test_a_manifest_is_named_as_its_file(tmp_path: Path) -> None:
    """The name that connections use is the file's name."""
    text = next(path for path in bundled() if path.stem == "mailman").read_text()
    (tmp_path / "other.yaml").write_text(text)
    with pytest.raises(InvalidProject, match="name-invalid"):
        load_manifest(tmp_path / "other.yaml")


def test_every_key_is_described() -> None:
    """The JSON schema for editors describes every key of the language."""

    def undescribed(schema: dict[str, Any], at: str) -> list[str]:
        found = [
            f"{at}.{name}"
            for name, field in schema.get("properties", {}).items()
            if name != "kind" and "description" not in field
        ]
        return found + [hole for name, inner in schema.get("$defs", {}).items() for hole in undescribed(inner, name)]

    assert undescribed(Manifest.model_json_schema(), "Manifest") == []


@pytest.mark.parametrize("value", ["vip,status:paid", "vip\n", "", "VIP", "' OR 1=1"])
def test_an_id_that_would_change_a_filter_is_refused(value: str, world: World) -> None:
    """An id within a filter has a form, so that no id means more members than one segment's."""
    changes = {"query": {**SIZED, "filter": "label:{segment_id}"}, "id_forms": {"segment_id": "[a-z0-9-]+"}}
    server = Server(CURSOR)
    platform = connect(manifest(CURSOR, **changes), server, world)
    for ask in (platform.describe, platform.preview, platform.fetch):
        with pytest.raises(ProjectError, match="bad-value"):
            ask("segment", {"segment_id": value})
    assert server.requests == []
    assert platform.describe("segment", {"segment_id": "vip-2"}).name == "VIP"


def test_a_value_that_the_manifest_lists_may_hold_a_slash() -> None:
    """A version that is more than one piece of an address stays as the manifest writes it; an id never does."""
    hubspot = load_platforms()["hubspot"]
    legacy = hubspot.option_values({"lists": "v3/lists"})
    assert fill_path("/crm/{lists}/{list_id}", {**legacy, "list_id": "5/5"}) == "/crm/v3/lists/5%2F5"
    assert fill_path("/{portal_id}", hubspot.option_values({"portal_id": "1/2"})) == "/1%2F2"
