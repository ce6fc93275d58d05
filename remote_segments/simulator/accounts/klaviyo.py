"""An account in the shape of Klaviyo's API, revision 2026-07-15: segments, lists, their profiles.

Shapes as in https://developers.klaviyo.com/en/reference/api_overview; all data is made up.
"""

import json
import re
from typing import Any
from urllib.parse import urlencode

from remote_segments.simulator.accounts.account import BIG, Account, Page, Refused, cursor, read_cursor
from remote_segments.simulator.faults import Fault
from remote_segments.simulator.membership import Member
from remote_segments.simulator.messages import Answer, Request, Target
from remote_segments.simulator.segments import edited_at

PAGE_MOST = 100
LISTING_MOST = 10
ROUTE = re.compile(r"/api/(segments|lists)(?:/([^/]+)(/profiles)?)?/?")
WRITING = re.compile(r"/api/lists/([^/]+)/relationships/profiles/?")
WRITTEN_MOST = 1_000
FILTER = re.compile(r"any\((email|phone_number|external_id),(\[.*\])\)", re.DOTALL)
INVENTED = re.compile(r"[0-9]{16}")
"""Ids of profiles in big segments, which exist without being kept."""

REVISION = re.compile(r"\d{4}-\d{2}-\d{2}(\.pre)?")
ATTRIBUTES = frozenset({"email", "phone_number", "external_id", "joined_group_at"})


