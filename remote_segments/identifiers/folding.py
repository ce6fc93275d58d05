"""Characters that copying leaves around a value, and the letters that have one lower-case form in every engine.

Not `str.strip` and `str.lower`: those know more characters than the engines do, and DuckDB, Postgres and Python each
differ on U+00A0, U+2003, U+0130 and the final sigma.
"""

import unicodedata

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


def folded(text: str) -> str:
    """The text with the letters of `FOLDING` replaced."""
    return text.translate(_FOLDING_TABLE)
