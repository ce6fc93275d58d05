"""A universally unique identifier: 32 hexadecimal digits, whatever their case, hyphens and braces.

Source: https://www.rfc-editor.org/rfc/rfc9562. The one of zeros stands for nothing.
"""

from remote_segments.identifiers.kind import Kind

_DIGIT = "[0-9a-fA-F]"

UUID = Kind(
    name="uuid",
    description="Compared by its 32 hexadecimal digits, without case, hyphens and braces; all zeros are invalid.",
    pattern="[{]?" + "-?".join(f"{_DIGIT}{{{count}}}" for count in (8, 4, 4, 4, 12)) + "[}]?",
    fold=True,
    nothing="0-{}",
    dropped="-{}",
)
