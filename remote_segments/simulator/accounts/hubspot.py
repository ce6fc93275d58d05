"""An account in the shape of HubSpot's CRM lists API (version in the path): lists, their record ids, and contacts.

Shapes as in https://developers.hubspot.com/docs/api-reference/crm-lists-v3/guide and crm-contacts-v3/guide; all data is
made up. A contact whose number is a multiple of 97 was deleted since it joined its lists.
"""

import json
import re
from typing import Any
from urllib.parse import urlencode

from remote_segments.simulator.accounts.account import Account, Refused, read_cursor
from remote_segments.simulator.faults import Fault
from remote_segments.simulator.membership import Member, profiles
from remote_segments.simulator.messages import Answer, Request, Target
from remote_segments.simulator.segments import edited_at

PAGE_MOST = 250
LISTING_MOST = 500
READ_MOST = 100
DELETED = 97
CONTACTS = re.compile(r"/crm/(?:objects/\d{4}-\d{2}|v3/objects)/contacts/batch/read")
ROUTE = re.compile(r"/crm/(?:lists/\d{4}-\d{2}|v3/lists)/([^/]+)(/memberships(?:/join-order)?)?/?")


class HubSpot(Account):
    """Cursor in `paging.next.after`, at most 250 record ids a page, its own total on every page."""

    platform = "hubspot"
    items_path = ("results",)
    next_path = ("paging", "next", "after")
    total_path = ("total",)
    not_found = "OBJECT_NOT_FOUND"
    id_path = ("recordId",)
    tells = frozenset({"name", "rule", "computing"})

    def target(self, request: Request) -> Target:
        """Says what a request is about, or refuses it."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not key or "revoked" in key:
            raise Refused(401, "INVALID_AUTHENTICATION", "Authentication credentials not found or expired.")
        if CONTACTS.fullmatch(request.path) and request.method == "POST":
            return self._read_contacts(request)
        route = ROUTE.fullmatch(request.path)
        if route and route[1] == "search" and request.method == "POST":
            return self._search(request)
        if not route or request.method != "GET":
            raise Refused(404, self.not_found, "There is no such resource.")
        self.segment(route[1], "list")
        return self._members_target(request, route[1]) if route[2] else self._describe(route[1])

    def error(self, status: int, code: str, detail: str) -> Answer:
        """Returns HubSpot's error; a rate limit names its policy."""
        document = {"status": "error", "message": detail, "correlationId": "00000000-0000-4000-8000-000000000000"}
        if status == 429:
            return Answer(status, document | {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"})
        return Answer(status, document | {"category": code})

    def item(self, member: Member, fields: frozenset[str] | None) -> dict[str, Any]:  # noqa: ARG002 - no choice here
        """Returns a record id and when it joined."""
        return {
            "recordId": member.profile.profile_id,
            "membershipTimestamp": member.joined_at.isoformat().replace("+00:00", "Z"),
        }

    def _members_target(self, request: Request, name: str) -> Target:
        joining = request.path.endswith("/join-order")
        size = request.whole_number("limit", 100, PAGE_MOST)
        if size < 1:
            raise ValueError("limit must be at least 1")
        refresh, offset = read_cursor(request.query["after"]) if "after" in request.query else (None, 0)

        def answer(fault: Fault | None) -> Answer:
            page = self.page(name, offset, size, refresh, fault=fault, by_joining=joining)
            rest: dict[str, Any] = {"total": page.total}
            if page.next_cursor:
                query = urlencode(dict(request.query) | {"after": page.next_cursor})
                link = f"{request.root}{request.path}?{query}"
                rest["paging"] = {"next": {"after": page.next_cursor, "link": link}}
            result = self.answer_page(page, None, lambda items: {"results": items, **rest})
            result.headers = {"X-HubSpot-RateLimit-Max": "190", "X-HubSpot-RateLimit-Remaining": "189"}
            return result

        return Target("members", answer, name, offset // size + 1)

    def _describe(self, name: str) -> Target:
        shape = self.segment(name)
        found = {"listId": name, "listVersion": 3, "name": shape.name, "objectTypeId": "0-1"}
        found |= {"processingType": "DYNAMIC", "processingStatus": "PROCESSING" if shape.computing else "COMPLETE"}
        found |= {"createdAt": "2026-01-05T09:00:00Z", "updatedAt": _instant(shape.edits)}
        found |= {"filtersUpdatedAt": _instant(shape.rule_edits)}
        return Target("describe", lambda _: Answer(document={"list": {**found, "size": self.size(name)}}), name)

    def _read_contacts(self, request: Request) -> Target:
        body = json.loads(request.body or b"{}")
        asked = [str(one["id"]) for one in body["inputs"]]
        if not 0 < len(asked) <= READ_MOST:
            raise ValueError(f"between 1 and {READ_MOST} inputs")
        known = {one.profile_id: one for one in profiles(self.platform, self.seed, self.people)}
        gone = [one for one in asked if one not in known or int(one) % DELETED == 0]
        results = [
            {"id": one, "properties": {name: getattr(known[one], name, None) for name in body["properties"]}}
            for one in reversed(asked)  # in no order that a caller could rely on
            if one not in gone
        ]
        document: dict[str, Any] = {"status": "COMPLETE", "results": results}
        if gone:
            context = {"status": "error", "category": self.not_found, "context": {"ids": gone}}
            document |= {"numErrors": 1, "errors": [context | {"message": "Could not get some CONTACT objects."}]}
        return Target("lookup", lambda _: Answer(207 if gone else 200, document))

    def _search(self, request: Request) -> Target:
        body = json.loads(request.body or b"{}")
        if not isinstance(body, dict) or not {"offset", "additionalProperties"} <= set(body):
            raise ValueError("offset and additionalProperties are required")
        offset, count = int(body["offset"]), min(int(body.get("count", 20)), LISTING_MOST)
        shapes = self.segments.current()
        names = sorted(shapes)
        lists = [
            {
                "listId": name,
                "name": shapes[name].name,
                "objectTypeId": "0-1",
                "processingType": "DYNAMIC",
                "additionalProperties": {"hs_list_size": str(self.size(name))},
            }
            for name in names[offset : offset + count]
        ]
        end = offset + len(lists)
        document = {"lists": lists, "hasMore": end < len(names), "offset": end, "total": len(names)}
        return Target("list", lambda _: Answer(document=document))


def _instant(edits: int) -> str:
    return edited_at(edits).isoformat().replace("+00:00", "Z")
