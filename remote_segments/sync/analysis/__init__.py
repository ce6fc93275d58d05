"""Questions about published segments, answered from the tables: each returns a pandas frame of counts, never a person.

All take the loaded project and names of segments, and `smallest`, the size below which groups of people are left out
(null in the frame) together with what they could be computed from; None shows everything.
"""

from remote_segments.sync.analysis.breakdown import breakdown
from remote_segments.sync.analysis.coverage import coverage
from remote_segments.sync.analysis.funnel import funnel
from remote_segments.sync.analysis.overlap import intersections, overlap, overlaps, pressure
from remote_segments.sync.analysis.trend import trend

__all__ = ["breakdown", "coverage", "funnel", "intersections", "overlap", "overlaps", "pressure", "trend"]
