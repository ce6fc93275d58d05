"""What one kind of identifier is: the rules that make two spellings of it the same, as data and as plain Python.

The rules are data, so that a warehouse's engine can follow them (`membership/normalisation.py`); the Python here is the
reference that judges it. It does not use `str.strip` or `str.lower`: those know more characters than the
engines do, and DuckDB, Postgres and Python each differ on U+00A0, U+2003, U+0130 and the final sigma.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

BLANKS = " \t\n\r\f\v\u00a0\u2003\u200b\ufeff"
"""Characters removed at both ends: what copying from a page, a sheet or a file leaves around an address."""

_FOLDED_BLOCKS = ((0x41, 0x5A), (0xC0, 0xDE), (0x100, 0x17F), (0x386, 0x3AB), (0x400, 0x42F))


def _folding() -> dict[str, str]:
    """Upper-case letters of Latin, Greek and Cyrillic with the one lower-case letter that each has.

    U+0130 (dotted I) is left alone: its lower case is two characters. Final sigma becomes sigma, so that a word
    typed in capitals meets the same word typed in lower case.
    """
    pairs = {"\u03c2": "\u03c3"}
    for first, last in _FOLDED_BLOCKS:
        for code in range(first, last + 1):
            letter, lower = chr(code), chr(code).lower()
            if len(lower) == 1 and lower != letter and unicodedata.normalize("NFC", letter) == letter:
                pairs[letter] = lower
    return pairs


FOLDING = _folding()
"""Every letter that folding changes; all others stay as they are, the same in every engine."""

_FOLDING_TABLE = str.maketrans(FOLDING)


@dataclass(frozen=True)
class Kind:
    """One kind of identifier: its name, and the steps from what was written to what is compared, in this order."""

    name: str
    description: str
    trim: bool = True
    """Remove `BLANKS` at both ends of the value that is compared; a value of nothing but blanks is always invalid."""
    nfc: bool = False
    """Compose characters (Unicode normal form C): an accent typed apart equals the accented letter."""
    fold: bool = False
    """Replace upper-case letters by `FOLDING`."""
    pattern: str | None = None
    """A regular expression that Python, DuckDB and Postgres read alike, and that matches no character of `BLANKS`.

    A value that it does not match from end to end, once trimmed, is invalid.
    """

    @cached_property
    def _compiled(self) -> re.Pattern[str] | None:
        return re.compile(self.pattern) if self.pattern else None

    def normalise(self, text: str | None) -> str | None:
        """Returns what is compared; None when the value cannot identify anybody.

        Args:
            text: the value as the platform or the model gives it, None for null.
        """
        if text is None:
            return None
        trimmed = text.strip(BLANKS)
        if not trimmed or (self._compiled and not self._compiled.fullmatch(trimmed)):
            return None
        value = trimmed if self.trim else text
        if self.nfc:
            value = unicodedata.normalize("NFC", value)
        if self.fold:
            value = value.translate(_FOLDING_TABLE)
        return value
