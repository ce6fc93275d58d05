"""Telephone numbers in the international form of E.164, from what people write, by the metadata of libphonenumber."""

from functools import cache

E164 = "[+][1-9][0-9]{6,14}"
"""`+`, country code, number, 7 to 15 digits (https://www.itu.int/rec/T-REC-E.164): taken as it is."""


def international(text: str, region: str | None) -> str | None:
    """A number as E.164; None when it cannot be one.

    Args:
        text: the number as it is written: `06 12 34 56 78`, `+33 (0)6 12 34 56 78`.
        region: the country that national spellings are of, as ISO 3166 writes it; None to take none of them.

    Returns:
        Only a number of a length that its country has; the digits may still belong to nobody. A number of one digit
        repeated (`0000000000`) stands for nothing.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number) or len(set(str(number.national_number))) == 1:
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


@cache
def regions() -> frozenset[str]:
    """Every region whose national spellings are known: `FR`, `US`, ..."""
    import phonenumbers

    return frozenset(phonenumbers.SUPPORTED_REGIONS)
