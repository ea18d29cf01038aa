"""Targets: files that appear when they are complete, pipes."""

from __future__ import annotations

import csv
import errno
import io
import os
import shlex
import tempfile
import threading
from typing import Any

import pytest

from extensions.database import snapshot


def titles(content: bytes) -> list[str]:
    return [row["title"] for row in csv.DictReader(io.StringIO(content.decode(), newline=""))]


def test_a_compressed_file_is_the_same_each_time(export, tmp_path, sample):
    for name in ("a.csv.gz", "b.csv.gz"):
        assert export(name).exit_code == 0
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_a_file_is_replaced_with_its_permissions(export, tmp_path, sample):
    file = tmp_path / "a.csv"
    file.write_text("before")
    file.chmod(0o640)
    assert export("a.csv").exit_code == 0
    assert file.read_text("utf-8").startswith("title,")
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_new_file_has_the_usual_permissions(export, tmp_path, sample):
    (tmp_path / "other").touch()
    assert export("a.csv").exit_code == 0
    assert (tmp_path / "a.csv").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_an_error_leaves_the_former_file(export, tmp_path, sample, monkeypatch):
    file = tmp_path / "a.csv"
    file.write_text("before")
    pieces = snapshot.Snapshot._receive

    def breaking(self: Any) -> Any:
        result = pieces(self)
        self._connection.close()
        return result

    monkeypatch.setattr(snapshot.Snapshot, "_receive", breaking)
    result = export("a.csv")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The database does not respond")
    assert (file.read_text(), [path.name for path in tmp_path.iterdir()]) == ("before", ["a.csv"])


@pytest.mark.parametrize(
    ("name", "redirected"), [("my books.csv", "csv > "), ("a.ndjson.gz", "ndjson | gzip > ")], ids=["plain", "gzip"]
)
def test_a_folder_without_permission_is_reported(export, tmp_path, monkeypatch, name, redirected):
    def refuse(**_: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setenv("CATALOG_COMMAND", "./catalog")
    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    result = export(name)
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: {tmp_path / name}: Permission denied. Export to another folder, or to standard output and redirect "
        f"that: ./catalog export - --format {redirected}{shlex.quote(str(tmp_path / name))}\n"
    )


def test_a_missing_folder_is_reported(export, tmp_path):
    result = export(str(tmp_path / "none" / "a.csv"))
    assert result.exit_code == 1
    assert "No such file" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_pipe_is_written_directly(export, tmp_path, sample):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    result = export("pipe.csv")
    reader.join(20)
    assert result.exit_code == 0, result.output
    assert len(titles(read[0])) > 200
    assert pipe.is_fifo()
