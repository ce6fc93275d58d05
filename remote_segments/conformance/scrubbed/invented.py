"""The same invention for the same thing, everywhere it stands: so that calls still fit the answers they follow from."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from remote_segments.rest.manifest import SourceKind

NOTHING = "invented"
"""What stands for a text that nothing depends on."""

NAME = "Invented segment"

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)([T ]?)(\d\d:\d\d(?::\d\d)?)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?(.*)", re.DOTALL)
_FIRST = datetime(2001, 1, 1)  # before there were such tools: no account has this time itself

_BEGINNINGS = [1, *(10**power for power in range(4, 40))]
"""Numbers to begin with, until none of the invented identifiers is one of the account itself."""


class Invented:
    """From what an account holds to what was invented for it."""

    def __init__(self, given: Mapping[str, str]) -> None:
        """Begins with what is known from the start.

        Args:
            given: secrets of the account, and what stands for each.
        """
        self._texts: dict[str, str] = {}
        self.also(given)
        self._carried = self._instants = 0

    def __contains__(self, text: str) -> bool:
        return text in self._texts

    def members(self, source: SourceKind, columns: Mapping[str, Sequence[str | None]]) -> None:
        """Invents every identifier of members.

        Args:
            source: the kind of source, which knows what kind each identifier is of.
            columns: one list of texts per identifier, in the order in which members came.
        """
        own = {text for values in columns.values() for text in values if text}
        for name, values in columns.items():
            kind = source.identifiers[name].kind
            begin = next(one for one in _BEGINNINGS if own.isdisjoint(_run(name, kind, one, len(values))))
            for number, text in enumerate(values, begin):
                if text and text not in self._texts:
                    self._texts[text] = _identifier(name, kind, number, digits=text.isdecimal())

    def also(self, pairs: Mapping[str, str]) -> None:
        """Adds what stands for other texts; what was invented first stays."""
        self._texts = {**{text: other for text, other in pairs.items() if text}, **self._texts}

    def text(self, original: str) -> str | None:
        """Returns what stands for a text, None where nothing was invented for it yet."""
        return self._texts.get(original)

    def carried(self, original: str) -> str:
        """Returns what stands for a place, a job or a session: made up when it is first met."""
        if original not in self._texts:
            self._carried += 1
            digits = original.isdecimal()
            self._texts[original] = str(500_000 + self._carried) if digits else f"{NOTHING}-{self._carried}"
        return self._texts[original]

    def instant(self, original: str) -> str | None:
        """Returns another time in the same form; None for what is no time."""
        found = _INSTANT.fullmatch(original)
        if found is None or found[6] not in ("", "+0000"):  # Marketo writes `Z+0000`
            return None
        if original not in self._texts:
            self._instants += 1
            time = _FIRST + timedelta(minutes=self._instants)
            hours = time.strftime("%H:%M:%S")[: len(found[3])] if found[3] else ""
            fraction = f".{'0' * (len(found[4]) - 1)}" if found[4] else ""
            zone = found[5] if found[5] in (None, "Z") else re.sub(r"\d", "0", found[5]).replace("-", "+", 1)
            text = f"{time:%Y-%m-%d}{found[2]}{hours}{fraction}{zone or ''}{found[6]}"
            self._texts[original] = text
        return self._texts[original]

    def originals(self) -> Iterable[tuple[str, str]]:
        """Returns everything that was replaced, and by what."""
        return self._texts.items()


def _identifier(name: str, kind: str, number: int, *, digits: bool) -> str:
    if kind == "email":
        return f"p{number}@example.test"
    if kind == "phone":
        return f"+999{number:07d}"  # no country has this code
    return str(1000 + number) if digits else f"{name}-{number}"


def _run(name: str, kind: str, begin: int, count: int) -> Iterator[str]:
    """Every identifier that may be invented for so many members."""
    for number in range(begin, begin + count):
        yield from (_identifier(name, kind, number, digits=digits) for digits in (True, False))
