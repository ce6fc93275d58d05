"""A job: how it is submitted, started and waited for, without I/O. All durations are in seconds.

A submission whose outcome is unknown is not repeated: it may cost quota, or be refused because the first one runs.
"""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from remote_segments.errors import PlatformError, TemporaryError
from remote_segments.explanations import refusal
from remote_segments.rest.decoding import decode_document
from remote_segments.rest.endpoint import Endpoint
from remote_segments.rest.messages import Base, Pause, Request, Response
from remote_segments.rest.paths import Path, find, take, wrong_type
from remote_segments.rest.refusals import as_text
from remote_segments.rest.wording import without_people
from remote_segments.settings import Settings, Texts

JOB = "job"
"""Placeholder for the job's id, in what comes after its submission."""

UNKNOWN = frozenset({"timeout", "answer-cut", "connection-failed", "platform-unavailable"})
"""Codes after which nobody knows whether the call was carried out."""

POLLS = 10
"""Calls that waiting for one job is estimated at."""

Statuses = Annotated[
    tuple[Annotated[int, Field(ge=100, le=599)], ...],
    BeforeValidator(
        lambda value: [value] if isinstance(value, str | int) else value, json_schema_input_type=int | tuple[int, ...]
    ),
]
"""One HTTP status or several."""

Steps = Generator[Request | Pause, Any, "Done"]


@dataclass(frozen=True, slots=True)
class Done:
    """A job that is done: the answer that said so, the address that gave it, and what placeholders stand for now."""

    document: Any
    address: str
    values: Mapping[str, str] = field(default_factory=dict)


class Wait(Settings):
    """How long to wait for something that a platform makes, and between two looks."""

    not_ready: Statuses = Field((), description="HTTP statuses that mean: not yet.", examples=[[403, 404]])
    every: float = Field(10.0, gt=0, description="Seconds between two looks.")
    deadline: float = Field(3600.0, gt=0, description="Seconds after which it is given up.")


class Submission(Endpoint):
    """A call that makes the platform do something, also where it is a GET."""

    again: Literal["never", "harmless"] = Field(
        "never", description="Whether it may be sent twice when nobody knows whether the first arrived."
    )

    @model_validator(mode="after")
    def _one_word(self) -> "Submission":
        if self.repeatable is not None:
            raise ValueError("whether it may be sent twice is said by `again`")
        return self

    def sent(self, base: Base, values: Mapping[str, str], where: str) -> Generator[Request, Response, Response]:
        """Yields the call and returns its answer.

        Raises:
            TemporaryError: `export-unknown` when nobody knows whether it arrived.
        """
        request = self.request(self.call(base, values), where)
        try:
            return (yield replace(request, repeatable=self.again == "harmless"))
        except TemporaryError as error:
            if error.code not in UNKNOWN or self.again == "harmless":
                raise
            found = f"Nobody knows whether the platform took the job: {error.problem.found}"
            fix = "It was not sent twice. The next refresh submits a new one, which may be refused while one runs."
            raise TemporaryError("export-unknown", found, fix, error.problem.where) from error


class Submit(Submission):
    """The call that submits the job."""

    job: Path | None = Field(None, description="Path of the job's id in its answer; {job} stands for it afterwards.")


