"""`explain`: one person, as somebody on call asks for them."""

from remote_segments.config.project import Project
from remote_segments.simulator import Simulator
from tests.support.commands import command
from tests.support.fetching import Refresher
from tests.support.projects import table_rows


def test_a_person_is_explained_in_lines_and_as_a_document(project: Project, simulator: Simulator) -> None:
    """Which segments they are in, by what, and of the others why not; a past stay is a line below."""
    desk = Refresher(project, simulator)
    for name in ("vip", "paying", "vip", "paying"):
        desk.refresh(name)
    key = next(key for key, event in table_rows(project, "changes", "key, event") if event == "left")
    shown = command("explain", "key", key)
    assert shown.code == 0, shown.err
    assert key not in shown.out
    assert "known by a key of contacts" in shown.out
    assert "left (remote)" in shown.out
    document = command("explain", "key", key, "--json").document
    assert [one["name"] for one in document["segments"]] == ["paying", "vip"]
    assert key not in str(document)


def test_somebody_nobody_knows_and_a_name_that_is_misspelt(project: Project, simulator: Simulator) -> None:
    """Nobody is an answer, a misspelt name is an error."""
    Refresher(project, simulator).refresh("vip")
    shown = command("explain", "email", "nobody@example.test")
    assert (shown.code, "no row of a model is known" in shown.out) == (0, True)
    assert "paying  not known: nothing was fetched yet" in shown.out
    assert command("explain", "emial", "x@example.test").code == 2


def test_before_the_first_refresh(project: Project) -> None:
    """Nothing is stored, which is said."""
    shown = command("explain", "email", "nobody@example.test")
    assert (shown.code, "Nothing is stored yet." in shown.out) == (0, True)
