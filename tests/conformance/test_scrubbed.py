"""Scrubbing: what no documentation shows goes, what nothing depends on is invented, what leads on still leads on."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from remote_segments.conformance.reading import load_exchanges
from remote_segments.conformance.scrubbed.addresses import Addresses
from remote_segments.conformance.scrubbed.cases import Account, Scrubbed, scrub
from remote_segments.conformance.scrubbed.documents import Documents
from remote_segments.conformance.scrubbed.hearing import Heard
from remote_segments.conformance.scrubbed.invented import Invented
from remote_segments.conformance.scrubbed.public import public
from remote_segments.rest.catalog import bundled, load_manifest
from remote_segments.rest.messages import Base
from remote_segments.rest.placeholders import fill

CANARIES = ("Lovelace", "ada.l@", "acme", "HIV", "c-4711", "GWP55", "tok-en", "9917", "s3cret", "Churners", "34567")


def heard(url: str, document: Any, *, sent: Any = None, status: int = 200, **headers: str) -> Heard:
    """One call and its answer; bytes are a file, anything else is JSON."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    kind = {} if isinstance(document, bytes) else {"content-type": "application/json"}
    told = Heard("GET", url, b"", "", status, {**kind, **{k.replace("_", "-"): v for k, v in headers.items()}})
    if sent is not None:
        told.method, told.sent, told.sent_type = "POST", json.dumps(sent).encode() if sent else b"", "application/json"
    told.pieces, told.size, told.whole = [content], len(content), True
    return told


def scrubbed(
    platform: str, kind: str, ids: dict[str, str], calls: list[Heard], columns: Mapping[str, Sequence[str | None]],
    *, documented: tuple[str, ...] = (), **options: str,
) -> Scrubbed:  # fmt: skip
    """What becomes of calls to a bundled platform; nothing of the account is in it, and it can be replayed.

    Canaries that are `documented` stand in the platform's own examples.
    """
    file = next(one for one in bundled() if one.stem == platform)
    manifest = load_manifest(file)
    options = manifest.option_values(options)
    declared = fill(manifest.base_url, options).rstrip("/")
    secrets = {name: f"s3cret-{name}" for name in manifest.connection.secrets}
    account = Account(manifest, kind, ids, options, secrets, Base(declared, declared), "Churners of Acme")
    found = scrub(account, calls, columns, load_exchanges(file), None)
    assert found.differences == (), yaml.safe_dump(found.case)
    text = yaml.safe_dump(found.case).casefold()
    assert [one for one in CANARIES if one.casefold() in text and one not in documented] == []
    return found


def test_people_and_fields_of_their_own_are_not_kept() -> None:
    """Names, attributes, words of messages: of a member only what documentation shows, and of that nothing true."""
    body = {"query": {"operator": "AND", "value": [{"field": "segment_id", "operator": "=", "value": "c-4711"}]},
            "pagination": {"per_page": 150}, "sort": {"field": "created_at", "order": "ascending"}}  # fmt: skip
    member = {"type": "contact", "id": "9917aa", "external_id": "34567", "role": "user", "email": "ada.l@acme.example",
              "phone": "+4930345678", "name": "Ada Lovelace", "HIV status": "x", "hiv_status": "positive",
              "custom_attributes": {"hiv": "HIV", "score": 34567}, "created_at": 1571672154}  # fmt: skip
    busy = {"type": "error.list", "errors": [{"code": "rate_limit_exceeded", "message": "Hello ada.l@acme.example"}]}
    page = {"type": "list", "data": [member], "total_count": 1, "workspace": "acme", "pages": {"type": "pages"}}
    host = "https://api.intercom.io"
    calls = [
        heard(f"{host}/segments/c-4711", {"type": "segment", "id": "c-4711", "name": "Churners of Acme",
                                          "person_type": "user", "updated_at": 1734537820}),
        heard(f"{host}/contacts/search", busy, sent=body, status=429, retry_after="1"),
        heard(f"{host}/contacts/search", page, sent=body),
    ]  # fmt: skip
    columns = {"contact_id": ["9917aa"], "external_id": ["34567"], "email": ["ada.l@acme.example"],
               "phone": ["+4930345678"]}  # fmt: skip
    found = scrubbed("intercom", "segment", {"segment_id": "c-4711"}, calls, columns)
    answer = found.case["exchanges"][-1]["response"]["json"]
    (kept,) = answer["data"]
    assert set(kept) == {
        "type",
        "id",
        "external_id",
        "role",
        "email",
        "phone",
        "name",
        "custom_attributes",
        "created_at",
    }
    assert (kept["type"], kept["custom_attributes"], kept["name"], kept["created_at"]) == ("contact", {}, "invented", 0)
    assert answer["total_count"] == 1
    assert found.dropped >= 4
    assert found.case["exchanges"][1]["response"]["headers"]["retry-after"] == "1"


