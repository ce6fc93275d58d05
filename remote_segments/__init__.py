"""Audiences held by marketing tools, as fresh, complete, enriched segments in your own warehouse."""

__version__ = "0.1.0"
