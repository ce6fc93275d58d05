"""An account in the shape of Mailchimp's Marketing API 3.0: one audience, its segments and their members.

Shapes as in https://mailchimp.com/developer/marketing/api/; all data is made up.
"""

import base64
import binascii
import re
from typing import Any

from remote_segments.simulator.accounts.account import Account, Refused
from remote_segments.simulator.faults import Fault
from remote_segments.simulator.membership import MAILCHIMP_AUDIENCE, Member
from remote_segments.simulator.messages import Answer, Request, Target
from remote_segments.simulator.segments import edited_at

PAGE_MOST = 1_000
ROUTE = re.compile(r"(?:/3\.0)?/lists(?:/([^/]+)(?:(/members)|(/segments)(?:/([^/]+)(/members)?)?)?)?/?")
AUDIENCE = {"id": MAILCHIMP_AUDIENCE, "name": "The magazine"}
STATUSES = ("subscribed", "unsubscribed")
"""Those in which the audience has anybody; pages of the others are empty."""
ERRORS = "https://mailchimp.com/developer/marketing/docs/errors/"


class Mailchimp(Account):
    """Offset pages of at most 1,000 members, with the total on every page; basic authentication."""

    platform = "mailchimp"
    items_path = ("members",)
    next_path = None
    total_path = ("total_items",)
    not_found = "Resource Not Found"
    id_path = ("id",)
    tells = frozenset({"name", "rule"})

    def target(self, request: Request) -> Target:
        """Says what a request is about, or refuses it."""
        if not self._authorised(request):
            raise Refused(401, "API Key Invalid", "Your API key may be invalid.")
        route = ROUTE.fullmatch(request.path)
        if not route or request.method != "GET" or route[1] not in (None, MAILCHIMP_AUDIENCE):
            raise Refused(404, self.not_found, "The requested resource could not be found.")
        audience, everybody, segments, name, members = route.groups()
        if everybody:
            return self._by_status(request)
        if name is None:
            return self._listing(request, audience) if segments or not audience else self._audience()
        self.segment(name, "static", "saved")
        return self._members_target(request, name) if members else self._describe(name)

    def error(self, status: int, code: str, detail: str) -> Answer:
        """Returns a problem document."""
        document = {"type": ERRORS, "title": code, "status": status, "detail": detail, "instance": "0"}
        return Answer(status, document, content_type="application/problem+json")

    def item(self, member: Member, fields: frozenset[str] | None) -> dict[str, Any]:
        """Returns a member, only with the fields asked for."""
        profile = member.profile
        record = {
            "id": profile.profile_id,
            "email_address": profile.email,
            "unique_email_id": profile.profile_id[:10],
            "status": "subscribed",  # a segment holds nobody else
            "list_id": MAILCHIMP_AUDIENCE,
        }
        return {key: value for key, value in record.items() if fields is None or f"members.{key}" in fields}

    def _authorised(self, request: Request) -> bool:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        try:
            key = base64.b64decode(text, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return False
        return scheme == "Basic" and bool(key) and "revoked" not in key

    def _members_target(self, request: Request, name: str) -> Target:
        size = request.whole_number("count", 10, PAGE_MOST) or 10
        offset = request.whole_number("offset", 0, 10**9)
        asked = request.query.get("fields")
        fields = frozenset(asked.split(",")) if asked and "members" not in asked.split(",") else None

        def answer(fault: Fault | None) -> Answer:
            page = self.page(name, offset, size, None, fault=fault)
            if page.repeated is not None:  # there is no cursor to repeat: an earlier page comes again
                page = self.page(name, max(0, page.repeated - size), size, page.refresh, fault=None)
            rest = {"list_id": MAILCHIMP_AUDIENCE, "total_items": page.total, "_links": []}
            if asked:
                rest = {key: value for key, value in rest.items() if key in asked.split(",")}
            return self.answer_page(page, fields, lambda items: {"members": items, **rest})

        return Target("members", answer, name, offset // size + 1)

    def _record(self, name: str) -> dict[str, Any]:
        shape = self.segment(name, "static", "saved")
        record: dict[str, Any] = {"id": int(name) if name.isdecimal() else name, "name": shape.name, "type": shape.kind}
        record |= {"member_count": self.size(name), "created_at": "2026-01-05T09:00:00+00:00"}
        record["options"] = {"match": "all", "conditions": [{"field": shape.rule}]}
        return record | {"updated_at": edited_at(shape.edits).isoformat(), "list_id": MAILCHIMP_AUDIENCE}

    def _by_status(self, request: Request) -> Target:
        status = request.query.get("status", "subscribed")
        if status in STATUSES:
            return self._members_target(request, status)
        nobody = {"members": [], "list_id": MAILCHIMP_AUDIENCE, "total_items": 0}
        return Target("members", lambda _: Answer(document=nobody))

    def _audience(self) -> Target:
        return Target("describe", lambda _: Answer(document=AUDIENCE), "subscribed")

    def _describe(self, name: str) -> Target:
        return Target("describe", lambda _: Answer(document=self._record(name)), name)

    def _listing(self, request: Request, audience: str | None) -> Target:
        size, offset = request.whole_number("count", 10, PAGE_MOST), request.whole_number("offset", 0, 10**9)
        if audience is None:
            return Target("list", lambda _: Answer(document={"lists": [AUDIENCE], "total_items": 1}))
        names = sorted(name for name, one in self.segments.current().items() if one.kind != "audience")
        records = [self._record(name) for name in names[offset : offset + size]]
        document = {"segments": records, "list_id": audience, "total_items": len(names), "_links": []}
        return Target("list", lambda _: Answer(document=document), page=offset // max(1, size) + 1)
