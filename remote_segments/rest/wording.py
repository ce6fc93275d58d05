"""A platform's own sentences, before they are shown: what could be a person's identifier is taken out."""

import re
from urllib.parse import unquote

LONGEST = 200
"""Characters of a platform's sentence that are shown."""

_PERSONAL = re.compile(r"\S*@\S*|\+?\d[\d\s().-]{5,}\d|\b(?=[\w-]*\d)[\w-]{6,}")


def without_people(text: str) -> str:
    """Returns a sentence without addresses, telephone numbers and ids, and not longer than `LONGEST`."""
    return _PERSONAL.sub("[removed]", unquote(text))[:LONGEST].strip()
