"""What is shown of an identifier at a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_segments.identifiers.folding import BLANKS
from remote_segments.identifiers.masking import LONGEST_ENDING, masked
from remote_segments.identifiers.placeholders import PLACEHOLDERS

TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("a@.+0 "), max_size=30)
ADDRESSES = st.builds("{}@{}.{}".format, TEXTS, TEXTS, st.text("abcdefgh", max_size=8))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ada.lovelace@example.test", "a***@e***.test"),
        (" Adam@Mail.Example.co ", "A***@M***.co"),
        ("adam@localhost", "a***@***"),
        ("ada@secret.verylongending", "***@s***"),
        ("a@e.test", "***@***.test"),
        ("C17", "***"),
        (" n/a", "n/a"),
        ("@", "***@***"),
        ("+33612345678", "+***"),
        ("C0000017", "C***"),
        ("", "blank"),
        (" \u200b", "blank"),
        (None, "none"),
    ],
)
def test_little_is_shown(text: str | None, shown: str) -> None:
    """The first letters and the ending of a domain tell a spelling, and name nobody."""
    assert masked(text) == shown


@given(TEXTS | ADDRESSES)
def test_no_identifier_is_ever_shown_whole(text: str) -> None:
    """Promise 29: of any value at most the first letters of two parts are shown, and the short ending of a domain."""
    plain, shown = text.strip(BLANKS), masked(text)
    if not plain or plain in PLACEHOLDERS:
        assert shown == (plain or "blank")
        return
    name, at, domain = plain.partition("@")
    place, _, ending = domain.rpartition(".")
    firsts = [{"", part[:1]} if len(part) >= 4 else {""} for part in (name, place)]
    endings = {"", f".{ending}" if len(ending) <= LONGEST_ENDING else ""}
    wanted = {f"{first}***{at}" for first in firsts[0]}
    if at:
        wanted = {f"{head}{first}***{tail}" for head in wanted for first in firsts[1] for tail in endings}
    assert shown in wanted


@given(st.text("abcdef0123456789@.+", min_size=1, max_size=20))
def test_who_sees_the_mask_cannot_tell_the_identifier(text: str) -> None:
    """Promise 29: more than half of what is not the ending of a domain is hidden, whatever it is."""
    ending = masked(text).rpartition("***")[2]
    hidden = text.removesuffix(ending).replace("@", "").replace(".", "")
    visible = masked(text).removesuffix(ending).replace("*", "").replace("@", "").replace(".", "")
    assert not hidden or len(visible) <= len(hidden) / 2
