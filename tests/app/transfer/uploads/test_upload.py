"""A file that is sent to `POST /imports` becomes an import."""

from __future__ import annotations

import errno
import gzip
import io
import resource
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.transfer.uploads.files import receive
from tests.support.databases import execute

from .conftest import CSV, Stalling, Upload

Folders = Callable[[], list[Path]]


def zipped(data: bytes) -> bytes:
    """Return a zip archive with one file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("books.csv", data)
    return packed.getvalue()


@contextmanager
def limited_files(size: int) -> Iterator[None]:
    """Limit the size of files that this process writes, as a quota of the disk does."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


def test_an_upload_becomes_a_queued_import(upload: Upload) -> None:
    response = upload(CSV, "?source=my-shop", Content_Disposition='attachment; filename="books.csv"')
    document = response.json
    assert response.status_code == 202
    assert response.headers["Location"] == f"/imports/{document['id']}"
    assert response.headers["Retry-After"] == "1"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert document == {
        "id": document["id"],
        "state": "queued",
        "file": "books.csv",
        "format": "csv",
        "progress": {"bytes": 0, "of": len(CSV), "records": 0},
        "counts": dict.fromkeys(("read", "created", "updated", "unchanged", "skipped", "rejected"), 0),
        "warnings": [],
        "reasons": {},
        "error": None,
        "dry_run": False,
        "created_at": document["created_at"],
        "started_at": None,
        "finished_at": None,
        "links": {"self": f"/imports/{document['id']}", "rejects": None, "changes": None},
    }


def test_an_import_stores_the_records_of_its_file(imported: Any, client: FlaskClient) -> None:
    document = imported()
    assert (document["state"], document["counts"]["created"]) == ("succeeded", 2)
    assert client.get("/books/isbn/9780807083697").status_code == 200
    changes = client.get(document["links"]["changes"]).json
    assert [change["via"] for change in (changes or {})["data"]][-1:] == ["import"]


def test_the_bytes_of_an_upload_are_kept_for_its_job(upload: Upload, folders: Folders) -> None:
    upload(CSV)
    (folder,) = folders()
    assert (folder / "upload").read_bytes() == CSV


def test_the_job_has_account_options_and_request(upload: Upload, database_url: str) -> None:
    upload(CSV, "?map.title=Title&dry_run=true&on_conflict=skip", X_Request_ID="upload-1")
    ((options, request_id, account_id, lane),) = execute(
        database_url, "SELECT payload -> 'options', request_id, account_id, lane FROM jobs"
    )
    assert (request_id, account_id, lane) == ("upload-1", None, "imports")
    assert options == {
        "format": None,
        "source": None,
        "on_conflict": "skip",
        "dry_run": True,
        "encoding": None,
        "delimiter": None,
        "mapping": {"title": "Title"},
    }


def test_a_compressed_file_is_taken(upload: Upload) -> None:
    assert upload(gzip.compress(CSV)).json["format"] == "csv"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty."),
        (b" \n ", "The file has only white space."),
        (b"%PDF-1.7", "The file is a PDF."),
        (b"\x00\x01\x02\x03" * 100, "The file is not text"),
        (b"<html><body>", "The file is a web page."),
        (b"a,b\n1,2\n", "map.title=COLUMN"),
        (gzip.compress(bytes(1 << 20)), "The file is not text"),
        (gzip.compress(gzip.compress(CSV)), "The file is compressed twice."),
        (zipped(zipped(CSV)), "The file is compressed twice."),
    ],
)
def test_a_file_of_no_known_format_is_refused_at_once(
    upload: Upload, folders: Folders, data: bytes, sentence: str
) -> None:
    response = upload(data)
    assert response.status_code == 422
    assert sentence in response.json["detail"]
    assert "--" not in response.json["detail"]
    assert folders() == []


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ('filename="../../x.csv"', "x.csv"),
        (r'filename="C:\\books\\x.csv"', "x.csv"),
        ("filename*=UTF-8''b%C3%BCcher%00.csv", "bücher .csv"),
        ('filename=".."', None),
        ('filename=""', None),
        (f'filename="{"x" * 300}"', "x" * 255),
    ],
)
def test_a_name_is_only_for_display(upload: Upload, folders: Folders, sent: str, shown: str | None) -> None:
    assert upload(CSV, Content_Disposition=f"attachment; {sent}").json["file"] == shown
    (folder,) = folders()
    assert [path.name for path in folder.iterdir()] == ["upload"]


def test_the_same_import_twice_is_a_conflict(upload: Upload, folders: Folders) -> None:
    first = upload()
    second = upload()
    assert second.status_code == 409
    assert second.headers["Link"] == f'<{first.headers["Location"]}>; rel="related"'
    assert first.headers["Location"] in second.json["detail"]
    assert len(folders()) == 1
    assert upload(CSV, "?dry_run=true").status_code == 202


def test_a_file_may_be_imported_again_after_the_end(imported: Any) -> None:
    imported()
    assert imported()["counts"]["unchanged"] == 2


def test_a_file_over_the_limit_is_refused_unread(make_app: Callable[..., Flask], app: Flask) -> None:
    small = make_app(IMPORT_MAX_BYTES=1024).test_client()
    response = small.post("/imports", input_stream=Stalling(), environ_overrides={"CONTENT_LENGTH": "1025"})
    assert response.status_code == 413
    assert "1,024 bytes" in (response.json or {})["detail"]


def test_a_file_over_the_limit_is_refused_when_it_is_reached(make_app: Callable[..., Flask], app: Flask) -> None:
    small = make_app(IMPORT_MAX_BYTES=1024).test_client()
    chunked = {"input_stream": Stalling(b"x" * 100_000), "environ_overrides": {"wsgi.input_terminated": True}}
    response = small.post("/imports", headers={"Transfer-Encoding": "chunked"}, **chunked)
    assert response.status_code == 413


def test_a_large_file_passes_the_limit_of_other_bodies(make_app: Callable[..., Flask], app: Flask) -> None:
    client = make_app(MAX_CONTENT_LENGTH=1024).test_client()
    assert client.post("/imports", data=CSV + b"A,B,\n" * 1000).status_code == 202


def test_nothing_is_kept_of_a_file_that_is_cut_off(client: FlaskClient, folders: Folders) -> None:
    response = client.post("/imports", input_stream=Stalling(CSV), environ_overrides={"CONTENT_LENGTH": "1000"})
    assert response.status_code == 400
    assert "cut off" in (response.json or {})["detail"]
    assert folders() == []


def test_nothing_is_kept_when_the_disk_is_full(upload: Upload, folders: Folders) -> None:
    with limited_files(100_000):
        response = upload(CSV + b"A,B,\n" * 100_000)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 1
    assert "The disk of the service is full" in response.json["detail"]
    assert folders() == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_an_error_of_the_disk_at_the_end_is_told(
    upload: Upload, folders: Folders, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(code, "")

    monkeypatch.setattr("os.fsync", fail)
    response = upload()
    assert (response.status_code, response.json["title"]) == (503, "Service unavailable")
    assert folders() == []


def test_further_uploads_are_refused_while_many_arrive(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(receive.MOST_UPLOADS):
        receive._slots.acquire()
    try:
        response = upload()
    finally:
        for _ in range(receive.MOST_UPLOADS):
            receive._slots.release()
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert upload().status_code == 202


def test_an_outage_of_the_database_keeps_no_file(
    upload: Upload, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        from extensions.database import DatabaseUnavailable

        raise DatabaseUnavailable

    monkeypatch.setattr("app.transfer.uploads.create.enqueue", fail)
    assert upload().status_code == 503
    assert folders() == []
