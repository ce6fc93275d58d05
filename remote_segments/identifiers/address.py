"""Parts of an e-mail address that some providers do not look at, and domains with letters outside ASCII.

Tags behind a plus sign reach the same mailbox at:
https://support.google.com/mail/answer/22370, https://support.apple.com/102540 (iCloud),
https://learn.microsoft.com/exchange/recipients-in-exchange-online/plus-addressing-in-exchange-online,
https://www.fastmail.help/hc/en-us/articles/360060591053, https://proton.me/support/addresses-and-aliases.
Dots do not matter at Gmail: https://support.google.com/mail/answer/7436150.
"""

import re
from collections.abc import Collection
from functools import lru_cache

PLUS_DOMAINS = (
    "fastmail.com", "gmail.com", "googlemail.com", "hotmail.com", "icloud.com", "live.com", "mac.com", "me.com",
    "outlook.com", "pm.me", "proton.me", "protonmail.com",
)  # fmt: skip
"""Domains whose provider delivers `anna+news@` to `anna@`."""

DOT_DOMAINS = ("gmail.com", "googlemail.com")
"""Domains whose provider delivers `a.n.n.a@` to `anna@`."""

UNTAGGED = r"\1@\2"
"""What `tag_pattern` is replaced by, in every engine."""


def tag_pattern(domains: Collection[str]) -> str:
    """A regular expression for an address of these domains with a tag: its name, and its domain."""
    return f"^([^@+]+)[+][^@]*@({_either(domains)})$"


def dotted_pattern(domains: Collection[str]) -> str:
    """A regular expression for an address of these domains whose name has anything but dots."""
    return f"^[^@]*[^@.][^@]*@({_either(domains)})$"


def _either(domains: Collection[str]) -> str:
    return "|".join(domain.replace(".", "[.]") for domain in sorted(domains))


def without_tag(address: str, domains: Collection[str]) -> str:
    """An address of these domains without what follows the plus sign; a name that begins with one keeps it."""
    return re.sub(tag_pattern(domains), UNTAGGED, address)


def without_dots(address: str, domains: Collection[str]) -> str:
    """An address of these domains without dots in its name."""
    if not re.search(dotted_pattern(domains), address):
        return address
    name, _, domain = address.partition("@")
    return f"{name.replace('.', '')}@{domain}"


def with_ascii_domain(address: str) -> str:
    """An address whose domain is written in the letters that the name system knows (UTS 46, IDNA 2008).

    A domain that has no such form, as those with emoji, stays as it is and is compared as it is.
    """
    name, at, domain = address.partition("@")
    return address if domain.isascii() else f"{name}{at}{_ascii_domain(domain)}"


@lru_cache(maxsize=10_000)
def _ascii_domain(domain: str) -> str:
    import idna

    try:
        return idna.encode(domain, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return domain
