"""Statements that fail in a test, one after the other: what stops a transaction at each of its steps."""

from typing import Any

import pytest


class StoppedError(Exception):
    """What a statement of a test fails with."""


def stop_at(patch: pytest.MonkeyPatch, kind: type[Any], number: int) -> None:
    """Makes the statement of that number fail, of all that sessions of a class execute from now on."""
    original, left = kind.execute, number

    def execute(self: Any, sql: str) -> int:
        nonlocal left
        left -= 1
        if left == 0:
            raise StoppedError
        return int(original(self, sql))

    patch.setattr(kind, "execute", execute)
