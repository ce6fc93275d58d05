"""The kinds of identifiers there are, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from remote_segments.identifiers.email import EMAIL
from remote_segments.identifiers.kind import Kind
from remote_segments.identifiers.phone import PHONE
from remote_segments.identifiers.text import TEXT

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in (TEXT, EMAIL, PHONE)})
"""`text`, `email`, `phone`: what a manifest may say of an identifier."""
