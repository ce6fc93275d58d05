"""Requests and answers as a platform documents them, with marks."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from remote_segments.settings import Settings, text_as


class Call(Settings):
    """A request as it is documented."""

    url: str = Field(description="The whole address, with marks.")
    method: str = Field("GET", description="HTTP method.")
    headers: dict[str, str] = Field(default_factory=dict, description="Headers that it must have.")
    body: Any = Field(None, description="The JSON of its body, or the pairs of a form.")


AnyCall = Annotated[Call, text_as("url", Call)]
"""A request; one that is only an address is a GET of it."""


class Answer(Settings):
    """An answer as it is documented."""

    model_config = ConfigDict(populate_by_name=True)

    status: int = Field(200, description="HTTP status.")
    headers: dict[str, str] = Field(default_factory=dict, description="Headers that matter.")
    document: Any = Field(None, alias="json", description="The JSON of its body.")
    text: str | None = Field(None, description="Its body where that is no JSON.")
    packed: Literal["none", "gzip", "zip"] = Field("none", description="How the file that is its body is packed.")

    @property
    def body(self) -> Any:
        """The body with its marks: a document, or a text."""
        return self.document if self.text is None else self.text

    @property
    def media_type(self) -> str:
        """What kind of body it is."""
        given = {name.lower(): value for name, value in self.headers.items()}.get("content-type")
        return given or ("application/json" if self.text is None else "text/html")


class Exchange(Settings):
    """One request and its answer."""

    request: AnyCall = Field(description="What is asked.")
    response: Answer = Field(description="What is answered.")


class Step(Exchange):
    """One call of a job, before its files are there; asked again, it may be answered otherwise."""

    pending: Answer | None = Field(
        None, description="The answer while the job runs; it is given once, then `response`."
    )
    failed: Answer | None = Field(None, description="The answer when the job has failed.")
