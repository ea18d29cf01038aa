"""An import over HTTP from its upload to its end, by a service with a worker of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.servers.gunicorn import Server
from tests.support.waiting import until

from .conftest import WITH_REJECT

pytestmark = pytest.mark.slow(10)


def test_a_service_imports_a_file_while_the_client_waits(
    start_server: Callable[..., Server], database_url: str
) -> None:
    server = start_server(database_url, JOBS="on")
    until(lambda: "The worker for background jobs is ready" in server.log.read_text())
    response = server.request("POST", "/imports", WITH_REJECT, Content_Type="text/csv", Prefer="wait=15")
    assert (response.status, response.headers["preference-applied"]) == (200, "wait=15"), response
    expected = {"read": 2, "created": 1, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 1}
    assert (response.json["state"], response.json["counts"]) == ("succeeded", expected)
    assert b"Octavia E. Butler,10" in server.get(response.json["links"]["rejects"]).body
