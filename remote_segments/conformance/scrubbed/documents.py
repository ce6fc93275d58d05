"""Documents of an account: their structure and their names of keys, their counts, and invented values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from remote_segments.conformance.scrubbed.addresses import Addresses
from remote_segments.conformance.scrubbed.invented import NOTHING


@dataclass
class Documents:
    """Scrubs the answers of one account; `dropped` counts keys whose names nothing says to be public."""

    addresses: Addresses
    used: frozenset[str]  # values that calls were made with
    dropped: int = 0
    digests: dict[str, str] = field(default_factory=dict)  # of files as they came: of files as they are written

    def document(self, value: Any) -> Any:
        """Returns the JSON of an answer."""
        if isinstance(value, int) and self.addresses.public.counted_whole:
            return int(self.addresses.invented.text(str(value)) or value)
        return self._value(value, "", deep=False)

    def text(self, text: str, key: str = "") -> str:
        """Returns one text of an answer, by the key that it stands at."""
        invented, public = self.addresses.invented, self.addresses.public
        if not text or (key in public.counts and text.isdecimal()):
            return text
        found = invented.text(text) or self._digest(text)
        if found is not None:
            return found
        leading = key in public.cursors or text in self.used
        if text in public.words or text in public.documented or ((key, text) in public.pairs and not leading):
            return text
        if text.startswith(("https://", "http://")) or (key in public.cursors and text.startswith("/")):
            return self.addresses.address(text)
        if leading:
            return invented.carried(text)
        return invented.instant(text) or NOTHING

    def _digest(self, text: str) -> str | None:
        """Returns the check sum of the file as it is written, where a text is that of the file as it came."""
        plain = text.lower().removeprefix("sha256:")
        new = self.digests.get(plain)
        return new and text[: len(text) - len(plain)] + new

    def lines(self, text: str) -> str:
        """Returns a file of which nothing is known but that it has lines: JSON or texts."""
        return "\n".join(self._line(line) for line in text.split("\n"))

    def _line(self, line: str) -> str:
        try:
            return json.dumps(self._value(json.loads(line), "", deep=True)) if line.startswith("{") else self.text(line)
        except ValueError:
            return NOTHING

    def _value(self, value: Any, key: str, *, deep: bool) -> Any:
        public = self.addresses.public
        if isinstance(value, Mapping):
            leading = key in public.cursors
            return dict(self._pair(str(name), inner, key if leading else "", deep=deep) for name, inner in value.items()
                        if self._kept(str(name), deep=deep))  # fmt: skip
        if isinstance(value, list):
            within = key if key in public.cursors else ""  # what stands in an array is no count, but may be a member
            return [self._value(inner, within, deep=True) for inner in value]
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int | float):
            return self._number(value, key)
        return self.text(value, key)

    def _pair(self, name: str, value: Any, above: str, *, deep: bool) -> tuple[str, Any]:
        """A key with its value; within a cursor that is an object, every value is a cursor."""
        known = self.addresses.invented.text(name)
        inner_deep = deep or known is not None
        return known or name, self._value(value, above or name, deep=inner_deep)

    def _kept(self, name: str, *, deep: bool) -> bool:
        public = self.addresses.public
        kept = name in self.addresses.invented or name in public.keys or (not deep and public.plain(name))
        self.dropped += not kept
        return kept

    def _number(self, value: float, key: str) -> float:
        invented, public = self.addresses.invented, self.addresses.public
        if key in public.counts:
            return value
        text = invented.carried(str(value)) if key in public.cursors else invented.text(str(value)) or "0"
        return int(text) if text.lstrip("-").isdecimal() else 0
