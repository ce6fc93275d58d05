"""The hash of a telephone number that a platform gives instead of it: the model's numbers are hashed to meet it.

What is hashed is the number as E.164, with its plus sign (https://support.google.com/google-ads/answer/7474263).
"""

from dataclasses import replace

from remote_segments.identifiers.hashing import hash_of
from remote_segments.identifiers.phone import PHONE

PHONE_MD5, PHONE_SHA1, PHONE_SHA256 = HASHED_PHONES = tuple(
    replace(hash_of(PHONE, name), options=("region",)) for name in ("md5", "sha1", "sha256")
)
