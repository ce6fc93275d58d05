"""A process that fetches a segment and kills itself when it touches a file for the n-th time: `FOLDER URL N`.

What it touches is seen through Python's audit events (open, rename, remove, mkdir); it also kills itself, at the
right count, in front of each page. It exits normally when it gets to the end first, and prints how often it touched.
"""

import os
import signal
import sys
from pathlib import Path

from remote_segments.config.loader import load_project
from remote_segments.sync.fetch import fetch
from tests.support.fetching import NOW, WINDOW, unhurried, with_small_pages

EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "socket.connect"}


class Fuse:
    """Counts down to the end of this process."""

    def __init__(self, folder: str, count: int) -> None:
        self.folder, self.count, self.touched, self.lit = folder, count, 0, False

    def burn(self, *_: object) -> None:
        """One touch; the last one is SIGKILL."""
        self.touched += self.lit
        if self.lit and self.touched == self.count:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        """What `sys.addaudithook` calls."""
        if event in EVENTS and (event == "socket.connect" or self.folder in str(arguments[0])):
            self.burn()


def main(folder: str, count: str) -> None:
    """Fetches `vip` of the project in a folder."""
    project = with_small_pages(load_project(Path(folder)))
    fuse = Fuse(folder, int(count))
    sys.addaudithook(fuse.hook)
    fuse.lit = True
    fetch(project, "vip", partition_key=WINDOW, run_id=None, now=NOW, progress=fuse.burn, connect=unhurried)
    fuse.lit = False
    sys.stdout.write(f"{fuse.touched}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
