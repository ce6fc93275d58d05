"""The report: one page of HTML without a network, a script or a person in it, of pictures with the table of each."""

from remote_segments.report.content import Content, read_content
from remote_segments.report.page import page

__all__ = ["Content", "page", "read_content"]
