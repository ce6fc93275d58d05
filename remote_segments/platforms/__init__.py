"""The platforms that come with the project: one manifest each, and beside it what its platform documents."""

from pathlib import Path

EXCHANGES = ".exchanges.yaml"
"""How the file with a platform's documented exchanges ends, where it is kept beside its manifest."""

RECORDED = ".live"
"""What follows the platform's name where exchanges were recorded with a real account."""


def exchanges_files() -> dict[str, Path]:
    """Returns the files of documented exchanges that come with the project, by platform."""
    files = sorted((Path(__file__).parent / "exchanges").glob("*.yaml"))
    return {file.stem: file for file in files if not file.stem.endswith(RECORDED)}
