"""Our errors as Dagster's: what a person must mend is not retried, what may heal by itself is."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import dagster as dg

from remote_segments.errors import EngineError, RemoteSegmentsError, TemporaryError, unexpected

RETRIES = dg.RetryPolicy(max_retries=3, delay=20, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.FULL)
"""For what may heal by itself. Quotas and single requests are already waited for and repeated below this level."""


heard: ContextVar[list[RemoteSegmentsError] | None] = ContextVar("remote_segments_failures", default=None)
"""Set by whoever runs several assets in one process and wants the errors themselves: Dagster keeps their texts."""


def failure_of(error: RemoteSegmentsError, *, allow_retries: bool = True) -> dg.Failure:
    """A failure with the message of the error, its code as metadata, retried only where waiting may help."""
    told, problem = heard.get(), error.problem
    if told is not None:
        told.append(error)
    metadata = {"code": problem.code, "what to do": problem.fix, "where": str(problem.where or "")}
    return dg.Failure(str(error), metadata=metadata, allow_retries=allow_retries and isinstance(error, TemporaryError))


@contextmanager
def translated(retries: dg.RetryPolicy | None) -> Iterator[None]:
    """Turns our errors into failures of the step; a pause that the platform asked for is kept.

    Of an error that is not ours only kind and place are told: Dagster would store its text, which may name a person.

    Raises:
        dagster.Failure: for every error.
        dagster.RetryRequested: where the platform said when to come back.
    """
    bug: EngineError | None = None
    try:
        yield
    except dg.DagsterError:
        raise
    except TemporaryError as error:
        if error.retry_after is not None and retries is not None:
            raise dg.RetryRequested(retries.max_retries, seconds_to_wait=error.retry_after) from error
        raise failure_of(error) from error
    except RemoteSegmentsError as error:
        raise failure_of(error) from error
    except Exception as error:
        bug = unexpected(error)
    if bug is not None:  # raised out here, so that the error itself is not chained and stored
        raise failure_of(bug) from bug
