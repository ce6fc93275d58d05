"""The definition hash changes with what decides who is in a segment, and with nothing else."""

import shutil
from pathlib import Path

import pytest

from remote_segments.config.loader import load_project

PLAIN = Path(__file__).parents[1] / "configs" / "good" / "plain"


def hash_after(folder: Path, file: str = "project.yaml", old: str = "", new: str = "") -> str:
    """The hash of the plain example after one edit, loaded from `folder`."""
    shutil.copytree(PLAIN, folder, dirs_exist_ok=True)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    project = load_project(folder, "development")
    return project.definition_hash(project.segment("vip_openers"))


SEGMENT = "segments/vip_openers.yaml"

MEMBERSHIP = [
    (SEGMENT, "XkR2fP", "XkR2fp"),
    (SEGMENT, "segment_id", "list_id"),
    (SEGMENT, "  - external_id: contact_id\n", ""),
    (SEGMENT, "external_id: contact_id\n  - email: email", "email: email\n  - external_id: contact_id"),
    (SEGMENT, "email: email", "email: {column: email, hashed: md5}"),
    (SEGMENT, "email: email", "email: phone"),
    (SEGMENT, "email: email", "email: {column: email, plus_addresses: ignore}"),
    (SEGMENT, "email: email", "email: {column: email, dots: [example.com]}"),
    (SEGMENT, "email: email", "phone: {column: phone, region: FR}"),
    (SEGMENT, "external_id: contact_id", "external_id: {column: contact_id, prefix: crm_}"),
    (SEGMENT, "external_id: contact_id", "external_id: {column: contact_id, zero_padded: 10}"),
    ("project.yaml", "analytics.contacts", "analytics.people"),
    ("project.yaml", "table: analytics.contacts", "sql: select * from analytics.contacts"),
    ("project.yaml", "table: analytics.contacts", "path: contacts.parquet"),
    ("project.yaml", "key: contact_id", "key: [contact_id, email]"),
]

LOOKS = [
    (SEGMENT, "Opened a VIP", "Has opened a VIP"),
    (SEGMENT, "owner: lifecycle@example.com\n", ""),
    (SEGMENT, "1 hour", "15 minutes"),
    (SEGMENT, "1 hour", "1 hour\nretention: 5 days\ncolumns: {include: [email]}\nguards: {allow_empty: true}"),
    ("project.yaml", "contact_id, email, phone, first_name", "contact_id, email"),
    ("project.yaml", "{env: KLAVIYO_API_KEY}", "{env: OTHER_KEY}"),
    (
        "project.yaml",
        "{platform: klaviyo,",
        "{platform: klaviyo, limits: {per_day: 9000},",
    ),
    ("project.yaml", "Europe/Paris", "Europe/Rome"),
]


@pytest.mark.parametrize(("file", "old", "new"), MEMBERSHIP)
def test_what_decides_membership_changes_the_hash(tmp_path: Path, file: str, old: str, new: str) -> None:
    """Promise 15: an edit of source, identifiers or model is seen, so its events are `definition`."""
    assert hash_after(tmp_path / "edited", file, old, new) != hash_after(tmp_path / "plain")


@pytest.mark.parametrize(("file", "old", "new"), LOOKS)
def test_what_does_not_decide_membership_leaves_the_hash(tmp_path: Path, file: str, old: str, new: str) -> None:
    """A new description, frequency or key of the account makes no event a `definition`."""
    assert hash_after(tmp_path / "edited", file, old, new) == hash_after(tmp_path / "plain")


def test_a_project_can_be_moved(tmp_path: Path) -> None:
    """A model's file counts by its path from the project, so another folder gives the same hash."""
    edit = ("project.yaml", "table: analytics.contacts", "path: data/contacts.csv")
    assert hash_after(tmp_path / "here", *edit) == hash_after(tmp_path / "there" / "deeper", *edit)


def test_the_hash_of_a_release_stays(tmp_path: Path) -> None:
    """A new release must not make every segment's next events `definition`."""
    assert hash_after(tmp_path) == "3696e88569a8393a07c27e2f01b443e2"
