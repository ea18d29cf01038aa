"""A client may wait for the end of an import, and may send an upload again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.http.headers.prefer import preferred_wait
from app.transfer.uploads import waiting
from extensions.jobs import run_job
from tests.support.databases import execute
from tests.support.waiting import until

from .conftest import CSV, Upload

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        ("wait=5", 5),
        ("Wait = 5", 5),
        ('wait="5"', 5),
        ("respond-async, wait=10; x=y", 10),
        ("wait=5, wait=9", 5),
        ("wait=31536000", 60),
        (f"wait={'9' * 5000}", 60),
        ("wait=0", 0),
        ("wait=-1", 0),
        ("wait=soon", 0),
        ("wait=1.5", 0),
        ("wait=٣", 0),
        ("wait", 0),
        ("", 0),
    ],
)
def test_a_valid_preference_is_read(sent: str, seconds: int) -> None:
    assert preferred_wait(sent, 60) == seconds


@pytest.fixture
def worker(app: Flask, database_url: str) -> Any:
    """Run the next import in another thread, as soon as it is queued."""

    def work() -> None:
        with app.app_context():
            until(lambda: execute(database_url, "SELECT id FROM jobs WHERE state = 'queued'"))
            run_job(execute(database_url, "SELECT id FROM jobs WHERE state = 'queued'")[0][0])

    thread = threading.Thread(target=work)
    thread.start()
    yield thread
    thread.join()


@pytest.mark.parametrize("headers", [{}, {"Idempotency_Key": KEY}], ids=["no key", "with a key"])
def test_a_waiting_client_gets_the_end(upload: Upload, worker: threading.Thread, headers: dict[str, str]) -> None:
    response = upload(Prefer="wait=50", **headers)
    assert response.status_code == 200
    assert response.headers["Preference-Applied"] == "wait=50"
    assert "Retry-After" not in response.headers
    assert (response.json["state"], response.json["counts"]["created"]) == ("succeeded", 2)


def test_a_client_waits_no_longer_than_it_prefers(upload: Upload) -> None:
    started = time.monotonic()
    response = upload(Prefer="wait=1")
    assert time.monotonic() - started >= 1
    assert (response.status_code, response.headers["Preference-Applied"]) == (202, "wait=1")


def test_few_clients_wait_at_once(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_slots", threading.BoundedSemaphore(1))
    with waiting._slots:
        response = upload(Prefer="wait=50")
    assert response.status_code == 202
    assert "Preference-Applied" not in response.headers


def test_a_repeated_upload_gets_the_first_response(upload: Upload, folders: Callable[[], list[Path]]) -> None:
    first, second = upload(Idempotency_Key=KEY), upload(Idempotency_Key=KEY)
    assert second.status_code == first.status_code == 202
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json == first.json
    assert len(folders()) == 1


@pytest.mark.parametrize(
    ("data", "query", "headers"),
    [
        (CSV + b"A,B,\n", "", {}),
        (CSV, "?dry_run=true", {}),
        (CSV, "", {"Content_Disposition": "attachment; filename=x"}),
    ],
    ids=["bytes", "options", "name"],
)
def test_a_key_belongs_to_one_upload(
    upload: Upload, folders: Callable[[], list[Path]], data: bytes, query: str, headers: dict[str, str]
) -> None:
    upload(Idempotency_Key=KEY)
    response = upload(data, query, Idempotency_Key=KEY, **headers)
    assert (response.status_code, response.json["type"]) == (422, "/problems/key-reused")
    assert len(folders()) == 1
