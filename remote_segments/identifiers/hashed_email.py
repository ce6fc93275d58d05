"""The hash of an e-mail address that a platform gives instead of it: the model's addresses are hashed to meet it.

What is hashed is the address as it is compared: without blanks, in lower case. That is what platforms ask for, as
https://support.google.com/google-ads/answer/7474263 and https://mailchimp.com/developer/marketing/docs/methods-parameters/.
"""

from remote_segments.identifiers.email import EMAIL
from remote_segments.identifiers.hashing import hash_of

EMAIL_MD5, EMAIL_SHA1, EMAIL_SHA256 = HASHED_EMAILS = tuple(hash_of(EMAIL, name) for name in ("md5", "sha1", "sha256"))
