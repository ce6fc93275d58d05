"""An e-mail address: compared without surrounding blanks, in lower case, with composed characters.

The part before the `@` may be case-sensitive by the standard (https://www.rfc-editor.org/rfc/rfc5321#section-2.4);
no large mailbox provider makes use of it, and marketing platforms lower it. What
stands for nothing (`null`, `none`, `n/a`, `unknown`) has no `@`, so it is invalid and never meets the model's nothing.
"""

from remote_segments.identifiers.kind import BLANKS, Kind

_PART = f"[^@{BLANKS}]+"

EMAIL = Kind(
    name="email",
    description="Compared without surrounding blanks, in lower case; must hold exactly one @ with text on both sides.",
    nfc=True,
    fold=True,
    pattern=f"{_PART}@{_PART}",
)