class Klaviyo(Account):
    """Cursor in a full next link, at most 100 profiles a page, a count only on request."""

    platform = "klaviyo"
    items_path = ("data",)
    next_path = ("links", "next")
    not_found = "not_found"
    id_path = ("id",)
    tells = frozenset({"name", "rule", "active", "computing"})

    def target(self, request: Request) -> Target:
        """Says what a request is about, or refuses it."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "Klaviyo-API-Key" or not key or "revoked" in key:
            raise Refused(401, "authentication_failed", "Incorrect authentication credentials.")
        if not REVISION.fullmatch(request.headers.get("revision", "")):
            raise ValueError("the revision header is missing or not a date")
        route = ROUTE.fullmatch(request.path)
        writing = WRITING.fullmatch(request.path)
        if writing or (request.method == "POST" and request.path.rstrip("/") == "/api/lists"):
            return self._written(request, writing[1] if writing else None)
        if request.path.rstrip("/") == "/api/profiles" and request.method == "GET":
            return self._found(request)
        if not route or request.method != "GET":
            raise Refused(404, self.not_found, "There is no such resource.")
        kind, name, profiles = route[1][:-1], route[2], route[3]
        if name is None:
            return self._listing(request, kind)
        self.segment(name, kind)
        return self._members_target(request, name) if profiles else self._describe(request, kind, name)

    def error(self, status: int, code: str, detail: str) -> Answer:
        """Returns Klaviyo's list of errors."""
        error = {"id": "00000000-0000-4000-8000-000000000000", "status": status, "code": code, "title": code}
        error |= {"detail": detail, "source": {"pointer": "/data/"}, "links": {}, "meta": {}}
        return Answer(status, {"errors": [error]}, content_type="application/vnd.api+json")

    def item(self, member: Member, fields: frozenset[str] | None) -> dict[str, Any]:
        """Returns a profile with its sparse attributes."""
        profile = member.profile
        attributes = {
            "email": profile.email,
            "phone_number": profile.phone,
            "external_id": profile.external_id,
            "joined_group_at": member.joined_at.isoformat(),
        }
        kept = {name: value for name, value in attributes.items() if fields is None or name in fields}
        return {"type": "profile", "id": profile.profile_id, "attributes": kept}

    def _members_target(self, request: Request, name: str) -> Target:
        size = request.whole_number("page[size]", 20, PAGE_MOST)
        if size < 1:
            raise ValueError("page size must be at least 1")
        refresh, offset = read_cursor(request.query["page[cursor]"]) if "page[cursor]" in request.query else (None, 0)
        asked = request.query.get("fields[profile]")
        fields = frozenset(asked.split(",")) if asked else None
        if fields and fields - ATTRIBUTES:
            raise ValueError(f"unknown field {sorted(fields - ATTRIBUTES)[0]}")

        def answer(fault: Fault | None) -> Answer:
            page = self.page(name, offset, size, refresh, fault=fault, by_joining="sort" in request.query)
            links = self._links(request, page)
            result = self.answer_page(page, fields, lambda items: {"data": items, "links": links})
            result.content_type = "application/vnd.api+json"
            result.headers = {"RateLimit-Limit": "750", "RateLimit-Remaining": "749", "RateLimit-Reset": "60"}
            return result

        return Target("members", answer, name, offset // size + 1)

    def _written(self, request: Request, name: str | None) -> Target:
        """Adds to a list, removes from one, or makes one."""
        if name is not None and BIG.fullmatch(name):
            return self._counted(request, name)
        document = json.loads(request.body or b"{}")
        if name is None:
            return Target("create", lambda _: self._make(str(document["data"]["attributes"]["name"])))
        if request.method not in {"POST", "DELETE"}:
            raise Refused(405, "method_not_allowed", "The method is not allowed.")
        self.segment(name, "list")
        ids = [str(one["id"]) for one in document["data"]]
        if not 0 < len(ids) <= WRITTEN_MOST:
            raise ValueError(f"data must hold 1 to {WRITTEN_MOST} profiles")

        def answer(_: Fault | None) -> Answer:
            known = self.known()
            if any(one not in known and not INVENTED.fullmatch(one) for one in ids):
                return self.error(400, "invalid", "A profile does not exist.")
            (self.lists.add if request.method == "POST" else self.lists.remove)(name, ids)
            return Answer(204, body=b"")

        return Target("add" if request.method == "POST" else "remove", answer, name)

    def _counted(self, request: Request, name: str) -> Target:
        """Takes what is sent to a big list, which never changes: its entries are counted, and not looked at."""
        if not 0 < request.body.count(b'"id"') <= WRITTEN_MOST:
            raise ValueError(f"data must hold 1 to {WRITTEN_MOST} profiles")
        return Target("add" if request.method == "POST" else "remove", lambda _: Answer(204, body=b""), name)

    def _make(self, name: str) -> Answer:
        made = self.lists.make(name)
        return Answer(201, {"data": self._record("list", made, counted=False)})

    def _found(self, request: Request) -> Target:
        """Finds profiles by one of their identifiers."""
        asked = FILTER.fullmatch(request.query.get("filter", ""))
        if asked is None:
            raise ValueError("the filter is not any(email|phone_number|external_id,[...])")
        wanted = {_kept(asked[1], one) for one in json.loads(asked[2])}
        name = {"phone_number": "phone"}.get(asked[1], asked[1])

        def answer(_: Fault | None) -> Answer:
            found = {_kept(asked[1], getattr(one, name)): one for one in self.known().values()}
            items = [
                {"type": "profile", "id": found[one].profile_id, "attributes": {asked[1]: one}}
                for one in wanted
                if one in found
            ]
            links = {"self": f"{request.root}{request.path}", "next": None, "prev": None}
            return Answer(document={"data": items, "links": links})

        return Target("resolve", answer)

    def _links(self, request: Request, page: Page) -> dict[str, str | None]:
        address = f"{request.root}{request.path}"
        query = dict(request.query)
        links: dict[str, str | None] = {"self": f"{address}?{urlencode(query)}", "next": None, "prev": None}
        if page.next_cursor:
            links["next"] = f"{address}?{urlencode(query | {'page[cursor]': page.next_cursor})}"
        if page.offset:
            before = cursor(page.refresh, max(0, page.offset - page.size))
            links["prev"] = f"{address}?{urlencode(query | {'page[cursor]': before})}"
        return links

    def _record(self, kind: str, name: str, counted: bool) -> dict[str, Any]:
        shape = self.segment(name, kind)
        dates = {"created": "2026-01-05T09:00:00+00:00", "updated": edited_at(shape.edits).isoformat()}
        attributes: dict[str, Any] = {"name": shape.name, **dates}
        if kind == "segment":
            attributes |= {"is_active": shape.active, "is_processing": shape.computing, "is_starred": False}
            attributes["definition"] = {"condition_groups": [{"conditions": [{"type": shape.rule}]}]}
        else:
            attributes |= {"opt_in_process": "double_opt_in"}
        if counted:
            attributes["profile_count"] = self.size(name)
        return {"type": kind, "id": name, "attributes": attributes}

    def _describe(self, request: Request, kind: str, name: str) -> Target:
        counted = "profile_count" in request.query.get(f"additional-fields[{kind}]", "")
        return Target("describe", lambda _: Answer(document={"data": self._record(kind, name, counted)}), name)

    def _listing(self, request: Request, kind: str) -> Target:
        size = request.whole_number("page[size]", LISTING_MOST, LISTING_MOST) or LISTING_MOST
        _, offset = read_cursor(request.query["page[cursor]"]) if "page[cursor]" in request.query else (0, 0)
        names = sorted(name for name, shape in self.segments.current().items() if shape.kind == kind)
        data = [self._record(kind, name, counted=False) for name in names[offset : offset + size]]
        page = Page("", (), offset, size, len(names), 1)
        document = {"data": data, "links": self._links(request, page)}
        return Target("list", lambda _: Answer(document=document), page=offset // size + 1)


def _kept(attribute: str, value: object) -> str:
    """Returns an identifier as the platform keeps and answers it: addresses in lower case, without blanks."""
    text = str(value).strip()
    return text.lower() if attribute == "email" else text
