"""The event loop sends cache hits; threads handle all other requests."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.servers.gunicorn import Server

from .applications import LARGE, THREADS
from .conftest import Serve, get, post


@pytest.fixture(scope="module")
def served(serve: Serve) -> Iterator[Server]:
    served = serve(keep_alive="60")
    workers = served.workers()
    yield served
    assert served.workers() == workers
    served.stop()


def test_pipelined_hits_get_responses_in_order(served: Server) -> None:
    wire = served.connect(b"".join(get(f"/hit/{number}") for number in range(500)))
    for number in range(500):
        response = wire.response()
        assert (response.body, response.headers["x-from"]) == (f"/hit/{number}".encode(), "loop")


def test_pipelined_hits_and_others_get_responses_in_order(served: Server) -> None:
    sent, expected = [], []
    for number in range(200):
        kind = random.Random(number).randrange(3)
        path = (f"/hit/{number}", f"/short/{number % 20}", f"/other/{number}")[kind]
        body = b"x" * (number % 3)
        sent.append(post(path, body) if kind == 2 else get(path))
        expected.append({0: path, 1: f"{path} 0", 2: f"{path} {len(body)}"}[kind].encode())
    whole = b"".join(sent)
    for size in (len(whole), 1000, 37):
        wire = served.connect()
        for start in range(0, len(whole), size):
            wire.send(whole[start : start + size])
        assert [wire.response().body for _ in expected] == expected


def test_head_of_a_hit_has_no_body(served: Server) -> None:
    wire = served.connect(get("/hit/1", "HEAD") + get("/hit/2"))
    head = wire.response(to_head=True)
    assert (head.status, head.headers["content-length"]) == (200, "6")
    assert wire.response().body == b"/hit/2"


def test_connection_close_ends_the_connection(served: Server) -> None:
    for path in ("/hit", "/other"):
        wire = served.connect(get(path) + get(path, last=True) + get(path))
        assert [wire.response().headers.get("connection") for _ in range(2)] == [None, "close"]
        assert wire.is_closed()


def test_a_slow_reader_gets_all_of_a_large_hit(served: Server) -> None:
    slow = [served.connect(get("/large/1"), small_buffer=True) for _ in range(THREADS - 1)]
    for wire in slow:
        wire.wait_for_response()
    for _ in range(20):  # and delays no other request meanwhile
        assert served.get("/hit/x").body == b"/hit/x"
        assert served.get("/other").body == b"/other 0"
    slow[0].send(get("/large/2") + get("/other") + get("/hit/3") + get("/large/4"))
    slow[1].send(get("/large/2", last=True))
    assert all(wire.response().body == LARGE for wire in slow)
    assert slow[0].response().body == LARGE
    assert slow[0].response().body == b"/other 0"
    assert slow[0].response().body == b"/hit/3"
    assert slow[0].response().body == LARGE
    assert slow[1].response().body == LARGE
    assert slow[1].is_closed()
    slow[2].send(get("/hit/5"))
    assert slow[2].response().body == b"/hit/5"


def test_the_next_request_may_arrive_at_any_time(served: Server) -> None:
    def talk(seed: int) -> list[bytes]:
        chance = random.Random(seed)
        wire = served.connect()
        wrong = []
        for number in range(80):
            paths = [chance.choice((f"/hit/{number}", f"/short/{chance.randrange(30)}")) for _ in range(3)]
            for path in paths:
                sent = get(path)
                cut = chance.randrange(len(sent))
                wire.send(sent[:cut])
                if chance.random() < 0.5:
                    pause(chance.random() / 500)
                wire.send(sent[cut:])
            for path in paths:
                body = wire.response().body
                wrong += [body] if body.split()[0] != path.encode() else []
        return wrong

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(talk, range(6))) == [[]] * 6


def pause(seconds: float) -> None:
    """Wait, so that other threads and processes can run."""
    pair = socket.socketpair()
    with pair[0] as end, pair[1]:
        end.settimeout(seconds)
        try:
            end.recv(1)
        except (TimeoutError, BlockingIOError):
            return


def environ(served: Server, sent: bytes) -> dict[str, str]:
    response = served.connect(sent).response()
    assert response.status == 200, response
    variables: dict[str, str] = json.loads(response.body)
    return variables


def test_the_application_gets_the_environ_of_wsgi(served: Server) -> None:
    variables = environ(
        served,
        b"PUT /mirror/%C3%A9%2Fa?b=%20c&d HTTP/1.1\r\nHost: x:80\r\nContent-Type: a/b\r\nContent-Length: 2\r\n"
        b"X-Twice: 1\r\nx-twice: 2\r\nX-Latin: \xe9\r\n\r\nab",
    )
    assert variables["REQUEST_METHOD"] == "PUT"
    assert variables["PATH_INFO"] == "/mirror/é/a".encode().decode("latin-1")
    assert (variables["QUERY_STRING"], variables["RAW_URI"]) == ("b=%20c&d", "/mirror/%C3%A9%2Fa?b=%20c&d")
    assert (variables["HTTP_HOST"], variables["CONTENT_TYPE"], variables["CONTENT_LENGTH"]) == ("x:80", "a/b", "2")
    assert (variables["HTTP_X_TWICE"], variables["HTTP_X_LATIN"]) == ("1,2", "é")
    assert (variables["SERVER_PROTOCOL"], variables["wsgi.url_scheme"]) == ("HTTP/1.1", "http")
    assert (variables["REMOTE_ADDR"], variables["SERVER_PORT"]) == ("127.0.0.1", str(served.port))


@pytest.mark.parametrize(("workers_trust", "scheme"), [("127.0.0.1", "https"), ("10.0.0.1", "http")])
def test_only_a_trusted_proxy_names_the_scheme(workers_trust: str, scheme: str, serve: Serve) -> None:
    served = serve(forwarded_allow_ips=workers_trust)
    assert (
        environ(served, b"GET /mirror HTTP/1.1\r\nHost: x\r\nX-Forwarded-Proto: https\r\n\r\n")["wsgi.url_scheme"]
        == scheme
    )
    served.stop()


def test_a_header_with_an_underscore_is_ignored(served: Server) -> None:
    variables = environ(served, b"GET /mirror HTTP/1.1\r\nHost: x\r\nX_Forwarded_For: 1\r\nContent_Length: 3\r\n\r\n")
    assert not {"HTTP_X_FORWARDED_FOR", "CONTENT_LENGTH"} & set(variables)
