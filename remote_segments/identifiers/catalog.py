"""The kinds of identifiers there are, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from remote_segments.identifiers.advertising_id import ADVERTISING_ID
from remote_segments.identifiers.contact_id import CONTACT_ID
from remote_segments.identifiers.email import EMAIL
from remote_segments.identifiers.external_id import EXTERNAL_ID
from remote_segments.identifiers.hashed_email import HASHED_EMAILS
from remote_segments.identifiers.hashed_phone import HASHED_PHONES
from remote_segments.identifiers.kind import Kind
from remote_segments.identifiers.phone import PHONE
from remote_segments.identifiers.platform_id import PLATFORM_ID
from remote_segments.identifiers.text import TEXT
from remote_segments.identifiers.user_id import USER_ID
from remote_segments.identifiers.uuid import UUID

_ALL = (
    TEXT, EXTERNAL_ID, USER_ID, CONTACT_ID, PLATFORM_ID, EMAIL, PHONE, UUID, ADVERTISING_ID,
    *HASHED_EMAILS, *HASHED_PHONES,
)  # fmt: skip

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})
"""What a manifest may say of an identifier."""
