"""Platforms that no manifest can describe: a manifest says who they are, a Python class how to speak to them."""

from remote_segments.rest.messages import Pause, Request, Response
from remote_segments.rest.python.platform import Asking, Complete, PythonPlatform, Source
from remote_segments.sources.members import Description, Listed

__all__ = ["Asking", "Complete", "Description", "Listed", "Pause", "PythonPlatform", "Request", "Response", "Source"]
