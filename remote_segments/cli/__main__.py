"""Lets `python -m remote_segments.cli` be the command too."""

from remote_segments.cli.app import main

main()
