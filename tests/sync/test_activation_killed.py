"""A send that is killed at any point is taken up by the next one: nobody acknowledged is sent twice, nobody is lost."""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.activations import address
from tests.support.killed_send import AFTER, BEFORE

ROOT = Path(__file__).parents[2]


def told(folder: Path, destination: str) -> list[dict]:
    """What came of every try."""
    words = [sys.executable, "-m", "tests.support.killed_send", str(folder), destination]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1200)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_killed_send_ends_with_exactly_the_audience(tmp_path):
    """Promise 22: killed before statements and around calls all along, then run again: the list is the audience.

    What was acknowledged is not sent again, what was announced and not answered is looked for first, a stranger stays.
    """
    tries = told(tmp_path, "list")
    assert sum(one["killed"] for one in tries) >= 12
    for one in tries:
        assert set(one["people"]) == {address(n) for n in AFTER} | {"stranger@example.com"}
        assert one["known"] == {str(n): "yes" for n in AFTER}
        assert one["outgoing"] == 0
        assert one["states"][-1][0] in ("applied", "stopped")
        new = {str(n) for n in AFTER} - {str(n) for n in BEFORE}
        again = {address for _, some in one["second"] for address in some}
        acknowledged = {address(int(key)) for key in one["acknowledged"] if key in new}
        assert not again & acknowledged
        verbs = [verb for verb, _ in [*one["first"], *one["second"]]]
        assert "add" not in verbs[verbs.index("remove") :] if "remove" in verbs else True


def test_a_file_is_the_former_or_the_new_one_whenever_its_sender_is_killed(tmp_path):
    """All or nothing: a reader sees one of the two, and the next send ends with the new one."""
    tries = told(tmp_path, "file")
    assert sum(one["killed"] for one in tries) >= 4
    old = ["email", *sorted((address(n) for n in BEFORE), key=str)]
    new = ["email", *sorted((address(n) for n in AFTER), key=str)]
    for one in tries:
        assert [one["seen"][0], *sorted(one["seen"][1:])] in (old, new)
        assert [one["file"][0], *sorted(one["file"][1:])] == new
        assert one["known"] == {str(n): "yes" for n in AFTER}
