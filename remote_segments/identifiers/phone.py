"""A telephone number in the international form of E.164: `+`, country code, number, at most 15 digits.

Source: https://www.itu.int/rec/T-REC-E.164. National spellings are not guessed: such a value is invalid.
"""

from remote_segments.identifiers.kind import Kind

PHONE = Kind(
    name="phone",
    description="Compared without surrounding blanks; must be + and 7 to 15 digits, without spaces or brackets.",
    pattern="[+][1-9][0-9]{6,14}",
)
