"""Kinds of identifiers: what makes two spellings of an e-mail address, a phone number or an id the same."""

from remote_segments.identifiers.catalog import KINDS
from remote_segments.identifiers.hashing import HASHES, HEXDIGEST, hexdigest
from remote_segments.identifiers.kind import Kind
from remote_segments.identifiers.options import NO_OPTIONS, Options
from remote_segments.identifiers.sides import Side, sides

__all__ = ["HASHES", "HEXDIGEST", "KINDS", "NO_OPTIONS", "Kind", "Options", "Side", "hexdigest", "sides"]
