"""A form uploads exactly one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.http.problems import ValidationFailed
from app.transfer.uploads.files.multipart import FilePart

from .conftest import CSV, Upload

FILE = ("file", "books.csv", CSV)


def test_a_form_with_a_file_becomes_an_import(upload_form: Upload, folders: Callable[[], list[Path]]) -> None:
    response = upload_form(FILE)
    assert response.status_code == 202
    assert (response.json["file"], response.json["progress"]["of"]) == ("books.csv", len(CSV))
    (folder,) = folders()
    assert (folder / "upload").read_bytes() == CSV


@pytest.mark.parametrize(
    ("parts", "pointer", "code"),
    [
        ([], "/file", "required"),
        ([("file", None, CSV)], "/file", "invalid"),
        ([FILE, FILE], "/file", "too_many"),
        ([("book", "books.csv", CSV)], "/book", "unknown"),
        ([FILE, ("dry_run", None, b"true")], "/dry_run", "unknown"),
        ([("file", "books.csv", b"")], "/file", "invalid"),
        ([("file", "x.pdf", b"%PDF-1.7")], "/file", "invalid"),
    ],
    ids=["no file", "text", "two files", "another name", "a field", "an empty file", "no known format"],
)
def test_any_other_form_is_refused(
    upload_form: Upload,
    folders: Callable[[], list[Path]],
    parts: list[tuple[str, str | None, bytes]],
    pointer: str,
    code: str,
) -> None:
    response = upload_form(*parts)
    assert response.status_code == 422
    (fault,) = response.json["errors"]
    assert (fault["in"], fault["pointer"], fault["code"]) == ("body", pointer, code)
    assert folders() == []


def test_a_name_with_folders_is_only_for_display(upload_form: Upload, folders: Callable[[], list[Path]]) -> None:
    assert upload_form(("file", "../../x", CSV)).json["file"] == "x"
    (folder,) = folders()
    assert [path.name for path in folder.iterdir()] == ["upload"]


@pytest.mark.parametrize(
    "body",
    [
        b"--limit\r\nContent-Disposition: form-data; name=file; filename=x\r\n\r\nTitle\nA",
        b"no boundary at all",
        b"--limit\r\nContent-Type: text/csv\r\n\r\nTitle\nA\r\n--limit--\r\n",
        b"--limit\r\n" + b"X: y\r\n" * 100_000,
    ],
    ids=["cut off", "no part", "no disposition", "endless headers"],
)
def test_a_malformed_form_is_refused(client: FlaskClient, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=limit"}
    response = client.post("/imports", data=body, headers=headers)
    assert response.status_code == 422
    assert "malformed or cut off" in (response.json or {})["detail"]


def test_a_form_without_a_boundary_is_refused(client: FlaskClient) -> None:
    response = client.post("/imports", data=b"x", headers={"Content-Type": "multipart/form-data"})
    assert (response.status_code, (response.json or {})["errors"][0]["parameter"]) == (422, "Content-Type")


@pytest.mark.parametrize("size", [1, 7, 1000, 65536])
@pytest.mark.parametrize("data", [b"", b"a\r\n--limi\r\n", b"\r\n" * 5000, bytes(range(256)) * 100])
def test_a_part_is_decoded_from_pieces_of_any_size(data: bytes, size: int) -> None:
    head = b'--limit\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    body = head + data + b"\r\n--limit--\r\n"
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    part = FilePart(pieces, "limit")
    assert b"".join(part) == data
    assert part.name == "x"


def test_a_part_is_never_held_in_memory() -> None:
    """Neither with line breaks nor without: what is decoded follows what has arrived."""
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        yield b'--limit\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        for filler in (b"x", b"\n", b"\r"):
            for _ in range(20):
                sent += 65536
                yield filler * 65536
        yield b"\r\n--limit--"

    decoded = 0
    for piece in FilePart(pieces(), "limit"):
        decoded += len(piece)
        assert sent - decoded < 3 * 65536
    assert decoded == sent


def test_the_rest_of_a_refused_form_is_not_read() -> None:
    def pieces() -> Iterator[bytes]:
        yield b'--limit\r\nContent-Disposition: form-data; name="other"; filename="x"\r\n\r\n' + b"x" * 1000
        raise AssertionError("the rest was read")

    with pytest.raises(ValidationFailed, match="The part other is unknown"):
        list(FilePart(pieces(), "limit"))
