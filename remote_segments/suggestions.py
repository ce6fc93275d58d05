"""Known names in a sentence, and the one that somebody probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def near(name: str, known: Iterable[str]) -> str | None:
    """The known name that is nearest to a misspelt one, or None if none is near.

    Case, `-` and spaces are not differences worth a guess: `Segment-ID` means `segment_id`.
    """
    names = {_plain(candidate): candidate for candidate in known}
    plain = _plain(name)
    matches = get_close_matches(plain, names, n=1, cutoff=0.65)
    if not matches:  # `access_token` for `token`: one holds all words of the other
        words = set(plain.split("_"))
        matches = [
            other for other in names if words and (words < set(other.split("_")) or set(other.split("_")) < words)
        ]
    return names[matches[0]] if matches else None


def listed(names: Iterable[str], limit: int = 12) -> str:
    """Names in a sentence, sorted as given, shortened after `limit`: `a`, `b` and 3 more."""
    quoted = [f"`{name}`" for name in names]
    more = len(quoted) - limit
    return ", ".join(quoted) if more <= 1 else f"{', '.join(quoted[:limit])} and {more} more"


def choose(name: str, known: Iterable[str], nothing: str = "None is allowed here.") -> str:
    """The sentence that follows an unknown name: the near miss, then all that is known, in the order given."""
    names = list(known)
    meant = near(name, names)
    hint = f"Did you mean `{meant}`? " if meant else ""
    return f"{hint}Known: {listed(names)}." if names else nothing


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")
