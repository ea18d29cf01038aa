"""Jobs that ended are deleted after the time of their kind."""

from __future__ import annotations

from collections.abc import Callable

from extensions.jobs import run_job, sweep
from extensions.jobs.expiry import OLD_JOBS
from tests.support.databases import execute


def test_old_jobs_are_deleted_by_the_rule_of_their_kind(
    database_url: str, add_test_kind: Callable[..., None], add_job: Callable[..., int]
) -> None:
    add_test_kind("short", lambda job: None, keep_seconds=60.0)
    add_test_kind("long", lambda job: None, keep_seconds=3600.0)
    add_test_kind("own rule", lambda job: None, keep_seconds=None)
    for kind in ("short", "long", "own rule"):
        assert run_job(add_job(kind))
    assert sweep() == []
    execute(database_url, "UPDATE jobs SET finished_at = now() - interval '10 minutes'")
    (periodic,) = sweep()
    assert run_job(periodic)
    assert execute(database_url, "SELECT kind FROM jobs ORDER BY id") == [("long",), ("own rule",), (OLD_JOBS.name,)]
