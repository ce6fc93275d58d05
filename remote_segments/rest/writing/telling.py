"""How the answer to a call says what became of its members: all alike, one by one, by name, or when a job is done.

A path that is not there is an error, never an acceptance: an answer that names only those it rejected must also count
those it took, or have the place where they would be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from remote_segments.destinations.batches import OTHER_REASON
from remote_segments.errors import PlatformError
from remote_segments.rest.counting import whole_number
from remote_segments.rest.paths import Path, entries, find, take
from remote_segments.rest.writing.doubts import partly_refused
from remote_segments.rest.writing.verdicts import ACCEPTED, Reasons, Told, Verdict, ids_at
from remote_segments.settings import Settings, Texts


@dataclass(frozen=True)
class Sent:
    """The members of one call: how many, and each by its identifiers as they went out, in order."""

    length: int
    identifiers: Mapping[str, Sequence[str | None]]
    where: str

    def places(self, name: str | None) -> dict[str, list[int]]:
        """Returns where each value of an identifier is; the case is ignored, since platforms write addresses lower."""
        if name is None and len(self.identifiers) == 1:
            (name,) = self.identifiers
        found: dict[str, list[int]] = {}
        for place, value in enumerate(self.identifiers.get(name or "", ())):
            if value is not None:
                found.setdefault(value.lower(), []).append(place)
        return found


class Whole(Settings):
    """All members of a call come to the same; the platform may count them."""

    kind: Literal["whole"] = "whole"
    taken: Path | None = Field(None, description="Path of the number of members that were taken, which must be all.")
    refused: Path | None = Field(None, description="Path of the number of members that were refused, which must be 0.")
    errors: Path | None = Field(
        None, description="Path where something stands only when some were refused; it may be absent beside `taken`."
    )

    @model_validator(mode="after")
    def _provable(self) -> "Whole":
        if self.errors is not None and self.taken is None:
            raise ValueError("`errors` may be absent: without `taken` a misspelt path would look like success")
        return self

    def read(self, document: Any, sent: Sent) -> list[Told]:
        """Returns the outcomes.

        Raises:
            BatchRefused: `batch-partly-refused` where some were refused.
            PlatformError: `path-missing`, `wrong-type`.
        """
        refused = 0
        if self.refused is not None:
            refused = whole_number(take(document, self.refused, sent.where), self.refused, sent.where)
        if self.taken is not None:
            taken = whole_number(take(document, self.taken, sent.where), self.taken, sent.where)
            refused = max(refused, sent.length - taken)
        if self.errors is not None and find(document, self.errors):
            refused = refused or 1
        if not refused:
            return [ACCEPTED] * sent.length
        if sent.length == 1:
            return [("rejected", OTHER_REASON, False)]
        raise partly_refused(refused, sent.length, sent.where)

    def needs_document(self) -> bool:
        """Tells whether the body of the answer is read."""
        return self.taken is not None or self.refused is not None


class Each(Verdict):
    """One entry per member, in the order in which they were sent, or each with its identifier."""

    kind: Literal["each"]
    at: Path | None = Field(None, description="Path of their array; left out when it is the whole answer.")
    id: Path | None = Field(
        None, description="Path of the member's identifier within an entry; left out, entries are in the order sent."
    )
    by: str | None = Field(None, description="Which identifier that is, where several are sent.")

    @model_validator(mode="after")
    def _judged(self) -> "Each":
        if self.status is None:
            raise ValueError("`status` says what became of the member of an entry")
        return self

    def read(self, document: Any, sent: Sent) -> list[Told]:
        """Returns the outcomes.

        Raises:
            PlatformError: `outcome-missing` where a member has no entry; `outcome-foreign`, `path-missing`.
        """
        here = entries(document, self.at, sent.where, lenient=False, keyed=False)
        if self.id is None:
            if len(here) != sent.length:
                raise lacking(sent.length - len(here), sent)
            return [self.judge(entry, sent.where) for entry in here]
        told: dict[int, Told] = {}
        places = sent.places(self.by)
        for entry in here:
            for name in ids_at(entry, self.id, sent.where):
                for place in known(name, places, sent):
                    told[place] = self.judge(entry, sent.where)
        if len(told) < sent.length:
            raise lacking(sent.length - len(told), sent)
        return [told[place] for place in range(sent.length)]

    def needs_document(self) -> bool:
        """Tells whether the body of the answer is read."""
        return True


class Among(Verdict):
    """An array of an answer, or an object with one entry under each identifier, that names some of the members."""

    at: Path | None = Field(None, description="Path of the array or object; left out when it is the whole answer.")
    keyed: bool = Field(False, description="Whether it is an object whose keys are the identifiers.")
    beside: Texts = Field((), description="Keys of that object that are no members.", examples=[["http_etag"]])
    ids: Path | None = Field(
        None, description="Path of the identifier, or of an array of them, in an entry; left out when it is the entry."
    )
    number: Path | None = Field(
        None, description="Path of the member's number in the call, from 0, where entries have that in place of an id."
    )
    outcome: Literal["accepted", "rejected"] = Field(
        "rejected", description="What became of those it names, unless `status` says it of each."
    )
    by: str | None = Field(None, description="Which identifier names them here, where several are sent.")
    code: str | None = Field(None, description="Code of those it names as rejected, where their entries have none.")
    absent: Literal["error", "empty"] = Field("error", description="What it means when the array is not there.")

    @model_validator(mode="after")
    def _names(self) -> "Among":
        if sum((self.keyed, self.ids is not None, self.number is not None)) > 1:
            raise ValueError("members are named by keys, by `ids` or by `number`, one of them")
        return self

    def read(self, document: Any, sent: Sent, by: str | None) -> dict[int, Told]:
        """Returns the outcomes of those it names, by their places.

        Raises:
            PlatformError: `path-missing`, `wrong-type`, `outcome-foreign`, `outcome-unknown-value`.
        """
        told: dict[int, Told] = {}
        places = sent.places(self.by or by) if self.number is None else {}
        for name, entry in self._named(document, sent):
            for place in [int(name)] if self.number is not None else known(name, places, sent):
                if place >= sent.length:
                    raise foreign(sent)
                told[place] = self._said(entry, sent)
        return told

    def _said(self, entry: Any, sent: Sent) -> Told:
        code = self.code or OTHER_REASON
        if self.accepted:
            return self.judge(entry, sent.where, code)
        return ACCEPTED if self.outcome == "accepted" else self.rejected(entry, code)

    def _named(self, document: Any, sent: Sent) -> Sequence[tuple[str, Any]]:
        if self.absent == "empty" and self.at is not None and find(document, self.at) is None:
            return []
        if self.keyed:
            found = take(document, self.at, sent.where) if self.at is not None else document
            if not isinstance(found, dict):
                return self._empty(found, sent)
            return [(name, entry) for name, entry in found.items() if name not in self.beside]
        here = entries(document, self.at, sent.where, lenient=False, keyed=False)
        path = self.number or self.ids
        return [(name, entry) for entry in here for name in ids_at(entry, path, sent.where)]

    def _empty(self, found: Any, sent: Sent) -> Sequence[tuple[str, Any]]:
        if found == []:  # PHP writes an empty object as an empty array
            return []
        fix = "Correct the path or `keyed` in the manifest; the platform may have changed its answer."
        raise PlatformError(
            "wrong-type", f"At `{self.at or 'the whole answer'}` is no object of entries.", fix, sent.where
        )


class Named(Settings):
    """Arrays that name those who were taken, those who were not, or both."""

    kind: Literal["named"]
    lists: tuple[Among, ...] = Field(min_length=1, description="The arrays.")
    others: Literal["accepted", "rejected", "error"] = Field(
        "error", description="What became of members whom none of them names."
    )
    taken: Path | None = Field(None, description="Path of the number of members that were taken, which must agree.")
    by: str | None = Field(None, description="Which identifier names them, where several are sent.")

    @model_validator(mode="after")
    def _provable(self) -> "Named":
        lenient = [one.at for one in self.lists if one.absent == "empty"]
        if lenient and self.others == "accepted" and self.taken is None:
            raise ValueError(
                f"`{lenient[0]}` may be absent: without `taken` a misspelt path would make everybody accepted"
            )
        return self

    def read(self, document: Any, sent: Sent) -> list[Told]:
        """Returns the outcomes.

        Raises:
            PlatformError: `outcome-missing` where a member is named nowhere or the count disagrees; `outcome-foreign`.
        """
        told: dict[int, Told] = {}
        for one in self.lists:
            told |= one.read(document, sent, self.by)
        if len(told) < sent.length and self.others == "error":
            raise lacking(sent.length - len(told), sent)
        rest: Told = ACCEPTED if self.others == "accepted" else ("rejected", OTHER_REASON, False)
        outcomes = [told.get(place, rest) for place in range(sent.length)]
        if self.taken is not None:
            taken = whole_number(take(document, self.taken, sent.where), self.taken, sent.where)
            if taken != sum(outcome == "accepted" for outcome, _, _ in outcomes):
                raise lacking(abs(taken - sum(outcome == "accepted" for outcome, _, _ in outcomes)), sent)
        return outcomes

    def needs_document(self) -> bool:
        """Tells whether the body of the answer is read."""
        return True


class Refused(Reasons):
    """Refusals of a call about one member that say what is wrong with this member."""

    statuses: tuple[Annotated[int, Field(ge=200, le=499)], ...] = Field(
        (400, 422),
        description="HTTP statuses of such refusals, 200 among them where `refusals` tells them from success; others "
        "are about the call, the key or the list.",
    )


Telling = Annotated[
    Whole | Each | Named,
    Field(discriminator="kind"),
    BeforeValidator(
        lambda value: {"kind": value} if isinstance(value, str) else value,
        json_schema_input_type=Literal["whole"] | Whole | Each | Named,
    ),
]
"""One way in which an answer says it."""


def known(name: str, places: Mapping[str, list[int]], sent: Sent) -> list[int]:
    """Returns where a member is whom an answer names.

    Raises:
        PlatformError: `outcome-foreign`.
    """
    found = places.get(name.lower())
    if found is None:
        raise foreign(sent)
    return found


def foreign(sent: Sent) -> PlatformError:
    """Returns the error for an answer about somebody who was not sent."""
    fix = "Correct `by` or the paths of `answer` in the manifest; the platform may have changed its answer."
    return PlatformError("outcome-foreign", "The answer names a member who was not sent.", fix, sent.where)


def lacking(number: int, sent: Sent) -> PlatformError:
    """Returns the error for an answer that does not say what became of everybody."""
    found = f"The answer does not say what became of {abs(number):,} of {sent.length:,} members, or counts others."
    fix = "Compare `answer` in the manifest with the platform's documentation."
    return PlatformError("outcome-missing", found, fix, sent.where)
