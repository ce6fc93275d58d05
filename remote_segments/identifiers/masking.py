"""Identifiers as they may be shown at a terminal: enough to recognise a spelling, too little to name one."""

from remote_segments.identifiers.folding import BLANKS

LONGEST_ENDING = 6
"""Characters of the last part of a domain that are shown; a longer one may be anything."""


def masked(text: str | None) -> str:
    """Returns `a***@e***.test` for an e-mail address, `C***` for anything else, and words for nothing."""
    if text is None:
        return "none"
    plain = text.strip(BLANKS)
    if not plain:
        return "blank"
    name, at, domain = plain.partition("@")
    if not at:
        return f"{plain[:1]}***"
    place, _, ending = domain.rpartition(".")
    shown = f".{ending}" if place and ending.isascii() and ending.isalpha() and len(ending) <= LONGEST_ENDING else ""
    return f"{name[:1]}***@{place[:1]}***{shown}"
