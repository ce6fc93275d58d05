"""The number of a contact in the team's own CRM."""

from dataclasses import replace

from remote_segments.identifiers.text import TEXT

CONTACT_ID = replace(TEXT, name="contact_id")
