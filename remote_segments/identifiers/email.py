"""An e-mail address: compared without surrounding blanks, in lower case, with composed characters.

The part before the `@` may be case-sensitive by the standard (https://www.rfc-editor.org/rfc/rfc5321#section-2.4);
no large mailbox provider makes use of it, and marketing platforms lower it.
"""

from remote_segments.identifiers.kind import Kind

PLACEHOLDERS = frozenset({"null@null", "none@none", "unknown@unknown", "n/a@n/a"})
"""Values of the right shape that stand for nothing; `null`, `none`, `n/a` and the like already lack the `@`."""

EMAIL = Kind(
    name="email",
    description="Compared without surrounding blanks, in lower case; must hold exactly one @ with text on both sides.",
    nfc=True,
    fold=True,
    placeholders=PLACEHOLDERS,
    pattern="^[^@ ]+@[^@ ]+$",
)
