"""The rules of each kind of identifier, as plain Python follows them."""

import pytest

from remote_segments.identifiers import HASHES, KINDS, hexdigest
from remote_segments.identifiers.kind import BLANKS, FOLDING


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("anna@example.com", "anna@example.com"),
        ("  Anna@Example.COM\n", "anna@example.com"),
        ("\u00a0anna@example.com\u200b", "anna@example.com"),
        ("JOSÉ@example.com", "josé@example.com"),
        ("jose\u0301@example.com", "josé@example.com"),
        ("ΟΔΟΣ@example.com", "οδοσ@example.com"),
        ("οδος@example.com", "οδοσ@example.com"),
        ("İ@example.com", "İ@example.com"),
        ("I@example.com", "i@example.com"),
    ],
)
def test_spellings_of_an_address_are_compared_alike(written, compared):
    """Blanks around, case and composition do not make another address; U+0130 has no one lower case, so it stays."""
    assert KINDS["email"].normalise(written) == compared


@pytest.mark.parametrize(
    "written",
    [None, "", "  ", "\ufeff", "null", "none", "N/A", "unknown", "@", "a@", "@b", "a@b@c", "a b@c", "a\u00a0@c"],
)
def test_what_is_no_address_identifies_nobody(written):
    """Nulls, blanks, placeholders and what lacks its one @ never meet the model's own nothing."""
    assert KINDS["email"].normalise(written) is None


@pytest.mark.parametrize(
    ("written", "compared"), [("010", "010"), (" x ", " x "), ("N/A", "N/A"), ("", None), (" \t", None)]
)
def test_a_text_is_compared_as_written(written, compared):
    """`010` is not `10`; only nothing at all is invalid."""
    assert KINDS["text"].normalise(written) == compared


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        (" +33612345678 ", "+33612345678"),
        ("+331234", None),
        ("0612345678", None),
        ("+33 6 12 34 56 78", None),
        ("+1234567890123456", None),
    ],
)
def test_a_number_is_whole_and_international(written, compared):
    """National or spaced spellings are not guessed."""
    assert KINDS["phone"].normalise(written) == compared


def test_no_character_is_folded_into_two():
    """A folding of one character into one is what every engine's `translate` can do."""
    assert all(len(upper) == len(lower) == 1 for upper, lower in FOLDING.items())
    assert not set(FOLDING) & set(FOLDING.values())
    assert not set(BLANKS) & set(FOLDING)


def test_hashes_are_lower_case_hexadecimal():
    """The hash of a text is that of its UTF-8 bytes."""
    assert hexdigest("md5", "é") == "66ddcd97cfdeabb2f6fb8a999b4bc76f"
    assert {name: len(hexdigest(name, "x")) for name in HASHES} == {"md5": 32, "sha256": 64}
