"""Members who come on the pages of a membership, and do not belong to it: told by a value, left out, and counted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import Field, model_validator

from remote_segments.errors import PlatformError
from remote_segments.rest.decoding import DECIDING
from remote_segments.rest.paths import Path
from remote_segments.rest.placeholders import Templates, fill, names
from remote_segments.settings import Settings, Texts
from remote_segments.sources.members import Page


class Where(Settings):
    """The value that decides who of those on a page is a member; a value that is not known is an error."""

    path: Path = Field(description="Path of the value within the member.", examples=["status"])
    keep: Templates = Field(
        min_length=1,
        description="Values of members, as JSON writes them without quotes; {name} stands for an id of the source.",
        examples=[["enabled"]],
    )
    of: Texts = Field(
        min_length=2,
        description="All values that there are, those of `keep` included; any other is an error.",
        examples=[["enabled", "disabled", "blocklisted"]],
    )

    @model_validator(mode="after")
    def _closed(self) -> "Where":
        unknown = [text for text in self.keep if not names(text) and text not in self.of]
        if unknown:
            raise ValueError(f"`{unknown[0]}` of keep is not one of the values of `of`")
        if set(self.of) <= set(self.keep):
            raise ValueError("`keep` has all values of `of`, so that nobody is left out")
        return self

    def placeholders(self) -> Iterator[str]:
        """Yields the names that its values use."""
        for text in self.keep:
            yield from names(text)


@dataclass
class Sieve:
    """Leaves out of one membership who does not belong to it, and counts them."""

    where: Where | None
    values: Mapping[str, str]  # what placeholders stand for
    place: str  # manifest and block, for messages
    seen: int = 0
    left_out: int = 0

    def kept(self, page: Page) -> Page:
        """Returns a page without those who are no members.

        Raises:
            PlatformError: `value-unknown`.
        """
        if self.where is None:
            return page
        columns = dict(page.columns)
        deciding = columns.pop(DECIDING)
        known = dict.fromkeys(self.where.of, False) | {fill(text, self.values): True for text in self.where.keep}
        unknown = set(deciding) - set(known)
        if unknown:
            found = (
                f"`{self.where.path}` of a member is none of the values that the manifest knows; {len(unknown):,} new."
            )
            fix = "Nothing was stored. Add it to `where.of` in the manifest, and to `keep` if it is that of members."
            raise PlatformError("value-unknown", found, fix, self.place)
        belongs = [known[value or ""] for value in deciding]
        self.seen, self.left_out = self.seen + page.length, self.left_out + belongs.count(False)
        if all(belongs):
            return Page(columns, page.joined_at, page.length)
        kept = [place for place, one in enumerate(belongs) if one]
        joined = None if page.joined_at is None else [page.joined_at[place] for place in kept]
        return Page({name: [column[place] for place in kept] for name, column in columns.items()}, joined, len(kept))

    def words(self) -> str:
        """Returns what was left out, for the words of a proof; empty where nothing can be."""
        if self.where is None:
            return ""
        return f"; {self.left_out:,} of {self.seen:,} left out, by their `{self.where.path}`"
