"""The metrics of the service, but those that other features measure."""

from __future__ import annotations

from extensions.telemetry.metrics import Family, Kind

UNKNOWN_ROUTE, OTHER_METHOD = "unknown", "other"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Seconds. A cache hit takes far less than the first one; the database has 4 s for a request.
BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.25, 1.0, 5.0)

REQUESTS = Family(
    "catalog_http_request_duration_seconds",
    Kind.HISTOGRAM,
    "Requests by their duration, from the complete request to the end of the response; without streams.",
    ("route", "method", "status"),
    BUCKETS,
)
STREAMS = Family(
    "catalog_http_streams_total",
    Kind.COUNTER,
    "Streamed responses that have ended, whole or incomplete: whole lists and followers of changes.",
    ("route", "method", "status", "end"),
)
CACHE_RESULTS = Family(
    "catalog_cache_results_total",
    Kind.COUNTER,
    "Reads by what the response cache did: hit, miss, collapsed (shared the response of an identical request), "
    "request (the client asked for a fresh response), bypass (not cacheable).",
    ("result",),
)
STATEMENTS = Family("catalog_database_statements_total", Kind.COUNTER, "Statements sent by requests.", ("route",))
DATABASE_SECONDS = Family(
    "catalog_database_seconds_total", Kind.COUNTER, "Time that requests spent in statements.", ("route",)
)
WAITING_SECONDS = Family(
    "catalog_request_waiting_seconds_total",
    Kind.COUNTER,
    "Time that requests waited: for a thread, the limiter, a connection, or an identical request.",
    ("route",),
)
SLOTS = Family("catalog_database_slots", Kind.GAUGE, "Requests that may use the database at once, in all workers.")
SLOTS_TAKEN = Family("catalog_database_slots_taken", Kind.GAUGE, "Requests that use the database now.")
SLOTS_AWAITED = Family("catalog_database_slots_awaited", Kind.GAUGE, "Requests that wait for the database now.")
DATABASE_UP = Family("catalog_database_up", Kind.GAUGE, "Whether the database answered this scrape: 1 or 0.")
JOBS = Family("catalog_jobs", Kind.GAUGE, "Jobs in the table, by kind and state.", ("kind", "state"))
OLDEST_QUEUED = Family(
    "catalog_jobs_oldest_queued_seconds", Kind.GAUGE, "Time since the oldest queued job became due; 0 without one."
)
ENDED_JOBS = Family(
    "catalog_jobs_ended_last_hour", Kind.GAUGE, "Jobs that ended within the last hour.", ("kind", "state")
)
JOB_SECONDS = Family(
    "catalog_jobs_mean_seconds_last_hour",
    Kind.GAUGE,
    "Mean time from the start to the end of the jobs that succeeded within the last hour.",
    ("kind",),
)
WORKERS = Family("catalog_workers", Kind.GAUGE, "Worker processes of the server.")
WORKER_STARTS = Family("catalog_worker_starts_total", Kind.COUNTER, "Worker processes started, replacements included.")
CPU_SECONDS = Family("catalog_process_cpu_seconds_total", Kind.COUNTER, "CPU time of all workers, user and system.")
MEMORY_BYTES = Family("catalog_process_resident_memory_bytes", Kind.GAUGE, "Resident memory of all workers.")
BUILD = Family("catalog_build_info", Kind.GAUGE, "The version of the service; always 1.", ("version",))

FAMILIES = (
    REQUESTS,
    STREAMS,
    CACHE_RESULTS,
    STATEMENTS,
    DATABASE_SECONDS,
    WAITING_SECONDS,
    SLOTS,
    SLOTS_TAKEN,
    SLOTS_AWAITED,
    DATABASE_UP,
    JOBS,
    OLDEST_QUEUED,
    ENDED_JOBS,
    JOB_SECONDS,
    WORKERS,
    WORKER_STARTS,
    CPU_SECONDS,
    MEMORY_BYTES,
    BUILD,
)
