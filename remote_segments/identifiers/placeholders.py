"""What forms and exports write where they know nothing: it must never make two strangers the same person."""

from collections.abc import Collection

from remote_segments.identifiers.folding import BLANKS

_WORDS = ("null", "none", "nil", "nan", "n/a", "undefined", "unknown", "(null)", "[null]", "<null>", "#n/a", "-")

PLACEHOLDERS = tuple(sorted({form for word in _WORDS for form in (word, word.upper(), word.capitalize())}))
"""Whole values that stand for nothing, as they are usually spelled; every engine looks them up as they are."""

LOCAL_PARTS = ("none", "null", "undefined", "unknown")
"""Names before the `@` that stand for nobody, in any case, whatever the domain: `unknown@example.com`."""

PART = f"[^@{BLANKS}]"
"""One character of either side of an address, as a regular expression."""


def local_part_pattern(words: Collection[str] = LOCAL_PARTS) -> str:
    """A regular expression for every name before the `@` but the words, in any case.

    Spelled out letter by letter, because DuckDB's expressions have no negative look-ahead, and a second look
    at every address would take half as long again as the first.
    """
    return _others([word.lower() for word in words], at_start=True)


def _others(words: Collection[str], at_start: bool) -> str:
    """What may follow where these endings of words must not."""
    nexts = sorted({word[0] for word in words if word})
    cases = "".join(letter + letter.upper() for letter in nexts)
    ways = [f"[^{cases}@{BLANKS}]{PART}*"]
    for letter in nexts:
        rest = [word[1:] for word in words if word.startswith(letter)]
        whole = f"{PART}+" if rest == [""] else _others(rest, at_start=False)
        ways.append(f"[{letter}{letter.upper()}]{whole}")
    either = f"(?:{'|'.join(ways)})"
    return either if at_start or "" in words else f"{either}?"
