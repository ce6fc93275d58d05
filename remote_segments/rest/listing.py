"""The segments of an account: the pages of a listing, read to the end like those of a membership."""

from collections.abc import Generator, Mapping
from typing import Any, Literal

from msgspec import UNSET
from pydantic import Field, model_validator

from remote_segments.errors import PlatformError
from remote_segments.explanations import refusal
from remote_segments.rest.counting import whole_number
from remote_segments.rest.decoding import decode_document
from remote_segments.rest.describing import Condition
from remote_segments.rest.endpoint import PAGE_SIZE, Endpoint
from remote_segments.rest.messages import Base, Request, Response
from remote_segments.rest.paging import Paging, misplaced
from remote_segments.rest.paging.turns import Call, Turn
from remote_segments.rest.paths import Path, entries, find, missing, take, wrong_type
from remote_segments.rest.refusals import as_text
from remote_segments.sources.members import Listed, State

MAX_PAGES = 10_000
"""Pages of a listing; more are an error."""


class Listing(Endpoint):
    """The call that lists segments."""

    kind: Literal["calls"] = Field("calls", description="Page by page.")
    page_size: int | None = Field(None, ge=1, description="Segments per page; {page_size} in query stands for it.")
    items: Path | None = Field(
        None, description="Path of the array of segments; left out when the answer is the array."
    )
    absent: Literal["error", "empty"] = Field("error", description="What it means when the array is not there.")
    keyed: bool = Field(False, description="Whether it is an object with one segment under each key instead.")
    ids: dict[str, Path] = Field(description="For each id key, the path of its value within one segment.")
    name: Path = Field(description="Path of the name within one segment.")
    size: Path | None = Field(None, description="Path of the number of members within one segment.")
    computing: Condition | None = Field(None, description="When the platform is still computing a listed segment.")
    archived: Condition | None = Field(None, description="When a listed segment is put away in the platform.")
    inactive: Condition | None = Field(None, description="When the platform no longer updates a listed segment.")
    paging: Paging = Field(description="How to ask for the next page.")
    total: Path | None = Field(None, description="Path of the number of segments, for an end by total.")

    @model_validator(mode="after")
    def _ends(self) -> "Listing":
        end = getattr(self.paging, "end", None)
        found = None
        if end == "total" and (self.total is None or self.page_size is None):
            found = "An end by total needs total and page_size."
        if end == "short-page":
            found = "A listing ends by total or by an empty page: a smaller page would look like the last."
        if self.paging.ends_by_absence() and self.page_size is None and self.total is None:
            found = "An end by absence needs page_size or total: a misspelt path would look like the last page."
        if misplaced(self.paging, self.method):
            found = "Place body belongs to a POST: without one, every page would be the first."
        if found:
            raise refusal("end-unprovable", found, "Say in the manifest how the last page is known.")
        return self

    def flow(
        self, base: Base, values: Mapping[str, str], outer: Mapping[str, str], where: str
    ) -> Generator[Request, Response, list[Listed]]:
        """Yields the calls, is sent the answers, returns every segment.

        Args:
            base: where calls go.
            values: what the placeholders stand for.
            outer: ids that were given and belong to every segment listed, such as Mailchimp's list_id.
            where: manifest and block, for messages.

        Raises:
            PlatformError: `cursor-repeated`, `page-limit`, `path-missing`, `wrong-type`, `not-json`.
        """
        size = {PAGE_SIZE: str(self.page_size)} if self.page_size else {}
        call: Call | None = self.paging.first(self.call(base, {**values, **size}))
        found: list[Listed] = []
        seen = set[bytes]()
        while call is not None:
            if call.fingerprint() in seen or len(seen) >= MAX_PAGES:
                code = "cursor-repeated" if call.fingerprint() in seen else "page-limit"
                raise PlatformError(
                    code, "The listing of segments does not end.", "Check its paging in the manifest.", where
                )
            seen.add(call.fingerprint())
            response = yield self.request(call, where, names_segment=False)
            document = decode_document(response, where)
            items = entries(document, self.items, where, lenient=self.absent == "empty", keyed=self.keyed)
            found += [self._listed(item, outer, where) for item in items]
            extras = self._extras(document, where)
            total = whole_number(take(document, self.total, where), self.total, where) if self.total else None
            key = next(iter(self.ids), "")
            first = [one.ids.get(key) for one in found[len(found) - len(items) :]]
            turn = Turn(
                len(seen), len(items), len(found), self.page_size, total, extras, response.headers, base, where, first
            )
            call = self.paging.following(call, turn)
        return found

    def _listed(self, item: Any, outer: Mapping[str, str], where: str) -> Listed:
        given = {key: as_text(take(item, path, where)) for key, path in self.ids.items()}
        ids = {key: text for key, text in given.items() if text}
        if len(ids) < len(given):
            raise wrong_type(
                ", ".join(self.ids.values()), "an id of a listed segment is neither text nor number", where
            )
        size = find(item, self.size) if self.size else None
        name = as_text(take(item, self.name, where)) or ""
        count = None if size is None else whole_number(size, self.size or "", where)
        return Listed({**outer, **ids}, name, count, self._state(item, where))

    def _state(self, item: Any, where: str) -> State | None:
        """The state of a listed segment; None where the listing does not tell."""
        if self.computing is not None and self.computing.holds(item, where):
            return "computing"
        if self.archived is not None and self.archived.holds(item, where):
            return "archived"
        if self.inactive is not None and self.inactive.holds(item, where):
            return "inactive"
        return "ready" if self.computing or self.archived or self.inactive else None

    def _extras(self, document: Any, where: str) -> dict[str, Any]:
        found = {}
        for name, extra in self.paging.extras().items():
            value = find(document, extra.path)
            if value is None:
                value = self._nothing(document, extra.path, where, absent=extra.absent)
            found[name] = value
        return found

    @staticmethod
    def _nothing(document: Any, path: str, where: str, *, absent: bool) -> Any:
        """Tells an absent value (UNSET) from one that is null (None)."""
        try:
            return take(document, path, where)
        except PlatformError:
            if absent:
                return UNSET
            raise missing(path, path, where) from None
