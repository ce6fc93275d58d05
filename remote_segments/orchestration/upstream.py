"""The assets that the rows of a segment come from: models, segments, audiences, assets of the team."""

import dagster as dg

from remote_segments.config.project import Project
from remote_segments.config.segment import Segment
from remote_segments.orchestration.keys import model_key, segment_key
from remote_segments.sync.upstream import upstream


def upstream_of(project: Project, segment: Segment, prefix: tuple[str, ...]) -> list[dg.AssetDep]:
    """Returns what the fetch of a segment depends on: nothing where a platform holds it.

    The latest of each is read, whatever window it is of.
    """
    read = upstream(project, segment)
    keys = [dg.AssetKey(list(read.asset))] if read.asset else []
    keys += [model_key(name, project.models[name].asset, prefix) for name in read.models]
    published = {
        segment_key(name, prefix): dg.LastPartitionMapping() if name in project.segments else None
        for name in read.published
    }
    return [dg.AssetDep(key, partition_mapping=published.get(key)) for key in dict.fromkeys((*keys, *published))]
