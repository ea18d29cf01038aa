"""An import is followed, cancelled and deleted by its own client."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.transfer.uploads.files.removal import ABANDONED_SECONDS, remove_files
from tests.support.databases import execute

from .conftest import CSV, WITH_REJECT, Upload

Folders = Callable[[], list[Path]]
Headers = Callable[..., dict[str, str]]


@pytest.fixture
def set_state(database_url: str) -> Callable[[int, str], None]:
    """Set the state of an import, as a worker does."""
    return lambda import_id, state: execute(  # type: ignore[return-value]
        database_url, "UPDATE jobs SET state = %s WHERE id = %s", state, import_id
    )


def test_rejects_are_an_attachment_in_the_format_of_the_file(imported: Any, client: FlaskClient) -> None:
    document = imported(WITH_REJECT)
    assert document["counts"]["rejected"] == 1
    assert sum(document["reasons"].values()) == 1
    response = client.get(document["links"]["rejects"])
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == f'attachment; filename="import-{document["id"]}-rejects.csv"'
    assert b"Octavia E. Butler,10" in response.data
    assert int(response.headers["Content-Length"]) == len(response.data)


def test_an_import_without_rejects_has_no_file_of_them(imported: Any, client: FlaskClient) -> None:
    document = imported()
    assert document["links"]["rejects"] is None
    assert client.get(f"/imports/{document['id']}/rejects").status_code == 404


def test_rejects_wait_for_the_end(upload: Upload, client: FlaskClient) -> None:
    response = client.get(f"{upload().headers['Location']}/rejects")
    assert (response.status_code, response.headers["Retry-After"]) == (409, "1")


def test_a_dry_run_links_to_no_changes(imported: Any, client: FlaskClient) -> None:
    document = imported(CSV, "?dry_run=true")
    assert (document["dry_run"], document["counts"]["created"]) == (True, 2)
    assert document["links"]["changes"] is None
    assert (client.get("/books").json or {})["data"] == []


def test_a_failed_import_says_why(upload: Upload, run: Any, client: FlaskClient, folders: Folders) -> None:
    import_id = upload().json["id"]
    (folder,) = folders()
    (folder / "upload").unlink()
    run(import_id)
    document = client.get(f"/imports/{import_id}").json or {}
    assert document["state"] == "failed"
    assert "Upload it again" in document["error"]


def test_a_queued_import_is_cancelled_at_once(upload: Upload, client: FlaskClient) -> None:
    path = upload().headers["Location"]
    response = client.post(f"{path}/cancel")
    assert (response.status_code, (response.json or {})["state"]) == (202, "cancelled")
    assert "Retry-After" not in response.headers


def test_a_running_import_is_cancelled_by_its_worker(
    upload: Upload, client: FlaskClient, set_state: Any, database_url: str
) -> None:
    import_id = upload().json["id"]
    set_state(import_id, "running")
    response = client.post(f"/imports/{import_id}/cancel")
    assert (response.status_code, (response.json or {})["state"]) == (202, "running")
    assert execute(database_url, "SELECT cancel_requested FROM jobs") == [(True,)]


def test_an_ended_import_is_not_cancelled(imported: Any, client: FlaskClient) -> None:
    response = client.post(f"/imports/{imported()['id']}/cancel")
    assert response.status_code == 409
    assert "succeeded" in (response.json or {})["detail"]


@pytest.mark.parametrize("state", ["queued", "running"])
def test_an_active_import_is_not_deleted(upload: Upload, client: FlaskClient, set_state: Any, state: str) -> None:
    import_id = upload().json["id"]
    set_state(import_id, state)
    response = client.delete(f"/imports/{import_id}")
    assert response.status_code == 409
    assert "Cancel it first" in (response.json or {})["detail"]


def test_a_deleted_import_is_gone(imported: Any, client: FlaskClient, folders: Folders) -> None:
    document = imported(WITH_REJECT)
    path = document["links"]["self"]
    assert client.delete(path).status_code == 204
    assert folders() == []
    assert client.get(path).status_code == 404
    assert client.delete(path).status_code == 404
    assert client.post(f"{path}/cancel").status_code == 404
    assert (client.get("/imports").json or {})["data"] == []
    rejects = client.get(f"{path}/rejects")
    assert (rejects.status_code, (rejects.json or {})["type"]) == (410, "/problems/gone")


@pytest.mark.parametrize(("method", "rest"), [("GET", ""), ("DELETE", ""), ("GET", "/rejects"), ("POST", "/cancel")])
@pytest.mark.parametrize("path", ["/imports/999", "/imports/99999999999999999999", "/imports/0x1"])
def test_an_unknown_import_is_not_found(client: FlaskClient, method: str, rest: str, path: str) -> None:
    assert client.open(path + rest, method=method).status_code == 404


def test_imports_of_others_are_not_found(
    client: FlaskClient, account: Any, headers_of: Headers, upload: Upload, run: Any
) -> None:
    ann, bob, admin = account("editor"), account("editor"), account("admin")
    own = upload(WITH_REJECT, **headers_of(ann))
    assert own.status_code == 202
    path = own.headers["Location"]
    run(own.json["id"])
    for method, rest in (("GET", ""), ("GET", "/rejects"), ("POST", "/cancel"), ("DELETE", "")):
        assert client.open(path + rest, method=method, headers=headers_of(bob)).status_code == 404
        unknown = client.open(f"/imports/999{rest}", method=method, headers=headers_of(bob))
        assert unknown.status_code == 404
    for viewer, count in ((ann, 1), (bob, 0), (admin, 1)):
        page = client.get("/imports", headers=headers_of(viewer)).json or {}
        assert len(page["data"]) == count
    assert client.get(f"{path}/rejects", headers=headers_of(ann)).status_code == 200
    assert client.get(path, headers=headers_of(admin)).status_code == 200
    assert client.get(path, headers=headers_of(admin, "imports")).status_code == 404


def test_clients_without_an_account_share_their_imports(
    client: FlaskClient, account: Any, headers_of: Headers, upload: Upload
) -> None:
    path = upload().headers["Location"]
    assert client.get(path).status_code == 200
    assert client.get(path, headers=headers_of(account("editor"))).status_code == 404


def test_old_files_are_removed(app: Flask, imported: Any, client: FlaskClient, folders: Folders, age: Any) -> None:
    document = imported(WITH_REJECT)
    age(folders())
    with app.app_context():
        assert remove_files() == 0
        age(folders(), of_import=document["id"])
        assert remove_files() == 1
    assert folders() == []
    assert client.get(document["links"]["self"]).status_code == 200
    assert client.get(document["links"]["rejects"]).status_code == 410


def test_files_of_active_imports_stay(app: Flask, upload: Upload, folders: Folders, age: Any) -> None:
    upload()
    age(folders())
    with app.app_context():
        assert remove_files() == 0


def test_abandoned_uploads_are_removed_after_a_day(app: Flask, folders: Folders, age: Any) -> None:
    path = Path(app.config["INSTANCE_PATH"]) / "imports" / ("a" * 32)
    path.mkdir(parents=True)
    (path / "upload").write_bytes(b"half")
    with app.app_context():
        assert remove_files() == 0
        age(folders())
        assert remove_files() == 1
    assert folders() == []


@pytest.fixture
def age(database_url: str) -> Callable[..., None]:
    """Make folders, and perhaps the end of an import, older than files are kept."""

    def make_older(folders: list[Path], of_import: int | None = None) -> None:
        then = time.time() - ABANDONED_SECONDS - 60
        for folder in folders:
            for path in (*folder.iterdir(), folder):
                os.utime(path, (then, then))
        execute(
            database_url,
            "UPDATE jobs SET finished_at = finished_at - make_interval(days => 8) WHERE id = %s",
            of_import,
        )

    return make_older