def test_links_and_cursors_lead_where_they_led() -> None:
    """A link is of the documented host, its cursor invented, and the next call goes to just that."""
    host = "https://a.klaviyo.com/api"
    fields = "email%2Cphone_number%2Cexternal_id%2Cjoined_group_at"
    asked = f"fields%5Bprofile%5D={fields}&page%5Bsize%5D=100&sort=joined_group_at"
    first = f"{host}/segments/c-4711/profiles?{asked}"

    def profile(name: str) -> dict[str, Any]:
        attributes = {
            "email": None,
            "phone_number": None,
            "external_id": None,
            "joined_group_at": "2026-01-02T03:04:05Z",
        }
        return {"type": "profile", "id": name, "attributes": attributes, "links": {"self": f"{host}/profiles/{name}"}}

    told = {"name": "Churners of Acme", "profile_count": 2, "is_active": True, "is_processing": False, "updated": None}
    described = {"data": {"type": "segment", "id": "c-4711", "attributes": told}}
    following = f"{first}&page%5Bcursor%5D=GWP55"
    calls = [
        heard(f"{host}/segments/c-4711?additional-fields%5Bsegment%5D=profile_count", described),
        heard(first, {"data": [profile("9917aa")], "links": {"self": first, "next": following, "prev": None}}),
        heard(following, {"data": [profile("9917bb")], "links": {"self": following, "next": None, "prev": first}}),
    ]
    columns = {"profile_id": ["9917aa", "9917bb"], "email": [None, None], "phone": [None, None],
               "external_id": [None, None]}  # fmt: skip
    found = scrubbed("klaviyo", "segment", {"segment_id": "c-4711"}, calls, columns)
    exchanges = found.case["exchanges"]
    assert exchanges[1]["response"]["json"]["links"]["next"] == exchanges[2]["request"]["url"]
    assert found.case["gives"]["members"]["profile_id"] == ["profile_id-1", "profile_id-2"]


def test_a_file_is_written_anew_with_its_check_sum() -> None:
    """Cells are replaced, columns keep their place, and the answer before names the sum of what is written."""
    host = "https://345-acme.mktorest.com"
    content = b"id,email\n9917,ada.l@acme.example\n9918,null\n"
    status = {"requestId": "tok-en", "success": True, "result": [{
        "exportId": "tok-en-1", "status": "Completed", "format": "CSV", "numberOfRecords": 2, "fileSize": len(content),
        "fileChecksum": f"sha256:{hashlib.sha256(content).hexdigest()}"}]}  # fmt: skip
    queued = {"requestId": "tok-en", "success": True, "result": [{"exportId": "tok-en-1", "status": "Queued"}]}
    sent = {"fields": ["id", "email"], "format": "CSV", "filter": {"smartListId": 34567}}
    jobs = f"{host}/bulk/v1/leads/export"
    secrets = "client_id=s3cret-client_id&client_secret=s3cret-client_secret"
    token = {"access_token": "tok-en", "token_type": "bearer", "expires_in": 3599, "scope": "ada.l@acme.example"}
    calls = [
        heard(f"{host}/identity/oauth/token?grant_type=client_credentials&{secrets}", token, sent=""),
        heard(f"{host}/rest/asset/v1/smartList/34567.json?includeRules=false",
              {"success": True, "result": [{"id": 34567, "name": "Churners of Acme", "workspace": "acme"}]}),
        heard(f"{jobs}/create.json", queued, sent=sent),
        heard(f"{jobs}/tok-en-1/enqueue.json", queued, sent=""),
        heard(f"{jobs}/tok-en-1/status.json", status),
        heard(f"{jobs}/tok-en-1/file.json", content, content_type="text/csv", content_length=str(len(content))),
    ]  # fmt: skip
    columns = {"lead_id": ["9917", "9918"], "email": ["ada.l@acme.example", None]}
    found = scrubbed("marketo", "smart_list", {"smart_list_id": "34567"}, calls, columns, munchkin_id="345-acme")
    assert found.case["exchanges"][-1]["response"]["text"] == "id,email\n1001,p1@example.test\n1002,null\n"
    assert found.case["gives"]["total"] == 2


def test_an_archive_of_several_files_becomes_one_at_an_invented_address() -> None:
    """The address of a storage is a secret for a while; lines of unread fields hold nothing."""
    host = "https://rest.acme.braze.com"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            "a.txt", '{"braze_id": "9917aa", "email": "ada.l@acme.example", "first_name": "Ada Lovelace"}\n'
        )
        archive.writestr("b.txt", '{"braze_id": "9917bb"}\n')
    storage = "https://acme.s3.example/GWP55.zip?X-Amz-Signature=s3cret"
    sent = {"segment_id": "c-4711", "fields_to_export": ["external_id", "braze_id", "email", "phone"],
            "output_format": "zip"}  # fmt: skip
    calls = [
        heard(f"{host}/segments/details?segment_id=c-4711", {"message": "success", "name": "Churners of Acme",
                                                            "updated_at": "2026-01-02T03:04:05.000Z"}),
        heard(f"{host}/users/export/segment", {"message": "success", "object_prefix": "tok-en", "url": storage},
              sent=sent),
        heard(storage, packed.getvalue(), content_type="application/zip"),
    ]  # fmt: skip
    columns = {"braze_id": ["9917aa", "9917bb"], "external_id": [None, None], "email": ["ada.l@acme.example", None],
               "phone": [None, None]}  # fmt: skip
    found = scrubbed("braze", "segment", {"segment_id": "c-4711"}, calls, columns, host="rest.acme.braze.com")
    last = found.case["exchanges"][-1]
    assert last["request"]["url"].startswith("https://files.example.test/")
    assert last["response"]["packed"] == "zip"
    assert found.case["gives"]["members"]["braze_id"] == ["braze_id-1", "braze_id-2"]


