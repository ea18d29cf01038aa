"""``/metrics``: requests, cache, database, jobs, change feed and processes, for Prometheus and compatible systems."""
