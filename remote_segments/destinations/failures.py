"""How sending a batch fails, told apart by the one thing that matters: whether any of it may have arrived.

Whatever else is raised by `send` was raised before anything arrived: nothing of the batch was carried out.
"""

from remote_segments.errors import PlatformError, TemporaryError


class BatchRefused(PlatformError):  # noqa: N818 - it names what happened to a batch
    """The platform refused a batch as a whole because of what is in it: halve it until the bad member is alone.

    Raised also where some of a batch was refused and the platform does not say who: only for verbs that are
    idempotent, so that the halves may be sent again.
    """


class OutcomeUnknown(TemporaryError):  # noqa: N818 - it names what is known of a batch
    """The call was sent and no answer came (cut connection, timeout, an error of the server): nobody knows."""


class AnswerUnread(PlatformError):  # noqa: N818 - it names what is known of a batch
    """The platform answered, and the answer is not what the manifest says: its outcomes are unknown.

    The next batch would end the same way: sending stops until the manifest is right.
    """


UNSETTLED = (OutcomeUnknown, AnswerUnread)
"""What `except` names: all members of the batch stay `unknown` until they are reconciled."""
