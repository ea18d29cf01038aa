"""A real Prometheus with the files of `ops/`, on a real service."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests import ROOT
from tests.support.databases import execute
from tests.support.servers.gunicorn import Server
from tests.support.servers.processes import free_port, require_program
from tests.support.waiting import until

from .test_shipped_files import ALERTS, EXPRESSIONS

pytestmark = pytest.mark.slow(15)


class Prometheus:
    """A Prometheus that scrapes a service several times a second."""

    def __init__(self, folder: Path, target: str) -> None:
        self.port = free_port()
        files = ROOT / "ops/prometheus"
        (folder / "alerts.yml").write_text((files / "alerts.yml").read_text())
        configuration = (files / "local.yml").read_text()
        for old, new in (("127.0.0.1:8000", target), ("_interval: 15s", "_interval: 300ms")):
            assert old in configuration
            configuration = configuration.replace(old, new)
        (folder / "local.yml").write_text(configuration)
        options = {
            "config.file": folder / "local.yml",
            "storage.tsdb.path": folder / "data",
            "web.listen-address": f"127.0.0.1:{self.port}",
        }
        self._log = (folder / "log").open("wb")
        arguments = [f"--{name}={value}" for name, value in options.items()]
        self.process = subprocess.Popen([require_program("prometheus"), *arguments], stderr=self._log)

    def get(self, path: str) -> Any:
        """Return the data of a response of its API. Raises ``OSError`` while it starts."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}", timeout=10) as response:
            return json.load(response)["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        return list(self.get(f"query?query={quote(expression)}")["result"])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self._log.close()


@pytest.fixture(scope="module")
def service_url(new_database: Callable[[str], str]) -> str:
    """A database with one failed job."""
    url = new_database("observed")
    execute(url, "INSERT INTO jobs (kind, state, finished_at) VALUES ('gone', 'failed', now())")
    return url


@pytest.fixture(scope="module")
def prometheus(
    start_server: Callable[..., Server], service_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """Prometheus, after some scrapes of a service with requests of several kinds."""
    server = start_server(service_url)
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), f"127.0.0.1:{server.port}")
    for path in ("/books", "/books", "/nothing", "/books?format=ndjson"):
        server.get(path)
    until(lambda: any(len(series["values"]) > 2 for series in prometheus.query("catalog_workers[1m]")))
    yield prometheus
    prometheus.stop()


def test_the_target_is_up(prometheus: Prometheus) -> None:
    (target,) = prometheus.get("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")


def test_every_alert_evaluates(prometheus: Prometheus) -> None:
    def rules() -> list[dict[str, Any]]:
        return list(prometheus.get("rules")["groups"][0]["rules"])

    until(lambda: all(rule["health"] != "unknown" for rule in rules()))
    assert {rule["name"]: (rule["health"], rule.get("lastError", "")) for rule in rules()} == {
        rule["alert"]: ("ok", "") for rule in ALERTS
    }


def test_a_failed_job_fires_its_alert_alone(prometheus: Prometheus) -> None:
    until(lambda: prometheus.get("alerts")["alerts"])
    (alert,) = prometheus.get("alerts")["alerts"]
    assert (alert["labels"]["alertname"], alert["state"]) == ("CatalogJobsFailed", "firing")
    assert alert["annotations"]["summary"] == "1 jobs of the kind other failed within an hour"


def test_every_expression_is_understood(prometheus: Prometheus) -> None:
    for expression in EXPRESSIONS.values():
        prometheus.query(expression.replace("$__rate_interval", "1m"))  # raises for an invalid one


def test_requests_arrive_with_their_labels(prometheus: Prometheus) -> None:
    def requests() -> dict[tuple[str, ...], float]:
        found = prometheus.query("catalog_http_request_duration_seconds_count")
        return {
            tuple(series["metric"][label] for label in ("method", "route", "status")): float(series["value"][1])
            for series in found
        }

    until(lambda: ("GET", "unknown", "404") in requests() and requests()["GET", "/books", "200"] == 2)
    assert requests()["GET", "unknown", "404"] == 1
