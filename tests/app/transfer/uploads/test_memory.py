"""A worker takes little memory for an upload, whatever its size and form."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator

import psutil
import pytest

from tests.support.servers.gunicorn import Server

MEGABYTE = b"Kindred,Octavia E. Butler,264\n" * 34_953
SIZE = 48  # MB of the file
MOST_GROWTH = 16 * 1024 * 1024  # bytes
FORM = {"Content-Type": "multipart/form-data; boundary=limit"}
HEAD = b'--limit\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'

pytestmark = pytest.mark.slow(10)


@pytest.fixture(scope="module")
def server(new_database: Callable[[str], str], start_server: Callable[..., Server]) -> Server:
    return start_server(new_database("upload_memory"), LOG_LEVEL="WARNING", WEB_CONCURRENCY="1", JOBS="off")


def send(server: Server, pieces: Iterator[bytes], headers: dict[str, str]) -> int:
    """POST pieces as a chunked body, and return the status."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request("POST", "/imports", pieces, headers, encode_chunked=False)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("headers", [{}, FORM], ids=["body", "form"])
def test_an_upload_takes_little_memory(server: Server, headers: dict[str, str]) -> None:
    (worker,) = server.workers()
    memory = psutil.Process(worker).memory_info
    most = 0

    def pieces(size: int, title: bytes) -> Iterator[bytes]:
        nonlocal most
        yield (HEAD if headers else b"") + b"Title,Author," + title + b"\n"
        for _ in range(size):
            most = max(most, memory().rss)
            yield MEGABYTE
        yield b"\r\n--limit--\r\n" if headers else b"\n"

    assert send(server, pieces(1, b"First"), headers) == 202  # loads the formats
    before, most = memory().rss, 0
    assert send(server, pieces(SIZE, b"Second"), headers) == 202
    most = max(most, memory().rss)
    assert most - before < MOST_GROWTH, f"{(most - before) / 1e6:.1f} MB"
