"""What one kind of identifier is: the rules that make two spellings of it the same, as data and as plain Python.

The rules are data, so that a warehouse's engine can follow them (`membership/normalisation.py`); the Python here is the
reference that judges it. What exists in Python only, domains outside ASCII and national telephone numbers, the engine
looks up in a table of spellings that this Python filled.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version

from remote_segments.identifiers.address import with_ascii_domain, without_dots, without_tag
from remote_segments.identifiers.folding import BLANKS, folded
from remote_segments.identifiers.options import NO_OPTIONS, Options
from remote_segments.identifiers.telephone import international


@dataclass(frozen=True)
class Kind:
    """One kind of identifier: its name, and the steps from what was written to what is compared, in this order."""

    name: str
    description: str
    trim: bool = True
    """Remove `BLANKS` at both ends of the value that is compared; a value of nothing but blanks is always invalid."""
    pattern: str | None = None
    """A regular expression that Python, DuckDB and Postgres read alike, and that matches no character of `BLANKS`.

    A value that it does not match from end to end, once trimmed, is invalid; of a telephone number, not yet E.164.
    """
    nfc: bool = False
    """Compose characters (Unicode normal form C): an accent typed apart equals the accented letter."""
    fold: bool = False
    """Replace upper-case letters by those of `FOLDING`."""
    nothing: str = ""
    """Characters: a value of nothing but these and blanks stands for nothing, and is invalid (`0`, `000-000`)."""
    placeholders: tuple[str, ...] = ()
    """Whole values that stand for nothing, and are invalid."""
    dropped: str = ""
    """Characters left out wherever they are."""
    idna: bool = False
    """Write a domain with letters outside ASCII as the name system does."""
    telephone: bool = False
    """Write a number that does not match `pattern` as E.164, where it can be."""
    options: tuple[str, ...] = ()
    """Names of the `Options` that this kind takes."""
    chosen: Options = NO_OPTIONS
    """The options that a segment sets."""
    digest: str | None = None
    """The hash that the platform gives instead of the identifier; then values are hexadecimal digits."""
    of: "Kind | None" = None
    """The kind of which it is the hash."""

    def ruled(self, options: Options) -> "Kind":
        """The same kind with a segment's options; of a hash, those of the identifier that was hashed."""
        if options == self.chosen:
            return self
        of = self.of.ruled(options) if self.of else None
        return replace(self, chosen=options, of=of)

    @property
    def opaque(self) -> bool:
        """Whether a value says nothing by its shape, so that two systems may give the same one to different people."""
        return self.pattern is None

    @property
    def beyond_sql(self) -> bool:
        """Whether some values can only be normalised in Python."""
        return self.idna or self.telephone

    @property
    def rule(self) -> str:
        """The rules in a line, the release of the library included: the same line, the same results."""
        library = "phonenumbers" if self.telephone else "idna"
        release = f"{library} {version(library)}" if self.beyond_sql else ""
        return " ".join(filter(None, (self.name, str(self.chosen), release)))

    @cached_property
    def _compiled(self) -> re.Pattern[str] | None:
        return re.compile(self.pattern) if self.pattern else None

    def normalise(self, text: str | None) -> str | None:
        """Returns what is compared; None when the value cannot identify anybody.

        Args:
            text: the value as the platform or the model gives it, None for null.
        """
        trimmed = "" if text is None else text.strip(BLANKS)
        if text is None or not trimmed:
            return None
        if self._compiled and not self._compiled.fullmatch(trimmed):
            return international(trimmed, self.chosen.region) if self.telephone else None
        value = trimmed if self.trim else text
        if self.nfc:
            value = unicodedata.normalize("NFC", value)
        if self.fold:
            value = folded(value)
        value = value.removeprefix(self.chosen.prefix or "")
        if not value.strip(BLANKS + self.nothing) or value.strip(BLANKS) in self.placeholders:
            return None
        return self._shortened(value)

    def _shortened(self, value: str) -> str:
        """Leaves out what does not tell two identifiers apart."""
        width = self.chosen.zero_padded or 0
        if width and re.fullmatch("[0-9]+", value):
            value = value.rjust(width, "0")
        for character in self.dropped:
            value = value.replace(character, "")
        if self.idna:
            value = with_ascii_domain(value)
        if self.chosen.plus_addresses:
            value = without_tag(value, self.chosen.plus_addresses)
        return without_dots(value, self.chosen.dots) if self.chosen.dots else value
