"""`docs/operations.md`: its settings are those of the code, its backup can be restored, its nginx serves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.config import SETTINGS
from tests.support.documents import Document
from tests.support.servers.gunicorn import Server
from tests.support.servers.processes import free_port, require_program
from tests.support.waiting import until

OPERATIONS = Document("docs/operations.md")
LIMIT = 60  # requests, more than other tests send
COMPRESSION = "gzip on; gzip_types application/json;"


def test_the_table_of_settings_is_that_of_the_code() -> None:
    expected = [
        [f"`{setting.name}`", f"`{setting.default}`" if setting.default else "—", setting.help] for setting in SETTINGS
    ]
    assert OPERATIONS.table("Settings") == expected


def test_a_backup_is_restored_into_an_empty_catalog(
    make_app: Callable[..., Flask], new_database: Callable[[str], str], tmp_path: Path
) -> None:
    """`catalog export` and `catalog import --restore`, as the document has them."""
    assert "./catalog import --restore catalog.ndjson.gz" in OPERATIONS.section("Backup and restore")
    first, second = (make_app(DATABASE_URL=new_database(f"backup_{number}")) for number in (1, 2))
    backup = str(tmp_path / "catalog.ndjson.gz")
    for app, arguments in (
        (first, ["catalog", "sample"]),
        (first, ["catalog", "export", backup]),
        (second, ["catalog", "import", "--restore", backup]),
    ):
        result = app.test_cli_runner().invoke(args=arguments)
        assert result.exit_code == 0, result.output
    for path in ("/books?limit=100", "/authors?limit=100&sort=-name"):
        assert first.test_client().get(path).json == second.test_client().get(path).json


def test_the_address_of_the_embedded_database_works(cluster: str, tmp_path: Path) -> None:
    """The variables of the document, with this test run's Postgres in the place of that of `make run`."""
    (block,) = [block for block in OPERATIONS.blocks("sh") if "export DATABASE_URL" in block]
    folder = re.search(r"host=([^&]+)", cluster)[1]  # type: ignore[index]
    (tmp_path / ".venv").symlink_to(sys.prefix)
    script = block.replace("$PWD/instance/postgres", folder.replace("%2F", "/")).replace("/catalog?", "/postgres?")
    result = subprocess.run(
        ["bash", "-c", f"{script}\npsql \"$DATABASE_URL\" -Atc 'SHOW server_version'"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        encoding="utf-8",
        timeout=20,
    )
    assert result.stdout.startswith("18."), result.stderr


@pytest.fixture
def nginx(
    request: pytest.FixtureRequest, start_server: Callable[..., Server], database_url: str, tmp_path: Path
) -> Iterator[str]:
    """The address of an nginx with the configuration of the document, in front of a server.

    A parameter is the setting JOBS.
    """
    for tool in ("nginx", "openssl", "curl"):
        require_program(tool)
    assert "`FORWARDED_ALLOW_IPS=127.0.0.1`" in OPERATIONS.section("Behind nginx, with TLS")
    settings = {"FORWARDED_ALLOW_IPS": "127.0.0.1", "RATE_LIMIT": f"{LIMIT}/hour"}
    server, port = start_server(database_url, JOBS=getattr(request, "param", "off"), **settings), free_port()
    key, certificate = tmp_path / "catalog.key", tmp_path / "catalog.pem"
    new_key = f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout {key} -out {certificate}"
    subprocess.run(new_key.split(), check=True, capture_output=True)
    (block,) = OPERATIONS.blocks("nginx")
    for old, new in (
        ("server 127.0.0.1:8000", f"server 127.0.0.1:{server.port}"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl", str(tmp_path)),
    ):
        assert old in block
        block = block.replace(old, new)
    paths = "".join(f"{name}_temp_path {tmp_path};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f"daemon off;\npid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{COMPRESSION}\n{paths}{block}}}\n"
    )
    process = subprocess.Popen([require_program("nginx"), "-c", str(configuration), "-e", str(tmp_path / "error.log")])
    address = f"https://127.0.0.1:{port}"
    until(lambda: process.poll() is not None or curl(f"{address}/health/live").startswith("HTTP/1.1 200"))
    assert process.poll() is None, (tmp_path / "error.log").read_text()
    yield address
    process.terminate()
    process.wait(10)


def curl(*arguments: str) -> str:
    """Send a request, whatever the certificate; return headers and body."""
    return subprocess.run(["curl", "-ski", *arguments], capture_output=True, encoding="utf-8", timeout=20).stdout


def test_the_nginx_of_the_document_passes_etags_and_request_ids(nginx: str, add_book: Callable[..., object]) -> None:
    add_book(title="Emma")
    read = curl(f"{nginx}/books/1")
    tag = re.search(r"etag: (\S+)", read, re.IGNORECASE)[1]  # type: ignore[index]
    assert re.search(r"x-request-id: [0-9a-f]{32}$", read, re.IGNORECASE | re.MULTILINE)
    body = ("-H", "Content-Type: application/json", "-d", '{"page_count": 5}')
    changed = curl(f"{nginx}/books/1", "-X", "PATCH", "-H", f"If-Match: {tag}", *body)
    assert changed.startswith("HTTP/1.1 200")
    assert curl(f"{nginx}/books/1", "-X", "PATCH", "-H", f"If-Match: {tag}", *body).startswith("HTTP/1.1 412")


def test_the_nginx_of_the_document_passes_tokens(nginx: str) -> None:
    assert curl(f"{nginx}/books").startswith("HTTP/1.1 200")
    assert curl(f"{nginx}/books", "-H", "Authorization: Bearer wrong").startswith("HTTP/1.1 401")


def test_the_nginx_of_the_document_passes_the_address_of_the_client(nginx: str) -> None:
    """Whatever address the client claims to have."""
    requests = [f"{nginx}/nothing" for _ in range(LIMIT + 1)]
    last = curl("-H", "X-Forwarded-For: 192.0.2.1", *requests)[-2000:]
    assert "HTTP/1.1 429" in last
    assert curl("-H", "X-Forwarded-For: 192.0.2.2", f"{nginx}/nothing").startswith("HTTP/1.1 429")
    assert curl("--interface", "127.0.0.2", f"{nginx}/nothing").startswith("HTTP/1.1 404")


def test_compression_by_nginx_makes_etags_weak(nginx: str, add_book: Callable[..., object]) -> None:
    """So that `If-None-Match` works and `If-Match` does not, as the document says."""
    assert f"`{COMPRESSION}`" in OPERATIONS.section("Behind nginx, with TLS")
    add_book(title="Emma")
    compressed = ("-H", "Accept-Encoding: gzip", "--output", "/dev/null", "--dump-header", "-")
    tag = re.search(r"etag: (\S+)", curl(f"{nginx}/books/1", *compressed), re.IGNORECASE)[1]  # type: ignore[index]
    assert tag.startswith("W/")
    assert curl(f"{nginx}/books/1", "-H", f"If-None-Match: {tag}").startswith("HTTP/1.1 304")
    assert curl(f"{nginx}/books/1", "-X", "DELETE", "-H", f"If-Match: {tag}").startswith("HTTP/1.1 412")


@pytest.mark.parametrize("nginx", ["on"], indirect=True)
def test_the_nginx_of_the_document_waits_for_an_import(nginx: str) -> None:
    file = ("-H", "Content-Type: text/csv", "--data-binary", "title,author\nEmma,Jane Austen\nPersuasion,Jane Austen\n")
    imported = curl(f"{nginx}/imports", "-H", "Prefer: wait=15", *file)
    assert imported.startswith("HTTP/1.1 200"), imported
    assert '"read": 2, "created": 2' in imported
