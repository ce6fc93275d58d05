"""A call that tells nothing but how many members a segment has, in its answer or in a header of it."""

from pydantic import Field, model_validator

from remote_segments.rest.decoding import decode_document
from remote_segments.rest.endpoint import Endpoint
from remote_segments.rest.messages import Response
from remote_segments.rest.paths import Path, take, wrong_type


class Count(Endpoint):
    """A second call that tells the size."""

    size: Path | None = Field(
        None, description="Path of the number of members; left out when the whole answer is the number."
    )
    header: str | None = Field(
        None,
        description="Header that holds the number instead; `method: HEAD` then asks for the headers alone.",
        examples=["Total-Objects"],
    )

    @model_validator(mode="after")
    def _one_place(self) -> "Count":
        if self.size is not None and self.header is not None:
            raise ValueError("a count is at a path or in a header, not both")
        return self

    def reads_headers(self) -> bool:
        """Tells whether the headers of the answer suffice."""
        return self.header is not None

    def read(self, response: Response, where: str) -> int:
        """Returns the number of members.

        Raises:
            PlatformError: `path-missing`, `wrong-type`, `not-json`.
        """
        if self.header is not None:
            return whole_number((response.header(self.header) or "").strip(), f"header {self.header}", where)
        document = decode_document(response, where)
        value = take(document, self.size, where) if self.size else document
        return whole_number(value, self.size or "the whole answer", where)


def whole_number(value: object, path: str, where: str) -> int:
    """Returns a count, which some platforms write as text.

    Raises:
        PlatformError: `wrong-type`.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    raise wrong_type(path, "no whole number", where)
