"""A telephone number, compared as E.164; national spellings count where the segment says of which country they are."""

from remote_segments.identifiers.kind import Kind
from remote_segments.identifiers.telephone import E164

PHONE = Kind(
    name="phone",
    description="Compared as + and 7 to 15 digits; other spellings are brought into that form where they can be, "
    "national ones only with a region.",
    pattern=E164,
    telephone=True,
    options=("region",),
)
