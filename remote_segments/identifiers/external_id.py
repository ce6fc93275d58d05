"""The id that the team's own systems gave a person, and that the platform carries along."""

from dataclasses import replace

from remote_segments.identifiers.text import TEXT

EXTERNAL_ID = replace(TEXT, name="external_id")
