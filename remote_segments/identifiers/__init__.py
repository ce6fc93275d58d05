"""Kinds of identifiers: what makes two spellings of an e-mail address, a phone number or an id the same."""

from remote_segments.identifiers.catalog import KINDS
from remote_segments.identifiers.hashing import HASHES, HEXDIGEST, hexdigest
from remote_segments.identifiers.kind import Kind

__all__ = ["HASHES", "HEXDIGEST", "KINDS", "Kind", "hexdigest"]
