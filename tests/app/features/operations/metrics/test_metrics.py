"""`/metrics`: who may read it, its formats, and what it counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from app.features.operations.metrics.service import request_observers
from extensions.telemetry.metrics import METRICS, Metrics
from extensions.telemetry.metrics.shared_files import FOLDER, create_folder
from tests.support.accounts import StoredAccount
from tests.support.databases import execute

OPENMETRICS = "application/openmetrics-text"
REMOTE = {"REMOTE_ADDR": "192.0.2.1"}
REQUESTS = "catalog_http_request_duration_seconds_count"

Values = dict[tuple[str, ...], float]  # by name and the values of the labels in the order of their names


@pytest.fixture
def new_client(make_app: Callable[..., Flask]) -> FlaskClient:
    """A client of an application that has not measured the database yet."""
    return make_app().test_client()


def read_metrics(client: FlaskClient) -> Values:
    """Return the values of all series."""
    response = client.get("/metrics")
    assert response.status_code == 200, response.text
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in parse_text(response.text)
        for sample in family.samples
    }


def increase(client: FlaskClient, act: Callable[[], Any]) -> Values:
    """Return what grows by an action."""
    before = read_metrics(client)
    act()
    grown = {key: value - before.get(key, 0) for key, value in read_metrics(client).items()}
    return {key: value for key, value in grown.items() if value > 0}


def test_openmetrics_is_sent_to_clients_that_accept_it(client: FlaskClient) -> None:
    response = client.get("/metrics", headers={"Accept": f"{OPENMETRICS};version=1.0.0,text/plain;version=0.0.4;q=0.5"})
    assert response.content_type.startswith(f"{OPENMETRICS}; version=1.0.0")
    assert {family.name for family in parse_openmetrics(response.text)} > {"catalog_workers", "catalog_cache_results"}


def test_the_text_format_is_the_default(client: FlaskClient) -> None:
    response = client.get("/metrics")
    assert response.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert (response.headers["Cache-Control"], response.headers["Vary"]) == ("private, no-store", "Accept")


def test_head_and_options_are_answered(client: FlaskClient) -> None:
    assert (client.head("/metrics").status_code, client.head("/metrics").data) == (200, b"")
    assert client.options("/metrics").headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "127.8.9.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "::ffff:127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "192.0.2.1"}, 401),
        ({"REMOTE_ADDR": "10.0.0.1"}, 401),
        ({"REMOTE_ADDR": ""}, 401),
        ({"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 401),
        ({"HTTP_X_FORWARDED_FOR": "192.0.2.1"}, 401),
        ({"HTTP_FORWARDED": "for=127.0.0.1"}, 401),
        ({"HTTP_X_REAL_IP": "127.0.0.1"}, 401),
        ({"HTTP_HOST": "catalog.example.org"}, 401),
        ({"HTTP_HOST": "[::1]:8000"}, 200),
        ({"HTTP_ORIGIN": "https://page.example"}, 401),
        ({"HTTP_SEC_FETCH_SITE": "cross-site"}, 401),
        ({"HTTP_SEC_FETCH_SITE": "none"}, 200),
        ({"HTTP_AUTHORIZATION": "Bearer wrong"}, 401),
    ],
)
def test_programs_on_this_machine_need_no_account(client: FlaskClient, environ: dict[str, str], status: int) -> None:
    assert client.get("/metrics", environ_overrides=environ).status_code == status


@pytest.mark.parametrize(("role", "status"), [("reader", 403), ("editor", 403), ("admin", 200)])
def test_other_clients_need_an_administrator(
    client: FlaskClient,
    account: Callable[..., StoredAccount],
    headers_of: Callable[..., dict[str, str]],
    role: str,
    status: int,
) -> None:
    assert client.get("/metrics", headers=headers_of(account(role)), environ_overrides=REMOTE).status_code == status


def test_nothing_is_counted_if_metrics_are_off(make_app: Callable[..., Flask]) -> None:
    app = make_app(METRICS=False)
    response = app.test_client().get("/metrics")
    assert response.status_code == 404
    assert "METRICS=on" in response.text
    assert request_observers(app) == ()


@pytest.mark.parametrize(
    ("port", "path", "status"),
    [("9100", "/metrics", 200), ("9100", "/books", 404), ("9100", "/", 404), ("80", "/metrics", 404), ("80", "/", 200)],
)
def test_a_port_of_its_own_serves_metrics_alone(
    make_app: Callable[..., Flask], port: str, path: str, status: int
) -> None:
    client = make_app(METRICS_PORT=9100, ANONYMOUS="reader").test_client()
    remote = REMOTE if port == "9100" else {}
    assert client.get(path, environ_overrides={"SERVER_PORT": port, **remote}).status_code == status


@pytest.mark.parametrize(
    ("host", "status"),
    [("172.18.0.5:9100", 200), ("[fd00::5]:9100", 200), ("evil.example:9100", 400), ("api:9100", 200)],
)
def test_a_port_of_its_own_takes_addresses_and_trusted_names(
    make_app: Callable[..., Flask], host: str, status: int
) -> None:
    client = make_app(METRICS_PORT=9100, TRUSTED_HOSTS=["api"], URL_PREFIX="/api").test_client()
    environ = {"SERVER_PORT": "9100", "HTTP_HOST": host, **REMOTE}
    assert client.get("/metrics", environ_overrides=environ).status_code == status


def test_metrics_are_read_on_a_full_disk(
    make_app: Callable[..., Flask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app()
    monkeypatch.setenv(FOLDER, str(create_folder(tmp_path)))
    metrics: Metrics = app.extensions[METRICS]
    metrics.share()
    monkeypatch.setattr("os.pwrite", lambda *_: 0)
    assert read_metrics(app.test_client())["catalog_workers",] == 1


def test_metrics_are_not_limited(make_app: Callable[..., Flask]) -> None:
    client = make_app(RATE_LIMIT="2/hour").test_client()
    assert {client.get("/metrics").status_code for _ in range(5)} == {200}


def test_a_request_is_counted_by_route_method_and_status(client: FlaskClient, add_book: Callable[..., Any]) -> None:

    def act() -> None:
        add_book()
        client.get("/books/1")
        client.get("/books/7")
        client.head("/books")

    grown = increase(client, act)
    assert {key[1:]: value for key, value in grown.items() if key[0] == REQUESTS} == {
        ("POST", "/books", "201"): 1,
        ("GET", "/books/{book_id}", "200"): 1,
        ("GET", "/books/{book_id}", "404"): 1,
        ("HEAD", "/books", "200"): 1,
        ("GET", "/metrics", "200"): 1,
    }


def test_results_of_the_cache_are_counted(client: FlaskClient, add_book: Callable[..., Any]) -> None:
    add_book()

    def act() -> None:
        for _ in range(3):
            client.get("/books")
        client.get("/books", headers={"Cache-Control": "no-cache"})

    grown = increase(client, act)
    results = {key[1]: value for key, value in grown.items() if key[0] == "catalog_cache_results_total"}
    assert results == {"miss": 1, "hit": 2, "request": 1, "bypass": 1}


def test_statements_are_counted_by_route(client: FlaskClient, add_book: Callable[..., Any]) -> None:
    add_book()
    grown = increase(client, lambda: (client.get("/books"), client.get("/books")))
    assert grown["catalog_database_statements_total", "/books"] == 1
    assert 0 < grown["catalog_database_seconds_total", "/books"] < 60


def test_a_stream_is_counted_apart(client: FlaskClient, add_book: Callable[..., Any]) -> None:
    add_book()

    def read_stream() -> None:
        with client.get("/books?format=ndjson") as response:
            assert response.data

    grown = increase(client, read_stream)
    assert grown["catalog_http_streams_total", "whole", "GET", "/books", "200"] == 1
    assert (REQUESTS, "GET", "/books", "200") not in grown


def test_unknown_paths_and_methods_share_their_series(client: FlaskClient) -> None:
    def send(number: int) -> None:
        client.get(f"/nothing/{number}")
        client.open("/books", method=f"METHOD{number}")

    send(0)
    before = read_metrics(client)
    for number in range(1, 101):
        send(number)
    after = read_metrics(client)
    assert after.keys() == before.keys()
    assert after[REQUESTS, "GET", "unknown", "404"] == before[REQUESTS, "GET", "unknown", "404"] + 100


def test_jobs_are_counted_by_state(client: FlaskClient, new_client: FlaskClient, database_url: str) -> None:
    execute(
        database_url,
        """INSERT INTO jobs (kind, state, due_at, started_at, finished_at) VALUES
        ('gone', 'queued', now() - interval '90 s', NULL, NULL), ('gone', 'queued', now() + interval '1 h', NULL, NULL),
        ('gone', 'failed', now(), now(), now()), ('gone', 'failed', now(), now(), now() - interval '2 h')""",
    )
    values = read_metrics(new_client)
    assert values["catalog_jobs", "other", "queued"] == 2
    assert values["catalog_jobs", "other", "failed"] == 2
    assert values["catalog_jobs_ended_last_hour", "other", "failed"] == 1
    assert 89 < values["catalog_jobs_oldest_queued_seconds",] < 200


def test_the_lag_of_the_change_feed_is_measured(new_client: FlaskClient, add_book: Callable[..., Any]) -> None:
    add_book()
    values = read_metrics(new_client)
    assert values["catalog_changes_unnumbered",] == 1
    assert 0 < values["catalog_changes_lag_seconds",] < 60
    assert values["catalog_changes_newest_seconds",] == pytest.approx(values["catalog_changes_lag_seconds",], abs=5)


def test_metrics_are_read_while_the_database_is_down(make_app: Callable[..., Flask]) -> None:
    client = make_app(DATABASE_URL="postgresql://127.0.0.1:1/none").test_client()
    assert client.get("/books").status_code == 503
    values = read_metrics(client)
    assert values["catalog_database_up",] == 0
    assert values[REQUESTS, "GET", "/books", "503"] == 1
    assert ("catalog_jobs_oldest_queued_seconds",) not in values
