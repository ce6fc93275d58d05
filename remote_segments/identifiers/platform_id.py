"""The platform's own id of a person: compared exactly as written, and never rewritten by an option."""

from dataclasses import replace

from remote_segments.identifiers.text import TEXT

PLATFORM_ID = replace(TEXT, name="platform_id", options=())
