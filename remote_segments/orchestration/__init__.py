"""Everything Dagster: the only package, with `definitions`, that imports it."""
