"""One broken file of a project: it stops itself, what needs it, and schedules; not a person who runs another one."""

import pytest

from remote_segments.config.project import Project
from remote_segments.errors import InvalidProject
from remote_segments.orchestration import project as loading
from remote_segments.orchestration.build import build_definitions
from tests.support.commands import command, edit, published
from tests.support.projects import VIP, write_segment


@pytest.fixture
def partly(project: Project) -> Project:
    """A project in which `paying` is broken."""
    write_segment(project.folder, "paying", {**VIP, "model": "contcats"})
    return project


def test_a_sound_segment_is_refreshed_and_the_others_are_told(partly: Project) -> None:
    """Promise 31: with file and line from the current folder; `validate` still fails."""
    shown = command("run", "vip")
    assert shown.code == 0, shown.err
    assert "segment_configs/segments/paying.yaml:1: [unknown-model]" in shown.err
    assert "These files were left out" in shown.err
    assert published(partly)
    document = command("run", "vip", "--json").document
    assert [one["code"] for one in document["left_out"]] == ["unknown-model"]
    assert command("preview", "vip").code == 0
    assert command("validate").code == 2


def test_the_state_of_the_others_is_shown(project: Project) -> None:
    """Whoever is on call sees the sound ones; what is stored of a broken one is not called without a file."""
    assert command("run", "paying").code == 0
    write_segment(project.folder, "paying", {**VIP, "model": "contcats"})
    shown = command("status")
    assert shown.code == 0
    assert "[unknown-model]" in shown.err
    assert "vip" in shown.out
    assert "prune" not in shown.out
    document = command("status", "--json").document
    assert (document["without_a_file"], [one["code"] for one in document["left_out"]]) == ([], ["unknown-model"])


def test_what_is_wanted_must_be_right_itself(partly: Project) -> None:
    """Nor is anything run while project.yaml is wrong, or for a name that nobody has."""
    assert "[unknown-model]" in command("run", "paying").err
    assert command("run", "paying", "vip").code == 2
    assert "[unknown-segment]" in command("run", "vpi").err
    write_segment(partly.folder, "vip", {**VIP, "source": {"connection": "klavio", "segment_id": "X"}})
    shown = command("run", "vip")
    assert (shown.code, "[unknown-connection]" in shown.err) == (2, True)
    write_segment(partly.folder, "vip", VIP)
    edit(partly.folder / "project.yaml", timezone="Europe/Pariss")
    assert command("run", "vip").code == 2


def test_a_project_that_is_not_there_is_told(project: Project) -> None:
    """There is nothing to leave out then."""
    for words in (("run", "vip"), ("preview", "vip"), ("status",)):
        shown = command(*words, "--project", "nowhere")
        assert (shown.code, "[missing-file]" in shown.err) == (2, True)


def test_an_audience_that_needs_a_broken_segment_is_left_out_with_it(partly: Project) -> None:
    """It is told, too; a command for it names what it needs."""
    (partly.folder / "audiences").mkdir()
    (partly.folder / "audiences" / "both.yaml").write_text("model: contacts\nall: [vip, paying]\n")
    shown = command("run", "vip")
    assert shown.code == 0, shown.err
    assert "audiences/both.yaml" in shown.err


SPLIT = "split: {salt: s, groups: {a: 40%, b: 60%}}\n"


@pytest.mark.parametrize("broken", [f"none: [vpi]\n{SPLIT}", "split: {salt: s, groups: {a: 10%}}\n", ": :\n"])
def test_a_broken_audience_stops_what_needs_it_and_no_other(project: Project, broken: str) -> None:
    """Promise 31: others go on; whatever needs a part of it is told so, however little of it can be read."""
    folder = project.folder / "audiences"
    folder.mkdir()
    sound = "model: contacts\nall: [vip]\n"
    (folder / "offer.yaml").write_text(sound + SPLIT)
    (folder / "fine.yaml").write_text(sound)
    (folder / "second.yaml").write_text("model: contacts\nall: [offer_a]\n")
    assert command("run", "vip", "offer_a", "fine", "second").code == 0
    (folder / "offer.yaml").write_text(sound + broken)
    alone = [one for one in command("validate").err.splitlines() if "[" in one]
    assert {one.split(":")[0] for one in alone} == {"segment_configs/audiences/offer.yaml"}
    shown = command("run", "fine", "vip")
    assert shown.code == 0, shown.err
    assert "second.yaml:2: [file-left-out] `offer_a` is made by audiences/offer.yaml" in shown.err
    status = command("status", "--json").document
    assert {one["name"] for one in status["segments"]} == {"vip", "paying", "fine"}
    assert status["without_a_file"] == []
    for name in ("offer_a", "second"):
        refused = command("run", name)
        assert (refused.code, "audiences/offer.yaml:" in refused.err, "left out;" in refused.err) == (2, True, False)
    loading._loaded.cache_clear()
    with pytest.raises(InvalidProject):
        build_definitions(project.folder)


def test_schedules_never_start_with_a_part_of_a_project(partly: Project) -> None:
    """A segment that is dropped from its schedule in silence grows old in silence."""
    loading._loaded.cache_clear()
    with pytest.raises(InvalidProject):
        build_definitions(partly.folder)


def test_places_of_a_refresh_can_be_opened_from_here(project: Project) -> None:
    """`segment_configs/segments/vip.yaml:6`, as `validate` prints it."""
    edit(project.folder / "segments" / "vip.yaml", identifiers=[{"email": "e_mail"}])
    for words in (("preview", "vip"), ("run", "vip"), ("run", "vip", "--project", "segment_configs")):
        assert "segment_configs/segments/vip.yaml:6, segment vip" in command(*words).err
