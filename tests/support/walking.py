"""A page that is walked through by its reader: the files that it shows, its commands, and what these print."""

import re
from dataclasses import dataclass, field
from pathlib import Path

BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"# (?P<name>[\w./]+\.\w+)\n")
ANY = "..."
"""On the page: lines, or the rest of a line, that are not shown."""


@dataclass(frozen=True)
class Step:
    """A command, and the lines that are shown of what it prints."""

    command: str
    shown: list[str] = field(default_factory=list)


def steps(page: str) -> list[Step]:
    """The commands of a page, in their order."""
    found: list[Step] = []
    for block in BLOCK.finditer(page):
        for line in block["text"].splitlines() if block["kind"] == "console" else ():
            if line.startswith("$ "):
                found.append(Step(line.removeprefix("$ ")))
            else:
                found[-1].shown.append(line)
    return found


def files(page: str) -> dict[str, str]:
    """The files that a page shows whole: blocks that begin with a comment that is the file's name."""
    named = {match["name"]: block["text"] for block in BLOCK.finditer(page) if (match := NAME.match(block["text"]))}
    return {name: text for name, text in named.items() if name}


def write_files(page: str, folder: Path) -> None:
    """Writes the files that a page shows."""
    for name, text in files(page).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def plain(line: str) -> str:
    """A line without what differs from day to day: numbers and the width of columns."""
    return " ".join(re.sub(r"\d[\d,.]*", "0", line).split())


def missing(shown: list[str], printed: list[str], *, exactly: bool = False) -> list[str]:
    """The lines of the page that are not printed, in their order; `exactly` compares numbers, too."""
    same = (lambda line: " ".join(line.split())) if exactly else plain
    left = [same(line) for line in printed]
    wrong = []
    for line in shown:
        if line == ANY:
            continue
        wanted, beginning = same(line.removesuffix(ANY)), line.endswith(ANY)
        found = next(
            (n for n, one in enumerate(left) if (one.startswith(wanted) if beginning else one == wanted)), None
        )
        if found is None:
            wrong.append(line)
        else:
            left = left[found + 1 :]
    return wrong
