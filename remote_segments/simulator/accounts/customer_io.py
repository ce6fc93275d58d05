"""An account in the shape of Customer.io's App API: segments and their memberships.

Shapes as in https://docs.customer.io/integrations/api/app/; all data is made up.
"""

import re
from typing import Any

from remote_segments.simulator.accounts.account import Account, Refused, read_cursor
from remote_segments.simulator.faults import Fault
from remote_segments.simulator.membership import Member
from remote_segments.simulator.messages import Answer, Request, Target
from remote_segments.simulator.segments import edited_at

PAGE_MOST = 30_000
ROUTE = re.compile(r"/v1/segments(?:/([^/]+)(/membership|/customer_count)?)?/?")


class CustomerIO(Account):
    """Token in `next`, empty on the last page, at most 30,000 people a page, a count of its own."""

    platform = "customer_io"
    items_path = ("identifiers",)
    next_path = ("next",)
    not_found = "not_found"
    id_path = ("cio_id",)
    tells = frozenset({"name", "computing"})

    def target(self, request: Request) -> Target:
        """Says what a request is about, or refuses it."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not key or "revoked" in key:
            raise Refused(401, "unauthorized", "unauthorized")
        route = ROUTE.fullmatch(request.path)
        if not route or request.method != "GET":
            raise Refused(404, self.not_found, "not found")
        name, rest = route[1], route[2]
        if name is None:
            records = [self._record(one) for one in sorted(self.segments.current())]
            return Target("list", lambda _: Answer(document={"segments": records}))
        self.segment(name)
        if rest == "/membership":
            return self._members_target(request, name)
        if rest == "/customer_count":
            return Target("describe", lambda _: Answer(document={"segment_id": name, "count": self.size(name)}), name)
        return Target("describe", lambda _: Answer(document={"segment": self._record(name)}), name)

    def error(self, status: int, code: str, detail: str) -> Answer:  # noqa: ARG002 - this platform gives no codes
        """Returns Customer.io's errors: the status is a text."""
        return Answer(status, {"errors": [{"detail": detail, "status": str(status)}]})

    def item(self, member: Member, fields: frozenset[str] | None) -> dict[str, Any]:  # noqa: ARG002 - no choice here
        """Returns the three ids of a person, two of which may be null."""
        profile = member.profile
        return {"id": profile.external_id, "email": profile.email, "cio_id": profile.profile_id}

    def _members_target(self, request: Request, name: str) -> Target:
        size = request.whole_number("limit", 1_000, PAGE_MOST) or 1_000
        start = request.query.get("start", "")
        refresh, offset = read_cursor(start) if start else (None, 0)

        def answer(fault: Fault | None) -> Answer:
            page = self.page(name, offset, size, refresh, fault=fault)
            ids = [member.profile.external_id for member in page.members]
            rest = {"segment_id": int(name) if name.isdecimal() else name, "next": page.next_cursor or "", "ids": ids}
            return self.answer_page(page, None, lambda items: {**rest, "identifiers": items})

        return Target("members", answer, name, offset // size + 1)

    def _record(self, name: str) -> dict[str, Any]:
        shape = self.segment(name)
        record: dict[str, Any] = {"id": int(name) if name.isdecimal() else name, "name": shape.name, "description": ""}
        record |= {"state": "build" if shape.computing else "finished", "progress": 40 if shape.computing else None}
        return record | {
            "type": "dynamic",
            "tags": None,
            "created_at": 1767603600,
            "updated_at": round(edited_at(shape.edits).timestamp()),
        }
