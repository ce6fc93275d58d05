"""Two states of a project, compared for whoever reviews the change."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from remote_segments.config.comparing import Comparison, compare
from remote_segments.config.loader import load_project
from remote_segments.config.revision import folder_at
from remote_segments.errors import ProjectError

EXAMPLES = Path(__file__).parents[2] / "segment_configs"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example project."""
    return shutil.copytree(EXAMPLES, tmp_path / "base", ignore=shutil.ignore_patterns("audiences"))


def edited(folder: Path, name: str, **keys: Any) -> Comparison:
    """Compares the project with a copy whose segment file has other keys; None removes the file."""
    changed = shutil.copytree(folder, folder.with_name("head"))
    file = changed / "segments" / f"{name}.yaml"
    written = {**yaml.safe_load(file.read_text()), **keys}
    target = file.with_name(f"{written.pop('file', name)}.yaml")
    file.unlink()
    if not written.pop("remove", False):
        target.write_text(yaml.safe_dump(written))
    return compare(load_project(folder), load_project(changed))


def test_nothing_changed_is_nothing(folder: Path) -> None:
    """A comparison with itself is empty and false."""
    found = compare(load_project(folder), load_project(folder))
    assert not found
    assert found.segments == ()


@pytest.mark.parametrize(
    ("keys", "setting", "effect"),
    [
        ({"identifiers": [{"email": {"column": "email", "hashed": "sha256"}}]}, "identifiers", "cause `definition`"),
        ({"source": {"connection": "klaviyo", "segment_id": "OTHER"}}, "source", "cause `definition`"),
        ({"refresh_frequency": "1 day"}, "refresh_frequency", "kept by instant"),
        ({"timezone": "UTC"}, "timezone", "kept by instant"),
        ({"columns": {"include": ["contact_id"]}}, "columns", "published table"),
        ({"retention": "7 days"}, "retention", "forgotten"),
        ({"description": "another"}, "description", "history stays"),
        ({"guards": {"allow_empty": True}}, "guards", "history stays"),
    ],
)
def test_each_setting_says_what_it_does_to_history(folder: Path, keys: Any, setting: str, effect: str) -> None:
    """Promise 15: a reviewer reads beforehand whether people will seem to join or leave."""
    (found,) = edited(folder, "vip_openers", **keys).segments
    assert (found.name, found.kind) == ("vip_openers", "changed")
    (change,) = found.changes
    assert change.setting == setting
    assert effect in change.effect
    assert change.before != change.after


def test_what_is_called_definition_changes_the_definition_hash(folder: Path) -> None:
    """Promise 15: the effect that is told is the one that the engine has, for every setting in turn."""
    base = load_project(folder)
    for keys in ({"identifiers": [{"email": "email"}]}, {"timezone": "UTC"}, {"retention": "7 days"}):
        head = folder.with_name("head")
        (change,) = edited(folder, "vip_openers", **keys).segments[0].changes
        changed = load_project(head)
        hashes = [one.definition_hash(one.segments["vip_openers"]) for one in (base, changed)]
        assert ("definition" in change.effect) == (hashes[0] != hashes[1])
        shutil.rmtree(head)


def test_a_renamed_file_carries_its_history(folder: Path) -> None:
    """`renamed_from` makes one segment of two names; without it one goes and another comes."""
    (found,) = edited(folder, "newsletter", file="weekly", renamed_from="newsletter").segments
    assert (found.name, found.kind, found.former_name, found.changes) == ("weekly", "renamed", "newsletter", ())
    assert "carried over" in found.effect
    shutil.rmtree(folder.with_name("head"))
    found = edited(folder, "newsletter", file="weekly").segments
    assert [(one.name, one.kind) for one in found] == [("newsletter", "removed"), ("weekly", "added")]


def test_calls_per_day_are_compared(folder: Path) -> None:
    """Four times as often is four times the calls, before anybody pays for them."""
    found = edited(folder, "vip_openers", refresh_frequency="15 minutes")
    (calls,) = [one for one in found.calls if one.before != one.after]
    assert calls.connection == "klaviyo"
    assert calls.after > calls.before


def test_a_model_that_moves_concerns_all_its_segments(folder: Path) -> None:
    """What project.yaml says is compared where it is used."""
    changed = shutil.copytree(folder, folder.with_name("head"))
    file = changed / "project.yaml"
    file.write_text(file.read_text().replace("key: contact_id", "key: [contact_id, country]"))
    found = compare(load_project(folder), load_project(changed)).segments
    assert len(found) == len(load_project(folder).segments)
    assert all([change.setting for change in one.changes] == ["model key"] for one in found)
    assert "new `baseline`" in found[0].changes[0].effect


@pytest.fixture
def git(folder: Path) -> Callable[..., None]:
    """Runs git in the folder above the project, which is a repository with one commit."""

    def run(*words: str) -> None:
        names = ("-c", "user.name=a", "-c", "user.email=a@example.test", "-c", "init.defaultBranch=main")
        subprocess.run(["git", *names, *words], cwd=folder.parent, check=True, capture_output=True)

    run("init", "-q")
    run("add", "-A")
    run("commit", "-q", "-m", "first")
    return run


@pytest.mark.usefixtures("git")
def test_a_revision_of_git_is_a_base(folder: Path) -> None:
    """What was committed is read whole, whatever lies in the folder now."""
    (folder / "segments" / "newsletter.yaml").unlink()
    with folder_at("HEAD", folder) as base:
        found = compare(load_project(base), load_project(folder))
    assert [(one.name, one.kind) for one in found.segments] == [("newsletter", "removed")]
    assert not base.exists()


def test_a_folder_is_a_base(folder: Path) -> None:
    """Without git, another folder."""
    with folder_at(str(folder), folder) as base:
        assert base == folder


@pytest.mark.usefixtures("git")
def test_an_unknown_revision_is_told(folder: Path) -> None:
    """What git says, and what to name."""
    with pytest.raises(ProjectError) as refused, folder_at("no-such-branch", folder):
        pass
    assert refused.value.code == "unknown-revision"
    assert "no-such-branch" in str(refused.value)
