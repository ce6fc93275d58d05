"""Time that passes only by waiting, and chance that never varies, so that every wait can be seen and none is lived."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass
class World:
    """What a platform is given instead of clocks and dice; all durations are in seconds."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)
    start: datetime = datetime(2026, 11, 24, 10, tzinfo=UTC)

    def clock(self) -> float:
        """Returns the seconds that have passed."""
        return self.seconds

    def now(self) -> datetime:
        """Returns the time of day, with its zone."""
        return self.start + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        """Lets the time pass, and notes for how long."""
        self.slept.append(seconds)
        self.seconds += seconds

    def random(self) -> float:
        """Returns 0, so that a wait is the shortest that may be chosen."""
        return 0.0
