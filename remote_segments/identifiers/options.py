"""What a segment's file may say about how one of its identifiers is compared; nothing of it by default."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Options:
    """Each is for some kinds only: see `Kind.options`."""

    prefix: str | None = None
    """What one of the two sides writes before the id: left out on both."""
    zero_padded: int | None = None
    """Digits to which shorter whole numbers are filled up with zeros on the left, on both sides."""
    region: str | None = None
    """The country of telephone numbers that are written as at home."""
    plus_addresses: tuple[str, ...] = ()
    """Domains at which the tag behind a plus sign is left out."""
    dots: tuple[str, ...] = ()
    """Domains at which dots before the @ are left out."""

    def __str__(self) -> str:
        """The options that are set, in words that are the same for the same options."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        shown = {name: ",".join(sorted(value)) if isinstance(value, tuple) else value for name, value in values.items()}
        return " ".join(f"{name}={value}" for name, value in shown.items() if value)


NO_OPTIONS = Options()
