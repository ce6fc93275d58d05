"""The rules of a kind of identifier as an expression, so that the warehouse's engine compares whole columns."""

from typing import Any

from remote_segments.identifiers import Kind
from remote_segments.identifiers.kind import BLANKS, FOLDING
from remote_segments.membership.functions import POSTGRES, composed, lowered_ascii, only_ascii, plain, trimmed


def comparable(text: Any, kind: Kind, dialect: str) -> Any:
    """What two spellings are compared by; the same expression for both sides of a match.

    Folding is a listed translation, because `lower` depends on the collation in Postgres and on the Unicode tables
    in DuckDB, which disagree. Most values are plain and take the short way: of 2 million values, trimming listed
    characters takes DuckDB 0.3 s of processor time, translating 40 s, and seeing that they are plain 0.1 s.
    """
    import ibis

    if not (kind.trim or kind.nfc or kind.fold):
        return text
    simple = trimmed(text, BLANKS, dialect) if kind.trim else text
    value = composed(simple, dialect) if kind.nfc else simple
    if not kind.fold:
        return ibis.cases((plain(text, dialect, lower=False), text), else_=value)
    value = value.translate("".join(FOLDING), "".join(FOLDING.values()))
    return ibis.cases(
        (plain(text, dialect, lower=True), text if dialect == POSTGRES else lowered_ascii(text, dialect)),
        (only_ascii(text, dialect), lowered_ascii(simple, dialect)),
        else_=value,
    )


def usable(text: Any, kind: Kind, dialect: str) -> Any:
    """Whether a member's identifier can identify anybody; the model's side needs no such test, as it must be equal.

    Judged by the text as fetched, with blanks around it allowed: by the comparable text the engine computes that twice.
    """
    if kind.pattern is None:
        return text.notnull() & (trimmed(text, BLANKS, dialect) != "")
    return text.re_search(f"^[{BLANKS}]*{kind.pattern}[{BLANKS}]*$")
