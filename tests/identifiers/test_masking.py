"""What is shown of an identifier at a terminal."""

import pytest

from remote_segments.identifiers.masking import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ada.lovelace@example.test", "a***@e***.test"),
        (" Ada@Mail.Example.co ", "A***@M***.co"),
        ("ada@localhost", "a***@***"),
        ("ada@secret.verylongending", "a***@s***"),
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
