"""The rules of a kind of identifier as an expression, so that the warehouse's engine compares whole columns."""

from collections.abc import Callable
from typing import Any

from remote_segments.identifiers import Kind, Side
from remote_segments.identifiers.address import UNTAGGED, dotted_pattern, tag_pattern
from remote_segments.identifiers.folding import BLANKS, FOLDING
from remote_segments.membership.functions import (
    BUILT_IN_HASHES,
    POSTGRES,
    composed,
    hashed,
    lowered_ascii,
    only_ascii,
    padded,
    part,
    plain,
    trimmed,
    without_characters,
)


def comparable(text: Any, side: Side, dialect: str, spelled: Any | None = None) -> Any:
    """What two spellings are compared by.

    Args:
        text: the values as they are written.
        side: how they become comparable.
        dialect: the engine.
        spelled: the comparable forms of those that only Python can normalise, null for all others; None where there are
            none of them.
    """
    if _looked_up_whole(side, dialect):
        import ibis

        return ibis.null("string") if spelled is None else spelled
    value = _normalised(text, side.kind, dialect)
    if spelled is not None:
        value = spelled.fill_null(value)
    return hashed(value, side.digest, dialect) if side.digest else value


def _normalised(text: Any, kind: Kind, dialect: str) -> Any:
    """Folding is a listed translation, because `lower` depends on the collation in Postgres and on the Unicode tables
    in DuckDB, which disagree. Most values are plain and take the short way: of 2 million values, trimming listed
    characters takes DuckDB 0.3 s of processor time, translating 40 s, and seeing that they are plain 0.1 s.
    """  # noqa: D205 - a paragraph on why
    import ibis

    if not (kind.trim or kind.nfc or kind.fold):
        return _shortened(text, kind)
    simple = trimmed(text, BLANKS, dialect) if kind.trim else text
    value = composed(simple, dialect) if kind.nfc else simple
    if not kind.fold:
        return _shortened(ibis.cases((plain(text, dialect, lower=False), text), else_=value), kind)
    value = value.translate("".join(FOLDING), "".join(FOLDING.values()))
    value = ibis.cases(
        (plain(text, dialect, lower=True), text if dialect == POSTGRES else lowered_ascii(text, dialect)),
        (only_ascii(text, dialect), lowered_ascii(simple, dialect)),
        else_=value,
    )
    return _shortened(value, kind)


def _shortened(value: Any, kind: Kind) -> Any:
    """Leaves out what does not tell two identifiers apart; most kinds and segments leave out nothing."""
    import ibis

    value = _without_prefix(value, kind)
    width, plus, dots = kind.chosen.zero_padded, kind.chosen.plus_addresses, kind.chosen.dots
    if width:
        short = value.re_search("^[0-9]+$") & (value.length() < width)
        value = ibis.cases((short, padded(value, width)), else_=value)
    if kind.dropped:
        value = without_characters(value, kind.dropped)
    if plus:
        value = value.re_replace(tag_pattern(plus), UNTAGGED)
    if dots:
        bare = part(value, "@", 1).replace(".", "").concat("@", part(value, "@", 2))
        value = ibis.cases((value.re_search(dotted_pattern(dots)), bare), else_=value)
    return value


def _without_prefix(value: Any, kind: Kind) -> Any:
    import ibis

    prefix = kind.chosen.prefix
    if not prefix:
        return value
    return ibis.cases((value.startswith(prefix), value.substr(len(prefix))), else_=value)


def usable(text: Any, side: Side, dialect: str, spelled: Any | None = None) -> Any:
    """Whether a member's identifier can identify anybody; the model's side needs no such test, as it must be equal.

    Judged by the text as fetched, with blanks around it allowed: by the comparable text the engine computes that twice.
    """
    kind = side.kind
    whole = f"^[{BLANKS}]*{kind.pattern}[{BLANKS}]*$"
    found = text.re_search(whole) if kind.pattern else text.notnull()
    if kind.pattern is None or kind.nothing:
        rest = _without_prefix(text, kind)
        found &= trimmed(rest, BLANKS + kind.nothing, dialect) != ""
        if kind.placeholders:
            found &= ~trimmed(rest, BLANKS, dialect).isin(kind.placeholders)
    if spelled is not None:
        found |= spelled.notnull()
    return found


def rule_of(side: Side, dialect: str) -> str | None:
    """The name under which spellings of this side are kept; None where the engine can normalise every value."""
    if _looked_up_whole(side, dialect):
        return side.rule
    return side.kind.rule if side.kind.beyond_sql else None


def spelling_of(side: Side, dialect: str) -> Callable[[str], str | None]:
    """How the spellings of this side are made, in Python."""
    return side.compared if _looked_up_whole(side, dialect) else side.kind.normalise


def _looked_up_whole(side: Side, dialect: str) -> bool:
    """Whether the engine lacks the hash: Postgres has no SHA-1 of its own."""
    return side.digest is not None and (side.digest not in BUILT_IN_HASHES and dialect == POSTGRES)


def beyond(text: Any, side: Side, dialect: str) -> Any:
    """Whether a value must be looked up among the spellings."""
    if _looked_up_whole(side, dialect):
        return trimmed(text, BLANKS, dialect) != ""
    if side.kind.telephone:
        return (trimmed(text, BLANKS, dialect) != "") & ~text.re_search(f"^[{BLANKS}]*{side.kind.pattern}[{BLANKS}]*$")
    return ~only_ascii(text, dialect) & ~only_ascii(part(text, "@", 2), dialect)


def perhaps_beyond(text: Any, dialect: str) -> Any:
    """Whether an address may have a domain outside ASCII, as such or as the name system writes it (`xn--`).

    Quick, and true of some others. Without such a member no address of the model needs to be looked up either.
    """
    return (~only_ascii(text, dialect) | text.contains("--")).fill_null(False)
