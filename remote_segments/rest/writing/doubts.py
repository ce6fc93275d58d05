"""Errors of calls that change something, told by whether anything of a batch may have been carried out."""

from http import HTTPStatus

from remote_segments.destinations.failures import AnswerUnread, BatchRefused, OutcomeUnknown
from remote_segments.errors import PlatformError, RemoteSegmentsError

_RECONCILE = "It was not repeated blindly. The list is read to see who is in it, where the platform allows that."


def unknown(failure: RemoteSegmentsError) -> OutcomeUnknown:
    """Returns what is raised when a call may have been carried out and no answer says so."""
    found = f"Nobody knows whether the platform took the batch: {failure.problem.found}"
    return OutcomeUnknown("outcome-unknown", found, _RECONCILE, failure.problem.where)


def batch_refused(failure: RemoteSegmentsError, status: int) -> BatchRefused:
    """Returns what is raised when a call was refused for what is in it."""
    where = failure.problem.where
    found = f"The platform refused the batch as a whole: {failure.problem.found}"
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        fix = "It is sent again in halves; lower `most` or `bytes` in the manifest if this happens often."
        return BatchRefused("batch-too-large", found, fix, where)
    fix = "It is sent again in halves until the bad member is alone; if all are refused, compare the manifest."
    return BatchRefused("batch-refused", found, fix, where)


def too_large(size: int, allowed: int, where: str) -> BatchRefused:
    """Returns what is raised when a batch has more bytes than a call may have, and would need two jobs."""
    found = f"The call has {size:,} bytes, where {allowed:,} are allowed."
    return BatchRefused("batch-too-large", found, "It is sent again in halves.", where)


def partly_refused(refused: int, length: int, where: str) -> BatchRefused:
    """Returns what is raised when some of a batch were refused, and nobody says who."""
    found = f"The platform refused {refused:,} or more of {length:,} members and does not say which."
    return BatchRefused(
        "batch-partly-refused", found, "It is sent again in halves until the bad member is alone.", where
    )


def unread(failure: RemoteSegmentsError) -> AnswerUnread | OutcomeUnknown:
    """Returns what is raised when an answer came that does not say what the manifest reads of it."""
    problem = failure.problem
    if not isinstance(failure, PlatformError):  # it was cut
        return unknown(failure)
    return AnswerUnread(
        problem.code, problem.found, f"Sending stopped; outcomes are unknown. {problem.fix}", problem.where
    )
