"""Platforms that no manifest can describe: a manifest says who they are, a Python class how to speak to them."""

from remote_segments.rest.describing import Description
from remote_segments.rest.listing import Listed
from remote_segments.rest.messages import Pause, Request, Response
from remote_segments.rest.python.platform import Asking, Complete, PythonPlatform, Source

__all__ = ["Asking", "Complete", "Description", "Listed", "Pause", "PythonPlatform", "Request", "Response", "Source"]
