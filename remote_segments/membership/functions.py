"""Functions that each engine has built in but spells differently, declared to the compiler by their own names.

DuckDB: https://duckdb.org/docs/stable/sql/functions/text. Postgres: https://www.postgresql.org/docs/15/functions-string.html
and functions-binarystring.html. DuckDB's `sha256` and both engines' `md5` return hexadecimal text; Postgres' `sha256`
takes and returns bytes.
"""

from collections.abc import Sequence
from functools import cache, reduce
from string import ascii_lowercase, ascii_uppercase
from typing import Any

POSTGRES = "postgres"


@cache
def _function(name: str, takes: tuple[str, ...], gives: str) -> Any:
    import ibis

    declared = {
        1: lambda first: first,
        2: lambda first, second: first,  # noqa: ARG005 - only declared
        3: lambda first, second, third: first,  # noqa: ARG005 - only declared
    }[len(takes)]
    return ibis.udf.scalar.builtin(name=name, signature=(takes, gives))(declared)


@cache
def _aggregate(name: str, takes: tuple[str, ...], gives: str) -> Any:
    import ibis

    return ibis.udf.agg.builtin(name=name, signature=(takes, gives))(lambda first, second, third: first)  # noqa: ARG005


def trimmed(text: Any, characters: str, dialect: str) -> Any:
    """The text without the listed characters at both ends."""
    name = "btrim" if dialect == POSTGRES else "trim"
    return _function(name, ("string", "string"), "string")(text, characters)


def composed(text: Any, dialect: str) -> Any:
    """The text in Unicode normal form C; Postgres can do this only in a database of encoding UTF8."""
    return _function("normalize" if dialect == POSTGRES else "nfc_normalize", ("string",), "string")(text)


def only_ascii(text: Any, dialect: str) -> Any:
    """Whether a text has as many bytes as characters."""
    bytes_of = _function("octet_length" if dialect == POSTGRES else "strlen", ("string",), "int64")
    return bytes_of(text) == text.length()


def plain(text: Any, dialect: str, lower: bool) -> Any:
    """Whether a text is ASCII without blanks at its ends; in Postgres without any, and with `lower` without capitals.

    DuckDB compares texts by their bytes and lowers them fast; its regular expressions take twice as long. Postgres
    compares by the collation, its regular expressions are fast and its `translate` is slow (2 s per million).
    """
    if dialect == POSTGRES:
        return text.re_search("^[!-@\\[-~]+$" if lower else "^[!-~]+$")
    last = _function("array_extract", ("string", "int64"), "string")(text, -1)
    return only_ascii(text, dialect) & (text >= "!") & (last >= "!")


def lowered_ascii(text: Any, dialect: str) -> Any:
    """An ASCII text in lower case; not by Postgres' `lower`, whose capital I depends on the collation."""
    if dialect == POSTGRES:
        return text.translate(ascii_uppercase, ascii_lowercase)
    return text.lower()


def part(text: Any, separator: str, number: int) -> Any:
    """The first, second, ... part of a text between separators; empty where there is none."""
    return _function("split_part", ("string", "string", "int32"), "string")(text, separator, number)


def padded(text: Any, width: int) -> Any:
    """A text filled up with zeros on the left; both engines cut a longer one."""
    return _function("lpad", ("string", "int32", "string"), "string")(text, width, "0")


def without_characters(text: Any, characters: str) -> Any:
    """A text without the listed characters, wherever they are."""
    return text.translate(characters, "")


def distinct_texts(text: Any, dialect: str) -> Any:
    """The number of different texts, or in DuckDB of their 64-bit hashes, which takes two thirds of the time.

    Good only for showing that nothing is there twice: a collision shows as a repetition, which is then looked for.
    """
    if dialect == POSTGRES:
        return text.nunique()
    return _function("hash", ("string",), "int64")(text).nunique(where=text.notnull())  # null has a hash, too


def distinct_count(number: Any, low: int | None, high: int | None, dialect: str) -> Any:
    """The number of different whole numbers, all between `low` and `high`.

    DuckDB sets one bit for each where they lie close enough together: a seventh of the time of counting by hashes.
    """
    import ibis

    close = low is not None and high is not None and high - low < CLOSE_TOGETHER
    if dialect == POSTGRES or not close:
        return number.nunique()
    bits = _aggregate("bitstring_agg", ("int64", "int64", "int64"), "string")(number, low, high)
    return ibis.coalesce(_function("bit_count", ("string",), "int64")(bits), 0)


def share_of(salt: str, keys: Sequence[Any], dialect: str) -> Any:
    """Where a person falls in a split: the first 32 bits of the SHA-256 of salt and keys, parted by U+001F."""
    import ibis

    text = reduce(lambda one, other: one + "\x1f" + other, [ibis.literal(salt), *keys])
    if dialect != POSTGRES:
        return (ibis.literal("0x") + hashed(text, "sha256", dialect).substr(0, 8)).cast("int64")
    data = _function("convert_to", ("string", "string"), "binary")(text, "UTF8")
    digest = _function("sha256", ("binary",), "binary")(data)
    byte = _function("get_byte", ("binary", "int32"), "int32")
    return reduce(
        lambda high, place: high * 256 + byte(digest, place).cast("int64"), range(4), ibis.literal(0, "int64")
    )


def text_number(text: Any, dialect: str) -> Any:
    """A number that stands for a text: equal texts, equal numbers, in one engine of one release."""
    if dialect == POSTGRES:
        return _function("hashtextextended", ("string", "int64"), "int64")(text, 0)
    return _function("hash", ("string",), "int64")(text)


BUILT_IN_HASHES = ("md5", "sha256")
"""Hashes that every engine has; DuckDB has `sha1`, too, in Postgres it needs an extension."""

CLOSE_TOGETHER = 1 << 27
"""Numbers: their bits take 16 MiB in each thread."""


def hashed(text: Any, algorithm: str, dialect: str) -> Any:
    """The hash of a text's UTF-8 bytes as lower-case hexadecimal digits."""
    if algorithm == "sha256" and dialect == POSTGRES:
        data = _function("convert_to", ("string", "string"), "binary")(text, "UTF8")
        digest = _function("sha256", ("binary",), "binary")(data)
        return _function("encode", ("binary", "string"), "string")(digest, "hex")
    return _function(algorithm, ("string",), "string")(text)
