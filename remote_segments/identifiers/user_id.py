"""The id of a user in the team's own product, as an analytics tool knows it."""

from dataclasses import replace

from remote_segments.identifiers.text import TEXT

USER_ID = replace(TEXT, name="user_id")
