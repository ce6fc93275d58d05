"""Identifiers as they may be shown at a terminal: enough to recognise a spelling, too little to name one."""

from remote_segments.identifiers.folding import BLANKS
from remote_segments.identifiers.placeholders import PLACEHOLDERS

LONGEST_ENDING = 6
"""Characters of the last part of a domain that are shown; a longer one may be anything."""

SHORTEST = 4
"""Characters that a part must have for its first to be shown: of a shorter one that would be too much."""


def masked(text: str | None) -> str:
    """Returns `a***@e***.test` for an e-mail address, `C***` for anything else, and words for nothing."""
    if text is None:
        return "none"
    plain = text.strip(BLANKS)
    if not plain:
        return "blank"
    if plain in PLACEHOLDERS:
        return plain  # it is nobody's, and says why the member is invalid
    name, at, domain = plain.partition("@")
    if not at:
        return _part(plain)
    place, _, ending = domain.rpartition(".")
    shown = f".{ending}" if place and ending.isascii() and ending.isalpha() and len(ending) <= LONGEST_ENDING else ""
    return f"{_part(name)}@{_part(place)}{shown}"


def _part(text: str) -> str:
    return f"{text[0]}***" if len(text) >= SHORTEST else "***"
