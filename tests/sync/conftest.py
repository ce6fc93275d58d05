"""Fixtures of the loops that do I/O: a simulator of its own for each test."""

from tests.support.simulator import simulator

__all__ = ["simulator"]
