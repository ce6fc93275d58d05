"""Writes scrubbed cases to a file, unless something of the account is found in the text after all."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import yaml

from remote_segments.errors import EngineError

_ADDRESS = re.compile(r"[\w.+-]+@(?!(?:[\w-]+\.)*example\.test(?![.-]?\w))[\w-]+\.[\w.-]+")
_SHORTEST = 6
"""Characters of what is looked for: shorter texts stand in other words by chance."""

_HEAD = """\
# Exchanges with a real account of {title}, recorded on {day} by `remote-segments platform check --live` and scrubbed:
# structure, keys, pages and counts are those of the account; ids, names, addresses, times and places are invented.
"""

_SIMULATED = """\
# Exchanges with the simulator's account of {title}, recorded on {day} by `remote-segments platform check --live`:
# they are made of the platform's documentation, and prove nothing about it.
"""


def cases_text(
    title: str, day: date, cases: Mapping[str, Any], originals: Iterable[tuple[str, str]], *, simulated: bool
) -> str:
    """Returns the text of a file of exchanges.

    Args:
        title: the platform, for people.
        day: when it was recorded.
        cases: the scrubbed cases by name.
        originals: what was replaced, and by what; none of it may be in the text.
        simulated: whether nobody but the simulator answered.

    Raises:
        EngineError: `scrub-incomplete` when something of the account is in the text.
    """
    text = yaml.safe_dump(
        {"cases": dict(cases)}, sort_keys=False, allow_unicode=True, default_flow_style=None, width=10_000
    )
    found = sum(_stands(original, text) for original, other in originals if original != other and _telling(original))
    found += len(_ADDRESS.findall(text))
    if found:
        raise EngineError(
            "scrub-incomplete",
            f"{found:,} texts of the account were still in the exchanges after they were scrubbed.",
            "Nothing was saved. Report this bug with the platform's name; send no data.",
        )
    return (_SIMULATED if simulated else _HEAD).format(title=title, day=day) + text


def _telling(original: str) -> bool:
    return len(original) >= _SHORTEST and not (original.isdecimal() and len(original) <= _SHORTEST)


def _stands(original: str, text: str) -> bool:
    return original in text and re.search(rf"(?<!\w){re.escape(original)}(?!\w)", text) is not None
