"""An e-mail address: compared without surrounding blanks, in lower case, with composed characters, its domain in ASCII.

The part before the `@` may be case-sensitive by the standard (https://www.rfc-editor.org/rfc/rfc5321#section-2.4);
no large mailbox provider makes use of it, and marketing platforms lower it. What stands for nothing (`null`, `n/a`)
has no `@`, so it is invalid and never meets the model's nothing; so is `unknown@` of any domain.
"""

from remote_segments.identifiers.kind import Kind
from remote_segments.identifiers.placeholders import PART, local_part_pattern

EMAIL = Kind(
    name="email",
    description="Compared without surrounding blanks, in lower case, with composed characters and its domain as the "
    "name system writes it; must hold exactly one @ with text on both sides.",
    nfc=True,
    fold=True,
    pattern=f"{local_part_pattern()}@{PART}+",
    idna=True,
    options=("plus_addresses", "dots"),
)
