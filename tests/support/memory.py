"""The most memory that this process ever held."""

from pathlib import Path


def peak_megabytes() -> float:
    """Resident memory at its highest, in megabytes, as Linux keeps it for the program that runs now.

    `resource.getrusage` will not do: its peak is inherited by a new program from the process that started it, here a
    test worker that may be larger than what is measured.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("/proc/self/status has no VmHWM")
