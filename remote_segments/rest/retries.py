"""When a call is tried again and after how long: full jitter, unless the platform names the wait itself.

Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/. All durations are in seconds.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from remote_segments.rest.messages import Response
from remote_segments.settings import Settings


def _names_seconds(pattern: str) -> str:
    if pattern.count("{seconds}") != 1:
        raise ValueError("the sentence holds {seconds} once, where the number stands")
    return pattern


class Retries(Settings):
    """How often a call is tried, and how long to wait between two tries."""

    attempts: int = Field(6, ge=1, le=20, description="Tries of one call, the first included.")
    first_wait: float = Field(
        1.0, gt=0, description="Seconds; the longest wait before the second try; doubled after each try."
    )
    longest_wait: float = Field(60.0, gt=0, description="Seconds; no wait of our own choice is longer.")
    wait_sentence: Annotated[str, AfterValidator(_names_seconds)] | None = Field(
        None,
        description="Sentence in the body of a refusal that names the wait, for platforms that may omit Retry-After.",
        examples=["Expected available in {seconds} second"],
    )

    def wait(self, tries: int, random: float) -> float:
        """Returns the seconds to wait after so many tries; `random` is between 0 and 1."""
        return random * min(self.longest_wait, self.first_wait * 2.0 ** (tries - 1))

    def named_wait(self, response: Response, now: datetime) -> float | None:
        """Returns the seconds that the platform asks to wait, or None where it does not say (RFC 9110, 10.2.3)."""
        header = response.header("retry-after")
        if header is not None:
            seconds = _seconds(header.strip(), now)
            if seconds is not None:
                return seconds
        if self.wait_sentence is not None:
            before, after = map(re.escape, self.wait_sentence.split("{seconds}"))
            match = re.search(before + r"(\d+(?:\.\d+)?)" + after, response.content[:10_000].decode(errors="replace"))
            return float(match[1]) if match else None
        return None


def _seconds(header: str, now: datetime) -> float | None:
    if re.fullmatch(r"\d+(\.\d+)?", header):
        return float(header)
    try:
        instant = parsedate_to_datetime(header)
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return max(0.0, (instant - now).total_seconds())
