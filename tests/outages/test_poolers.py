"""A connection pooler before the database that refuses the startup parameter `options`, as PgBouncer does."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy.engine import make_url

from tests.support.servers.processes import free_port

REFUSAL = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0"


class Pooler:
    """Relays connections to a database; refuses those that send `options` while `is_strict`."""

    def __init__(self, url: str) -> None:
        self._socket_path = f"{make_url(url).query['host']}/.s.PGSQL.{make_url(url).query['port']}"
        self.is_strict = False
        self._listener = socket.create_server(("127.0.0.1", free_port()))
        address = {"host": "127.0.0.1", "port": self._listener.getsockname()[1]}
        self.url = make_url(url).set(query={}, **address).render_as_string()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._relay, args=(self._listener.accept()[0],), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        startup = client.recv(4096)
        if len(startup) == 8:  # a request for TLS or GSS
            client.sendall(b"N")
            self._relay(client)
        elif self.is_strict and b"options\0" in startup:
            client.sendall(b"E" + (len(REFUSAL) + 4).to_bytes(4) + REFUSAL)
            client.close()
        else:
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._socket_path)
            server.sendall(startup)
            threading.Thread(target=_copy, args=(server, client), daemon=True).start()
            _copy(client, server)

    def close(self) -> None:
        self._listener.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def pooler(database_url: str, empty_catalog) -> Iterator[Pooler]:
    empty_catalog()
    pooler = Pooler(database_url)
    yield pooler
    pooler.close()


def test_ready_fails_where_every_read_fails(pooler: Pooler, make_app) -> None:
    client = make_app(DATABASE_URL=pooler.url, CACHE_DEFAULT_TIMEOUT=0).test_client()
    pooler.is_strict = True
    assert [client.get(path).status_code for path in ("/books", "/health/ready", "/health/live")] == [503, 503, 200]


def test_ready_succeeds_where_reads_do(pooler: Pooler, make_app) -> None:
    client = make_app(DATABASE_URL=pooler.url, CACHE_DEFAULT_TIMEOUT=0).test_client()
    assert [client.get(path).status_code for path in ("/books", "/health/ready")] == [200, 200]