def test_members_that_are_bare_numbers_are_no_counts() -> None:
    """An array of ids under a key of the manifest is scrubbed like any other place of members."""
    documents = bare_numbers()
    assert documents.document({"matches": [34567, 99171], "total": 2}) == {"matches": [1001, 1002], "total": 2}


def bare_numbers() -> Documents:
    """The scrubbing of an ActiveCampaign segment with two members."""
    file = next(one for one in bundled() if one.stem == "activecampaign")
    manifest = load_manifest(file)
    known = public(manifest, "segment", load_exchanges(file))
    invented = Invented({})
    invented.members(manifest.sources["segment"], {"contact_id": ["34567", "99171"]})
    base = Base("https://acme.api-us1.com/api/3", "https://acme.api-us1.com/api/3")
    return Documents(Addresses(known, invented, base, "https://x.api-us1.com/api/3"), frozenset())


def test_small_numbers_that_mean_several_things_stay_apart() -> None:
    """The list, a page, its size, a member and one who is left out may all bear the same number."""
    host = "https://lists.acme.example/api"
    asked = f"{host}/subscribers?list_id=1&subscription_status=confirmed&per_page=1000&order_by=id&order=asc&page="

    def subscriber(number: int, status: str) -> dict[str, Any]:
        return {"id": number, "uuid": f"9917-{number}", "email": f"ada.l@acme.example{number}", "name": "Ada Lovelace",
                "status": status, "lists": [{"id": 1, "name": "Churners of Acme"}]}  # fmt: skip

    def page(total: int, *rows: dict[str, Any]) -> dict[str, Any]:
        return {"data": {"results": rows, "total": total, "per_page": 1000, "page": 1, "query": ""}}

    rows = [subscriber(1, "enabled"), subscriber(2, "blocklisted"), subscriber(1001, "enabled")]
    calls = [
        heard(
            f"{host}/lists/1", {"data": {"id": 1, "name": "Churners of Acme", "status": "active", "updated_at": None}}
        ),
        heard(f"{asked}1", page(3, *rows)),
    ]
    columns = {"subscriber_id": ["1", "1001"], "uuid": ["9917-1", "9917-1001"],
               "email": ["ada.l@acme.example1", "ada.l@acme.example1001"]}  # fmt: skip
    ids = {"list_id": "1", "subscription_status": "confirmed", "subscriber_status": "enabled"}
    found = scrubbed("listmonk", "subscriber_status", ids, calls, columns, host="lists.acme.example")
    exchange = found.case["exchanges"][1]
    assert exchange["request"]["url"].endswith("&page=1")
    assert len({row["id"] for row in exchange["response"]["json"]["data"]["results"]}) == 3
    assert len(found.case["gives"]["members"]["uuid"]) == 2


def test_what_is_continued_from_the_last_id_stays_sorted() -> None:
    """A member may bear the list's id or one that would have been invented; neither changes the order of ids."""
    host = "https://corp.api-us1.com/api/3"
    asked = f"{host}/contacts?listid=100&status=1&limit=100&orders%5Bid%5D=ASC"
    numbers = [99, 100, 1001, 1002]

    def page(*members: int) -> dict[str, Any]:
        return {"contacts": [{"id": str(one), "email": f"ada.l@acme.example{one}", "phone": ""} for one in members],
                "meta": {"total": "4"}}  # fmt: skip

    calls = [
        heard(f"{host}/lists/100", {"list": {"id": "100", "name": "Churners of Acme", "udate": None}}),
        heard(asked, page(*numbers)),
        heard(f"{asked}&id_greater=1002", page()),
    ]
    columns = {"contact_id": [str(one) for one in numbers], "phone": [""] * 4,
               "email": [f"ada.l@acme.example{one}" for one in numbers]}  # fmt: skip
    found = scrubbed("activecampaign", "list", {"list_id": "100"}, calls, columns, documented=("acme",),
                     host="corp.api-us1.com")  # fmt: skip
    members = [int(text) for text in found.case["gives"]["members"]["contact_id"]]
    assert members == sorted(members)
    assert not {99, 1001, 1002}.intersection(members)
