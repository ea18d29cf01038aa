"""Gauges of the change feed: what followers do not see yet, and how old the newest change is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from extensions.telemetry.metrics import Family, Kind, Sample, Source

UNNUMBERED = Family("catalog_changes_unnumbered", Kind.GAUGE, "Committed transactions whose changes have no position.")
LAG = Family("catalog_changes_lag_seconds", Kind.GAUGE, "Age of the oldest of them; 0 without any.")
NEWEST = Family("catalog_changes_newest_seconds", Kind.GAUGE, "Age of the newest change.")

_UNNUMBERED = """
    SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0) FROM revisions WHERE position IS NULL
"""
_NEWEST = "SELECT extract(epoch FROM clock_timestamp() - max(at)) FROM revisions"
_NUMBER = "SELECT number_changes()"


def read_lag(cursor: Any) -> Iterable[Sample]:
    """Return the gauges, and then give positions to all changes.

    Without followers nothing else would do that, and the lag would grow although the feed works.
    """
    cursor.execute(_UNNUMBERED)
    count, lag = cursor.fetchone()
    yield Sample(UNNUMBERED, (), count)
    yield Sample(LAG, (), max(0.0, float(lag)))
    cursor.execute(_NEWEST)
    (newest,) = cursor.fetchone()
    if newest is not None:
        yield Sample(NEWEST, (), max(0.0, float(newest)))
    cursor.execute(_NUMBER)


FEED_LAG = Source((UNNUMBERED, LAG, NEWEST), read_lag)
