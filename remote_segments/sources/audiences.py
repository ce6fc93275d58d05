"""How a platform gives the audiences that teams ask for most, in sentences for people."""

from collections.abc import Iterator

from pydantic import Field

from remote_segments.settings import Settings


class Audiences(Settings):
    """The four typical audiences: what to build in the tool so that it can be read, or that it cannot."""

    opened_or_clicked: str = Field(description="Who opened or clicked a campaign lately.")
    journey_step: str = Field(description="Who is in a given step of a journey, flow or automation.")
    did_not_respond: str = Field(description="Who was sent something last, and did not respond.")
    cohort: str = Field(description="Who is in one branch of an A/B test, or in a holdout.")

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Yields each audience in words, and how to get it."""
        for name, field in type(self).model_fields.items():
            yield (field.description or name).removesuffix("."), str(getattr(self, name))
