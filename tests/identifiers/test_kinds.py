"""The rules of each kind of identifier, as plain Python follows them."""

from importlib.metadata import version
from typing import get_args

import pytest

from remote_segments.identifiers import HASHES, KINDS, Options, Side, hexdigest, sides
from remote_segments.identifiers.folding import BLANKS, FOLDING
from remote_segments.rest.decoding import KindName


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
        ("anna@B\u00fccher.example", "anna@xn--bcher-kva.example"),
        ("anna@bu\u0308cher.example", "anna@xn--bcher-kva.example"),
        ("anna@\U0001f4a9.example", "anna@\U0001f4a9.example"),
        ("unknowns@example.com", "unknowns@example.com"),
        ("nul@example.com", "nul@example.com"),
    ],
)
def test_spellings_of_an_address_are_compared_alike(written, compared):
    """Blanks around, case and composition do not make another address; U+0130 has no one lower case, so it stays."""
    assert KINDS["email"].normalise(written) == compared


@pytest.mark.parametrize(
    "written",
    [None, "", "  ", "\ufeff", "null", "none", "N/A", "unknown", "@", "a@", "@b", "a@b@c", "a b@c", "a\u00a0@c",
     "unknown@", "unknown@example.com", "NULL@example.com", "None@x", "undefined@x"],
)  # fmt: skip
def test_what_is_no_address_identifies_nobody(written):
    """Nulls, blanks, placeholders and what lacks its one @ never meet the model's own nothing."""
    assert KINDS["email"].normalise(written) is None


@pytest.mark.parametrize(
    ("written", "compared"),
    [("010", "010"), (" x ", " x "), ("N/A", None), ("", None), (" \t", None), ("0", None), (" 000 ", None),
     ("null", None), ("NULL", None), ("Unknown ", None), ("nullable", "nullable")],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["text", "external_id", "user_id", "contact_id", "platform_id"])
def test_an_opaque_id_is_compared_as_written(kind, written, compared):
    """`010` is not `10`; blanks, zeros and words for nothing are invalid."""
    assert KINDS[kind].normalise(written) == compared
    assert KINDS[kind].opaque


@pytest.mark.parametrize(
    ("written", "compared"),
    [("crm_42", "0042"), ("42", "0042"), ("0042", "0042"), ("12345", "12345"), ("4x", "4x"), ("crm_", None),
     ("crm_0", None), ("crm_null", None), ("CRM_42", "CRM_42"), (" crm_42", " crm_42")],
)  # fmt: skip
def test_a_prefix_and_zeros_may_be_on_one_side_only(written, compared):
    """The prefix is left out as it is written, shorter numbers are filled up, and what is left must be something."""
    assert KINDS["external_id"].ruled(Options(prefix="crm_", zero_padded=4)).normalise(written) == compared


@pytest.mark.parametrize(
    ("written", "compared"),
    [("Anna.B+News@Gmail.com", "annab@gmail.com"), ("anna.b+news@example.com", "anna.b+news@example.com"),
     ("+news@gmail.com", "+news@gmail.com"), ("...@gmail.com", "...@gmail.com"),
     ("a+b@sub.gmail.com", "a+b@sub.gmail.com"),
     ("a+b@c.example", "a@c.example"), ("a.b@c.example", "a.b@c.example")],
)  # fmt: skip
def test_tags_and_dots_are_left_out_only_where_the_provider_does(written, compared):
    """Two people of another domain may differ by a dot; a name never becomes empty."""
    rules = Options(plus_addresses=("gmail.com", "c.example"), dots=("gmail.com",))
    assert KINDS["email"].ruled(rules).normalise(written) == compared


