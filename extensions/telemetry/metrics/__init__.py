"""Metrics: counts of each process, added up over all workers, in the formats of Prometheus and OpenMetrics."""

from .counts import Counts
from .family import Family, Kind, Sample
from .metrics import METRICS, Metrics, Source, add_source, sources_of

__all__ = ["METRICS", "Counts", "Family", "Kind", "Metrics", "Sample", "Source", "add_source", "sources_of"]
