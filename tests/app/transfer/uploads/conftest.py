"""What the tests of imports over HTTP share."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from extensions.jobs import run_job

CSV = b"Title,Author,ISBN\nKindred,Octavia E. Butler,9780807083697\nDawn,Octavia E. Butler,\n"
WITH_REJECT = b"Title,Author,Pages\nKindred,Octavia E. Butler,264\n,Octavia E. Butler,10\n"

Upload = Callable[..., Any]


@pytest.fixture
def upload(client: FlaskClient) -> Upload:
    """POST a file, by default a small table, and return the response."""

    def send(data: bytes = CSV, query: str = "", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.post(f"/imports{query}", data=data, headers={"Content-Type": "text/csv", **named})

    return send


@pytest.fixture
def upload_form(client: FlaskClient) -> Upload:
    """POST a multipart form with these parts: name, file name and bytes."""

    def send(*parts: tuple[str, str | None, bytes]) -> Any:
        lines = []
        for name, file_name, data in parts:
            file_part = f'; filename="{file_name}"' if file_name is not None else ""
            lines += [b"--limit", f'Content-Disposition: form-data; name="{name}"{file_part}'.encode(), b"", data]
        body = b"\r\n".join([*lines, b"--limit--", b""])
        return client.post("/imports", data=body, headers={"Content-Type": "multipart/form-data; boundary=limit"})

    return send


@pytest.fixture
def run(app: Flask) -> Callable[[int], None]:
    """Run an import in this process."""

    def work(import_id: int) -> None:
        with app.app_context():
            assert run_job(import_id)

    return work


@pytest.fixture
def imported(upload: Upload, run: Callable[[int], None], client: FlaskClient) -> Callable[..., dict[str, Any]]:
    """Import a file, and return its representation at the end."""

    def send(data: bytes = CSV, query: str = "", **headers: str) -> dict[str, Any]:
        import_id = upload(data, query, **headers).json["id"]
        run(import_id)
        return dict(client.get(f"/imports/{import_id}").json or {})

    return send


@pytest.fixture
def folders(app: Flask) -> Callable[[], list[Path]]:
    """The folders of all imports."""
    path = Path(app.config["INSTANCE_PATH"]) / "imports"
    for folder in path.glob("*"):
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    return lambda: sorted(path.glob("*"))


class Stalling(BytesIO):
    """A body whose client stops sending after the first bytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size) or self.fail()

    def fail(self) -> bytes:
        raise TimeoutError
