"""What the rows of a segment come from inside the warehouse, as far as the project knows it."""

from collections.abc import Iterator
from dataclasses import dataclass

from remote_segments.config.audience import Audience
from remote_segments.config.project import Project
from remote_segments.config.segment import Segment
from remote_segments.membership.expressions import inputs
from remote_segments.warehouses.platform import WAREHOUSE
from remote_segments.warehouses.reads import tables_read


@dataclass(frozen=True)
class Upstream:
    """What a source reads: the asset that its file names, models by their tables, published segments and audiences."""

    asset: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    published: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return bool(self.asset or self.models or self.published)


def upstream(project: Project, segment: Segment) -> Upstream:
    """Returns what the source of a segment reads; nothing where a platform holds its members.

    A table counts as what it is known to be: the table of a model, the published table of another segment or of an
    audience, unless that is made of this segment itself. Any other is named by `source.asset`.
    """
    configured = segment.source.ids.get("asset") if project.source_is_rows(segment) else None
    asset = (configured,) if isinstance(configured, str) else tuple(configured or ())
    published = sorted(_published(project, segment))
    return Upstream(
        asset,
        tuple(_models(project, set(source_tables(project, segment)))),
        tuple(name for name in published if segment.name not in _closure(project, name)),
    )


def models_read(project: Project) -> set[str]:
    """Returns the models whose tables some segment's source reads."""
    tables = {table for segment in project.segments.values() for table in source_tables(project, segment)}
    return set(_models(project, tables))


def source_tables(project: Project, segment: Segment) -> tuple[str, ...]:
    """Returns the warehouse's tables that a source reads, in lower case, as far as its text tells."""
    if project.connection_of(segment).platform != WAREHOUSE.name:
        return ()
    table, sql = segment.source.ids.get("table"), segment.source.ids.get("sql")
    if isinstance(table, str):
        return (table.lower(),)
    return tables_read(sql, project.warehouse.kind) if isinstance(sql, str) else ()


def _models(project: Project, tables: set[str]) -> Iterator[str]:
    for name, model in sorted(project.models.items()):
        if model.table is not None and model.table.lower() in tables:
            yield name


def _published(project: Project, segment: Segment) -> set[str]:
    """The other segments, and the audiences, whose published tables the source of one reads."""
    parts = [table.rpartition(".") for table in source_tables(project, segment)]
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
