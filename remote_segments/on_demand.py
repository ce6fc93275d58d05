"""A mapping whose values are made when they are first asked for."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

Value = TypeVar("Value")


class OnDemand(Mapping[str, Value]):
    """Names that are known at once, and values that cost something: each is made once, at its first use.

    Args:
        makers: what makes each value, by name. What one raises reaches whoever asked for that value.
    """

    def __init__(self, makers: Mapping[str, Callable[[], Value]]) -> None:
        self.makers = dict(makers)
        self._made: dict[str, Value] = {}

    def __getitem__(self, name: str) -> Value:
        if name not in self._made:
            self._made[name] = self.makers[name]()
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self.makers  # a Mapping's own would make the value

    def __iter__(self) -> Iterator[str]:
        return iter(self.makers)

    def __len__(self) -> int:
        return len(self.makers)
