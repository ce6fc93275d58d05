"""What the UI says about an asset before it ever ran: description, owner, group, kinds, tags, its file."""

import json
from pathlib import Path
from typing import Any

import dagster as dg

from remote_segments.config.common import CommonSettings
from remote_segments.config.project import Project
from remote_segments.config.segment import Segment


def group_of(segment: CommonSettings) -> str:
    """The group that an asset is shown in: the one in its file, else one per segment.

    The graph writes only the last part of an asset's key on its box, so that without a group of its own nobody could
    tell the chains apart.
    """
    return segment.group or segment.name


def owners_of(segment: CommonSettings) -> list[str]:
    """The owner as Dagster wants it: an e-mail address or `team:name`."""
    if not segment.owner:
        return []
    return [segment.owner if "@" in segment.owner or segment.owner.startswith("team:") else f"team:{segment.owner}"]


def tags_of(project: Project, segment: Segment) -> dict[str, str]:
    """Tags to filter by in the UI; those of the file come last and win."""
    return {
        "remote_segments/segment": segment.name,
        "remote_segments/connection": segment.source.connection,
        "remote_segments/platform": project.connection_of(segment).platform,
        "remote_segments/model": segment.model,
        **segment.tags,
    }


def metadata_of(project: Project, segment: Segment) -> dict[str, Any]:
    """The file as a code reference, the page of the segment in the platform's own tool, the definition."""
    found: dict[str, Any] = {
        **code_reference(project.file_of(segment)),
        "refresh frequency": segment.refresh_frequency.text,
        "identifiers": ", ".join(" and ".join(entry) for entry in segment.identifiers),
        "source": ", ".join(f"{key} {_said(value)}" for key, value in segment.source.ids.items()),
    }
    page = project.page_url(segment)
    return {**found, "page in the tool": dg.MetadataValue.url(page)} if page else found


def code_reference(file: Path) -> dict[str, Any]:
    """The file, as a link of the UI."""
    reference = dg.LocalFileCodeReference(file_path=str(file), line_number=1, label=file.name)
    return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[reference])}


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


TEXTS = {
    "raw_remote_ids": "The ids of the members, as {platform} gave them; fetched anew at each refresh.",
    "mapped_keys": "The members found in the model `{model}`, and why each of the others was not.",
    "enriched_segment": "{description}",
}


def description_of(project: Project, segment: Segment, layer: str) -> str:
    """One sentence on what an asset holds."""
    platform = project.manifest_of(segment).title
    return TEXTS[layer].format(
        platform=platform, model=segment.model, description=segment.description or f"Members of {segment.name}."
    )