class Poll(Wait, Endpoint):
    """The call that asks whether the job is done: by a status of HTTP, by a value in its answer, or both."""

    status: Path | None = Field(None, description="Path of the value that says how far it is.")
    pending: Texts = Field((), description="Values that mean: not yet.", examples=[["queued", "running"]])
    done: Texts = Field((), description="Values that mean: done.", examples=[["completed"]])
    failed: Texts = Field((), description="Values that mean: it will never be done.", examples=[["failed"]])
    failed_at: Path | None = Field(None, description="Path where something stands only when a pending job has failed.")
    reason: Path | None = Field(None, description="Path of the platform's sentence about a failure.")

    @model_validator(mode="after")
    def _tells(self) -> "Poll":
        if (self.status is None) == bool(self.done):
            raise ValueError("`status` and the values that mean `done` are written together")
        if self.status is None and (self.pending or self.failed):
            raise ValueError("`pending` and `failed` are values of `status`")
        if self.status is None and not self.not_ready:
            found = "Nothing says whether the job is done."
            raise refusal("end-unprovable", found, "Write not_ready, or status with the values that mean done.")
        words = [*self.pending, *self.done, *self.failed]
        if len(set(words)) < len(words):
            raise ValueError("one value cannot mean two things")
        return self

    def waited(self, base: Base, values: Mapping[str, str], where: str) -> Steps:
        """Yields calls and waits until the job is done.

        Raises:
            TemporaryError: `export-failed`, `export-not-ready`, or the last failure of a look when time is over.
            PlatformError: `export-status-unknown`, `path-missing`, `not-json`.
        """
        request = self.request(self.call(base, values), where, names_segment=False)
        request = replace(request, accepted=frozenset(self.not_ready))
        end = (yield Pause()) + self.deadline
        while True:
            failure = None
            try:
                response = yield request
            except TemporaryError as error:  # one look that fails is no reason to give up a job
                failure = error
            else:
                document = self._document(response, where)
                if document is not None:
                    return Done(document, request.url, values)
            now = yield Pause(self.every)
            if now > end:
                raise failure or not_ready("The job is not done", self.deadline, where)

    def _document(self, response: Response, where: str) -> Any:
        """Returns the answer of a job that is done, None for one that is not."""
        if response.status in self.not_ready:
            return None
        document = decode_document(response, where)
        if self.status is None:
            return document
        value = as_text(take(document, self.status, where))
        if value in self.failed or (value in self.pending and self.failed_at and find(document, self.failed_at)):
            raise self._failed(document, where)
        if value in self.pending:
            return None
        if value not in self.done:
            found = f"The job's status at `{self.status}` is none that the manifest knows."
            fix = "Nothing was stored. Add the value to pending, done or failed in the manifest."
            raise PlatformError("export-status-unknown", found, fix, where)
        return document

    def _failed(self, document: Any, where: str) -> TemporaryError:
        said = as_text(find(document, self.reason)) if self.reason else None
        reason = f": {without_people(said)}" if said else ""
        fix = "Nothing was stored. The next refresh submits a new one; look into the tool if it lasts."
        return TemporaryError("export-failed", f"The platform says that the job failed{reason}.", fix, where)


class Job(Settings):
    """What a platform does on request before members can be read, and how it says that it is done."""

    submit: Submit = Field(description="The call that submits the job, and where its id is.")
    start: Submission | None = Field(None, description="A second call, for platforms that start it separately.")
    poll: Poll | None = Field(None, description="The call that asks whether it is done; left out, nothing tells that.")
    gives: dict[str, Path] = Field(
        default_factory=dict,
        description="Placeholders for what comes afterwards: name, and path of its value in the answer that says done.",
    )

    @model_validator(mode="after")
    def _order(self) -> "Job":
        late = {*self.gives, JOB}
        early = late & set(self.submit.placeholders())
        if early:
            raise ValueError(f"{{{sorted(early)[0]}}} is not known before the job is submitted")
        if JOB in self.gives:
            raise ValueError(f"{{{JOB}}} is the job's id, whose path is `submit.job`")
        return self

    def given(self) -> Iterator[str]:
        """Yields the placeholders that it fills."""
        yield from self.gives
        if self.submit.job is not None:
            yield JOB

    def placeholders(self) -> Iterator[str]:
        """Yields the names that its calls use."""
        for call in (self.submit, self.start, self.poll):
            yield from call.placeholders() if call is not None else ()

    def calls(self) -> int:
        """Returns the calls that one job is estimated at."""
        return 1 + (self.start is not None) + (POLLS if self.poll is not None else 0)

    def flow(self, base: Base, values: Mapping[str, str], where: str) -> Steps:
        """Yields calls and waits, returns the job that is done.

        Raises:
            TemporaryError: `export-unknown`, `export-failed`, `export-not-ready`.
            PlatformError: `export-status-unknown`, `path-missing`, `wrong-type`, `not-json`.
        """
        call = self.submit.call(base, values)
        document = decode_document((yield from self.submit.sent(base, values, where)), where)
        if self.submit.job is not None:
            values = {**values, JOB: _text(document, self.submit.job, where)}
        if self.start is not None:
            yield from self.start.sent(base, values, where)
        return (yield from self.renewed(Done(document, call.url(), values), base, where))

    def renewed(self, done: Done, base: Base, where: str) -> Steps:
        """Asks, once more, about a job that was submitted: links hold for a while only."""
        if self.poll is not None:
            done = yield from self.poll.waited(base, done.values, where)
        more = {name: _text(done.document, path, where) for name, path in self.gives.items()}
        return replace(done, values={**done.values, **more})


def not_ready(what: str, deadline: float, where: str) -> TemporaryError:
    """Returns the error for something that did not come in time."""
    found = f"{what} after {deadline:,.0f} seconds."
    fix = "Nothing was stored. The next refresh tries again; raise deadline in the manifest if it always takes longer."
    return TemporaryError("export-not-ready", found, fix, where)


def _text(document: Any, path: Path, where: str) -> str:
    text = as_text(take(document, path, where))
    if not text:
        raise wrong_type(path, "neither text nor number", where)
    return text
