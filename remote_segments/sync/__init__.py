"""The loops that do I/O: platform to warehouse, and within the warehouse from raw ids to a published segment."""
