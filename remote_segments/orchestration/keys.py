"""Asset keys: `segments/<name>/<layer>`, so that the three assets of a segment stand together in the UI."""

from collections.abc import Sequence

import dagster as dg

LAYERS = ("raw_remote_ids", "mapped_keys", "enriched_segment")
"""The three assets of every segment, in the order in which they are made."""


def as_prefix(asset_prefix: str | Sequence[str]) -> tuple[str, ...]:
    """One text or several become the first parts of every asset key."""
    return (asset_prefix,) if isinstance(asset_prefix, str) else tuple(asset_prefix)


def layer_key(name: str, layer: str, asset_prefix: str | Sequence[str] = ()) -> dg.AssetKey:
    """The key of one asset of a segment."""
    return dg.AssetKey([*as_prefix(asset_prefix), "segments", name, layer])


def segment_key(name: str, asset_prefix: str | Sequence[str] = ()) -> dg.AssetKey:
    """The key that downstream assets depend on: the enriched segment, which is the one that is published.

    Args:
        name: the segment's name, which is its file's name.
        asset_prefix: the same as was given to `build_definitions`.
    """
    return layer_key(name, "enriched_segment", asset_prefix)


def chain_keys(name: str, asset_prefix: str | Sequence[str] = ()) -> list[dg.AssetKey]:
    """The keys of the three assets of a segment."""
    return [layer_key(name, layer, asset_prefix) for layer in LAYERS]


def activation_key(name: str, layer: str, asset_prefix: str | Sequence[str] = ()) -> dg.AssetKey:
    """The key of one of the two assets of an activation, `activation_plan` and `activation`."""
    return dg.AssetKey([*as_prefix(asset_prefix), "activations", name, layer])


def model_key(name: str, configured: Sequence[str] | None, asset_prefix: str | Sequence[str] = ()) -> dg.AssetKey:
    """The key of a data model's asset: the team's own where project.yaml names it, else `models/<name>`."""
    return dg.AssetKey(list(configured)) if configured else dg.AssetKey([*as_prefix(asset_prefix), "models", name])