@pytest.mark.parametrize("kind", ["uuid", "advertising_id"])
@pytest.mark.parametrize(
    ("written", "compared"),
    [("{A0000000-0000-4000-8000-00000000000B}", "a000000000004000800000000000000b"),
     (" a000000000004000800000000000000b\n", "a000000000004000800000000000000b"),
     ("00000000-0000-0000-0000-000000000000", None), ("a0000000", None),
     ("g0000000-0000-4000-8000-00000000000b", None)],
)  # fmt: skip
def test_a_uuid_is_its_32_digits(kind, written, compared):
    """Case, hyphens and braces do not matter; the one of zeros, which a device gives in place of its own, is nobody."""
    assert KINDS[kind].normalise(written) == compared


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        (" +33612345678 ", "+33612345678"),
        ("+331234", None),
        ("0612345678", None),
        ("+33 6 12 34 56 78", "+33612345678"),
        ("+33 (0)6.12.34.56.78", "+33612345678"),
        ("+1234567890123456", None),
        ("unknown", None),
        ("+0", None),
    ],
)
def test_a_number_is_compared_as_international(written, compared):
    """National spellings are not guessed."""
    assert KINDS["phone"].normalise(written) == compared


@pytest.mark.parametrize(
    ("written", "compared"),
    [("06 12 34 56 78", "+33612345678"), ("0033612345678", "+33612345678"), ("+4930123456", "+4930123456"),
     ("0000000000", None), ("12", None), ("1 800 FLOWERS", None)],
)  # fmt: skip
def test_a_region_gives_national_numbers_their_country(written, compared):
    """Numbers of other countries stay theirs; what no country's numbers are long as, or one digit repeated, is none."""
    assert KINDS["phone"].ruled(Options(region="FR")).normalise(written) == compared


@pytest.mark.parametrize("algorithm", HASHES)
@pytest.mark.parametrize(("kind", "written"), [("email", " Anna@Example.com"), ("phone", "+33 6 12 34 56 78")])
def test_a_platforms_hash_meets_the_models_identifier(kind, written, algorithm):
    """The model's side is normalised, then hashed; the platform's digits are compared without case."""
    given, held = sides(KINDS[f"{kind}_{algorithm}"], None)
    digits = hexdigest(algorithm, KINDS[kind].normalise(written) or "")
    assert held.compared(written) == digits == given.compared(f" {digits.upper()}")
    assert given.compared(written) is None
    assert held.compared("null") is None


@pytest.mark.parametrize("algorithm", HASHES)
def test_two_hashes_meet_by_their_digits(algorithm):
    """A hash on both sides is compared as it is, without case."""
    given, held = sides(KINDS[f"email_{algorithm}"], algorithm)
    digits = hexdigest(algorithm, "a@b")
    assert given.compared(digits) == held.compared(digits.upper()) == digits


def test_rules_that_differ_have_different_names():
    """Spellings are kept by rule: another option, hash or release of the library must never find them."""
    plain, french = KINDS["phone"], KINDS["phone"].ruled(Options(region="FR"))
    names = {Side(plain).rule, Side(french).rule, Side(french, "sha1").rule, Side(KINDS["email"]).rule}
    assert len(names) == 4
    assert all(version("phonenumbers") in Side(kind).rule for kind in (plain, french))


def test_every_kind_that_a_manifest_may_name_is_there():
    """The manifest's list of kinds is the catalogue of this room."""
    assert set(get_args(KindName)) == set(KINDS)
    assert all(name == kind.name for name, kind in KINDS.items())


def test_no_character_is_folded_into_two():
    """A folding of one character into one is what every engine's `translate` can do."""
    assert all(len(upper) == len(lower) == 1 for upper, lower in FOLDING.items())
    assert not set(FOLDING) & set(FOLDING.values())
    assert not set(BLANKS) & set(FOLDING)


def test_hashes_are_lower_case_hexadecimal():
    """The hash of a text is that of its UTF-8 bytes."""
    assert hexdigest("md5", "é") == "66ddcd97cfdeabb2f6fb8a999b4bc76f"
    assert {name: len(hexdigest(name, "x")) for name in HASHES} == {"md5": 32, "sha1": 40, "sha256": 64}
