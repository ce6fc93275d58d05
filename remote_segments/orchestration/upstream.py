"""What the rows of a segment come from inside the warehouse: models, segments, audiences, assets of the team."""

from collections.abc import Iterator

import dagster as dg

from remote_segments.config.audience import Audience
from remote_segments.config.project import Project
from remote_segments.config.segment import Segment
from remote_segments.membership.expressions import inputs
from remote_segments.orchestration.keys import model_key, segment_key
from remote_segments.warehouses.platform import WAREHOUSE
from remote_segments.warehouses.reads import tables_read


def upstream_of(project: Project, segment: Segment, prefix: tuple[str, ...]) -> list[dg.AssetDep]:
    """Returns what the fetch of a segment depends on: nothing where a platform holds it.

    A table counts as what it is known to be: the table of a model, the published table of another segment or of an
    audience. Any other is named by `source.asset`. The latest of each is read, whatever window it is of.
    """
    configured = segment.source.ids.get("asset") if project.source_is_rows(segment) else None
    parts = [configured] if isinstance(configured, str) else configured
    keys = [dg.AssetKey(list(parts))] if parts else []
    tables = set(_tables(project, segment))
    for name, model in sorted(project.models.items()):
        if model.table is not None and model.table.lower() in tables:
            keys.append(model_key(name, model.asset, prefix))
    read = {
        segment_key(name, prefix): dg.LastPartitionMapping() if name in project.segments else None
        for name in sorted(_published(project, segment))
        if segment.name not in _closure(project, name)
    }
    return [dg.AssetDep(key, partition_mapping=read.get(key)) for key in dict.fromkeys((*keys, *read))]


def models_read(project: Project) -> set[str]:
    """Returns the models whose tables some segment's source reads."""
    tables = {table for segment in project.segments.values() for table in _tables(project, segment)}
    return {name for name, model in project.models.items() if model.table is not None and model.table.lower() in tables}


def _tables(project: Project, segment: Segment) -> Iterator[str]:
    if project.connection_of(segment).platform != WAREHOUSE.name:
        return
    table, sql = segment.source.ids.get("table"), segment.source.ids.get("sql")
    if isinstance(table, str):
        yield table.lower()
    elif isinstance(sql, str):
        yield from tables_read(sql, project.warehouse.kind)


def _published(project: Project, segment: Segment) -> set[str]:
    """The other segments, and the audiences, whose published tables the source of one reads."""
    parts = [table.rpartition(".") for table in _tables(project, segment)]
    schema = project.warehouse.schema_.lower()
    return {name for above, _, name in parts if above == schema and name in project.published} - {segment.name}


def _closure(project: Project, name: str) -> set[str]:
    """Everything that rows come from, by way of others too: two that are made of each other depend on neither."""
    found, waiting = set[str](), {name}
    while waiting:
        one = project.published.get(name := waiting.pop())
        found.add(name)
        if one is not None:
            read = inputs(one.expression) if isinstance(one, Audience) else _published(project, one)
            waiting |= set(read) - found
    return found
