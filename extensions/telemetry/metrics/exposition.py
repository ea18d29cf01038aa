"""Values as text: OpenMetrics 1.0, or Prometheus' text format, whichever the client prefers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from .family import Family, Kind, Sample

Series = dict[tuple[str, ...], dict[str, float]]  # by labels, then by part


def exposition(
    families: Iterable[Family], values: Mapping[str, float], samples: Iterable[Sample], accept: str
) -> tuple[bytes, str]:
    """Return a document and its media type, chosen by the value of a header Accept.

    It has the `families` in their order, with `values` by key (``shared_files.key_of``) and `samples` of gauges. Values
    of other families are left out: a worker of an earlier version may have written them.
    """
    series: dict[str, Series] = defaultdict(lambda: defaultdict(dict))
    for key, value in values.items():
        _, name, labels, part = json.loads(key)
        series[name][tuple(labels)][part] = value
    for sample in samples:
        series[sample.family.name][sample.labels][""] = sample.value
    encode, media_type = choose_encoder(accept)
    return encode(_Metrics([_metric(family, series[family.name]) for family in families])), media_type


class _Metrics(Collector):
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def _metric(family: Family, series: Series) -> Metric:
    """Return a family in the form of prometheus-client."""
    if family.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(family.name, family.help, labels=family.labels)
        for labels, parts in sorted(series.items()):
            histogram.add_metric(labels, _buckets(family, parts), parts.get("sum", 0.0))
        return histogram
    metric: CounterMetricFamily | GaugeMetricFamily
    if family.kind is Kind.COUNTER:
        metric = CounterMetricFamily(family.name, family.help, labels=family.labels)
    else:
        metric = GaugeMetricFamily(family.name, family.help, labels=family.labels)
    for labels, parts in sorted(series.items()):
        metric.add_metric(labels, parts[""])
    return metric


def _buckets(family: Family, parts: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return the upper bounds of the buckets with the number of observations up to each."""
    total, buckets = 0.0, []
    for number, bound in enumerate((*family.buckets, "+Inf")):
        total += parts.get(str(number), 0.0)
        buckets.append((str(bound), total))
    return buckets
