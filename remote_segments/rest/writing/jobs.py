"""A batch whose outcome a job decides later, and the call that asks for it."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from pydantic import Field, model_validator

from remote_segments.destinations.batches import OTHER_REASON
from remote_segments.errors import PlatformError
from remote_segments.rest.decoding import decode_document
from remote_segments.rest.endpoint import Endpoint
from remote_segments.rest.export.job import Statuses
from remote_segments.rest.messages import Request, Response
from remote_segments.rest.paging.turns import Call
from remote_segments.rest.paths import Path, take
from remote_segments.rest.refusals import as_text
from remote_segments.rest.writing.doubts import partly_refused
from remote_segments.rest.writing.telling import Sent, Telling, Whole
from remote_segments.rest.writing.verdicts import Told
from remote_segments.settings import Settings, Texts

JOB_FAILED = "job-failed"
"""Reason of a rejection: the platform gave up the job that held the member."""


class Asking(Endpoint):
    """The call that asks whether a job is done; {job} stands for its id."""

    status: Path | None = Field(None, description="Path of the value that says how far it is.")
    pending: Texts = Field((), description="Values that mean: not yet.", examples=[["queued", "processing"]])
    done: Texts = Field((), description="Values that mean: done.", examples=[["complete"]])
    failed: Texts = Field((), description="Values that mean: it will never be done; its members are tried again later.")
    partly: Texts = Field(
        (), description="Values that mean: done, and some members were refused without a word about which."
    )
    not_ready: Statuses = Field((), description="HTTP statuses that mean: not yet.")
    every: float = Field(10.0, gt=0, description="Seconds between two looks.")
    deadline: float = Field(86_400.0, gt=0, description="Seconds after which its members count as unknown.")
    answer: Telling = Field(
        default=Whole(), description="How the answer of a job that is done says what became of all."
    )

    @model_validator(mode="after")
    def _tells(self) -> "Asking":
        if self.status is None or not self.done:
            raise ValueError("`status` says how far it is, and `done` which values mean that it is over")
        words = [*self.pending, *self.done, *self.failed, *self.partly]
        if len(set(words)) < len(words):
            raise ValueError("one value cannot mean two things")
        return self

    def asked(self, call: Call, sent: Sent) -> Generator[Request, Response, list[Told] | None]:
        """Yields the call, is sent the answer, returns the outcomes; None for a job that is not done.

        Raises:
            BatchRefused: `batch-partly-refused`.
            PlatformError: `job-status-unknown`, `path-missing`, `wrong-type`, `not-json`, `outcome-missing`.
        """
        request = replace(self.request(call, sent.where, names_segment=False), accepted=frozenset(self.not_ready))
        response = yield request
        if response.status in self.not_ready:
            return None
        document: Any = decode_document(response, sent.where)
        value = as_text(take(document, self.status or "", sent.where))
        if value in self.pending:
            return None
        if value in self.failed:
            return [("rejected", JOB_FAILED, False)] * sent.length
        if value in self.partly and sent.length == 1:
            return [("rejected", OTHER_REASON, False)]
        if value in self.partly:
            raise partly_refused(1, sent.length, sent.where)
        if value not in self.done:
            found = f"The job's status at `{self.status}` is none that the manifest knows."
            fix = "Add the value to pending, done or failed in the manifest."
            raise PlatformError("job-status-unknown", found, fix, sent.where)
        return self.answer.read(document, sent)


class Later(Settings):
    """That the answer to a call names a job."""

    id: Path = Field(description="Path of the job's id in the answer; {job} stands for it afterwards.")
    ask: Asking = Field(description="The call that asks whether it is done.")
