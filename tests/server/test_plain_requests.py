"""What the worker reads by itself is what gunicorn's parser, which reads the rest, would make of the same bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import RequestParser, wsgi
from hypothesis import given, settings
from hypothesis import strategies as st

from extensions.server import framing, plain
from extensions.server.framing import Extent, extent
from extensions.server.worker import message

from .conftest import Serve, Served

CLIENT, SERVER = ("192.0.2.7", 40_000), ("192.0.2.1", 8000)
BASE = {
    "REMOTE_ADDR": "192.0.2.7",
    "REMOTE_PORT": "40000",
    "SERVER_NAME": "192.0.2.1",
    "SERVER_PORT": "8000",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "SERVER_SOFTWARE": wsgi.SERVER_SOFTWARE,
    "SCRIPT_NAME": "",
}
BY_PROXY = {"HTTP_X_FORWARDED_PROTOCOL": "ssl", "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_SSL": "on"}
SCHEMES: dict[bool, dict[str, str]] = {True: BY_PROXY, False: {}}  # of a client that is trusted, or is not


def _config(trusted: bool) -> Config:
    config = Config()
    config.set("forwarded_allow_ips", CLIENT[0] if trusted else "127.0.0.1")
    config.set("forwarder_headers", "")
    config.set("limit_request_line", framing.HEAD_BYTES)  # with the worker's own limit, which it gives to gunicorn
    return config


assert message.MAX_REQUEST_LINE == framing.HEAD_BYTES
CONFIGS = {trusted: _config(trusted) for trusted in (True, False)}


@dataclass
class Read:
    """How somebody reads a request: its environment, the bytes after it, whether it is the connection's last."""

    environ: dict[str, Any]
    rest: bytes
    last: bool


def by_gunicorn(received: bytes, trusted: bool) -> Read:
    """What gunicorn reads; raises where it refuses."""
    config = CONFIGS[trusted]
    parser = RequestParser(config, iter([received]), CLIENT)
    request = next(parser)
    _, environ = wsgi.create(request, None, CLIENT, SERVER, config)
    assert request.body.read() == b""
    return Read(compared(environ), parser.unreader.take_buffered(), request.should_close())


def by_worker(received: bytes, trusted: bool) -> Read | None:
    """What the worker reads by itself; None where it does not."""
    read = plain.read(bytearray(received), BASE, SCHEMES[trusted])
    if read is None:
        return None
    assert read.environ["wsgi.input"].read() == b""
    assert read.method == read.environ["REQUEST_METHOD"]
    return Read(compared(read.environ), received[read.length :], read.should_close())


def compared(environ: dict[str, Any]) -> dict[str, Any]:
    """The part of an environment that comes from the request."""
    objects = {name for name in environ if name.startswith(("wsgi.", "gunicorn.", "server."))} - {"wsgi.url_scheme"}
    return {name: value for name, value in environ.items() if name not in objects}


HOST = b"Host: catalog.example\r\n"


def head(target: bytes = b"/", headers: bytes = HOST, method: bytes = b"GET", version: bytes = b"HTTP/1.1") -> bytes:
    return method + b" " + target + b" " + version + b"\r\n" + headers + b"\r\n"


PLAIN = {
    "the least": head(),
    "what a browser sends": head(
        b"/books?author[contains]=tolstoy&fields=id,title",
        HOST + b"User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html, */*;q=0.8\r\n"
        b'Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\nIf-None-Match: "abc", W/"d"\r\nDNT: 1\r\n',
    ),
    "HEAD": head(method=b"HEAD"),
    "escapes in the path": head(b"/books/%C3%A9%2F%3F%23%25%00"),
    "escapes that are none": head(b"/%zz/%/%4"),
    "escapes in the query": head(b"/books?title=%26%3D%C3%A9&x=%"),
    "an empty query": head(b"/books?"),
    "two question marks": head(b"/books??a=?b"),
    "a colon in the path": head(b"/a:b/http://c"),
    "a second slash later": head(b"/books//1"),
    "brackets and backslashes": head(rb"/[::1]\{a}|^`<>\"'"),
    "a semicolon": head(b"/a;b=c;d"),
    "dots": head(b"/../a/./b"),
    "the last of its connection": head(headers=HOST + b"Connection: close\r\n"),
    "the last in capitals": head(headers=HOST + b"CONNECTION: CLOSE\r\n"),
    "kept in capitals": head(headers=HOST + b"Connection: Keep-Alive\r\n"),
    "another request after it": head() + head(b"/2"),
    "half a request after it": head() + b"POST / HT",
    "white space around values": head(headers=b"Host:\tx \t \r\nA:\r\nB: \r\nC:d\r\nD: e  f\tg\r\n"),
    "small letters": head(headers=b"host: x\r\nx-y-z: 1\r\n"),
    "a hundred lines": head(headers=HOST + b"".join(b"X-%d: 1\r\n" % number for number in range(99))),
    "a long value": head(headers=HOST + b"X: " + b"x" * 7000 + b"\r\n"),
    "a long target": head(b"/" + b"x" * 7000),
    "a proxy's https": head(headers=HOST + b"X-Forwarded-Proto: https\r\n"),
    "a proxy's http": head(headers=HOST + b"X-Forwarded-Proto: http\r\n"),
    "https in other letters": head(headers=HOST + b"X-Forwarded-Proto: HTTPS\r\n"),
    "two headers that agree": head(headers=HOST + b"X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: on\r\n"),
    "forwarded for": head(headers=HOST + b"X-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\nScript-Name: /a\r\n"),
    "names like those of CGI": head(headers=HOST + b"Path-Info: /a\r\nRemote-Addr: 1.2.3.4\r\nProxy: evil\r\n"),
}


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("case", PLAIN)
def test_a_plain_request_is_read_as_gunicorn_reads_it(case: str, trusted: bool) -> None:
    assert extent(PLAIN[case]) is Extent.WHOLE
    read = by_worker(PLAIN[case], trusted)
    assert read is not None
    assert read == by_gunicorn(PLAIN[case], trusted)


def test_whether_it_was_https_is_for_a_trusted_proxy_to_say() -> None:
    sent = PLAIN["a proxy's https"]
    schemes = {trusted: plain.read(sent, BASE, SCHEMES[trusted]) for trusted in (True, False)}
    assert {trusted: read and read.environ["wsgi.url_scheme"] for trusted, read in schemes.items()} == {
        True: "https",
        False: "http",
    }


def test_what_one_request_says_is_not_remembered_for_another() -> None:
    """The header lines are read once and their environment is kept; nobody else may write in it."""
    first = plain.read(PLAIN["the least"], BASE, {})
    assert first
    first.environ["HTTP_HOST"] = first.environ["HTTP_X_NEW"] = "changed"
    second = plain.read(PLAIN["the least"], BASE, {})
    assert second
    assert second.environ["HTTP_HOST"] == "catalog.example"
    assert "HTTP_X_NEW" not in second.environ
    assert first.environ["wsgi.input"] is not second.environ["wsgi.input"]


NOT_PLAIN = {
    # Refused by gunicorn as well.
    "two hosts": head(headers=HOST * 2),
    "a folded line": head(headers=HOST + b"A: b\r\n c\r\n"),
    "a folded line after a tab": head(headers=HOST + b"A: b\r\n\tc\r\n"),
    "a first line that is folded": head(headers=b" " + HOST),
    "a space before the colon": head(headers=b"Host : x\r\n"),
    "a header without a name": head(headers=HOST + b": x\r\n"),
    "a header without a colon": head(headers=HOST + b"nothing\r\n"),
    "bare line feeds": head().replace(b"\r\n", b"\n"),
    "one bare line feed": head(headers=HOST + b"A: b\nC: d\r\n"),
    "a bare carriage return": head(headers=HOST + b"A: b\rC: d\r\n"),
    "NUL in a value": head(headers=HOST + b"A: \x00\r\n"),
    "NUL in a name": head(headers=HOST + b"A\x00: b\r\n"),
    "DEL in a value": head(headers=HOST + b"A: \x7f\r\n"),
    "a length twice": head(headers=HOST + b"Content-Length: 0\r\n" * 2),
    "a length and chunks": head(headers=HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
    "a length with a sign": head(headers=HOST + b"Content-Length: +3\r\n"),
    "an encoding that nobody knows": head(headers=HOST + b"Transfer-Encoding: xchunked\r\n"),
    "chunks in chunks": head(headers=HOST + b"Transfer-Encoding: chunked, chunked\r\n"),
    "an expectation that nobody knows": head(headers=HOST + b"Expect: more\r\n"),
    "a target that is none": head(b"books"),
    "an asterisk": head(b"*"),
    "an authority": head(b"catalog.example:80"),
    "no target": b"GET  HTTP/1.1\r\n" + HOST + b"\r\n",
    "a small method": head(method=b"get"),
    "HTTP/2.0": head(version=b"HTTP/2.0"),
    "HTTP/1.10": head(version=b"HTTP/1.10"),
    "http/1.1": head(version=b"http/1.1"),
    "a space at the end of the line": head(version=b"HTTP/1.1 "),
    "an empty line first": b"\r\n" + head(),
    "a hundred and one lines": head(headers=HOST + b"".join(b"X-%d: 1\r\n" % number for number in range(100))),
    "a value over the limit": head(headers=HOST + b"X: " + b"x" * 8190 + b"\r\n"),
    "proxies that disagree": head(headers=HOST + b"X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n"),
    # Left to gunicorn.
    "a tab in the first line": head(b"/\t"),
    "a space in the target": head(b"/a b"),
    "a control character in the target": head(b"/\x01"),
    "a target beyond ASCII": head(b"/\xc3\xa9"),
    "a value beyond ASCII": head(headers=HOST + b"A: \xe9\r\n"),
    "a name beyond ASCII": head(headers=HOST + b"\xe9: b\r\n"),
    "an absolute target": head(b"http://catalog.example/books"),
    "a target that begins like a host": head(b"//evil.example/books"),
    "a fragment": head(b"/books#a"),
    "HTTP/1.0": head(version=b"HTTP/1.0"),
    "no header": head(headers=b""),
    "no host": head(headers=b"Accept: */*\r\n"),
    "an underscore": head(headers=HOST + b"X_Forwarded_Proto: https\r\n"),
    "an unusual name": head(headers=HOST + b"X!: 1\r\n"),
    "a header twice": head(headers=HOST + b"Accept: a\r\naccept: b\r\n"),
    "a body": head(headers=HOST + b"Content-Length: 3\r\n") + b"abc",
    "a body of nothing": head(headers=HOST + b"Content-Length: 0\r\n"),
    "chunks": head(headers=HOST + b"Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n",
    "a type": head(headers=HOST + b"Content-Type: text/plain\r\n"),
    "a client that waits": head(headers=HOST + b"Expect: 100-continue\r\n"),
    "another protocol": head(headers=HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n"),
    "several words for the connection": head(headers=HOST + b"Connection: keep-alive, TE\r\n"),
    "a list that closes": head(headers=HOST + b"Connection: close, x\r\n"),
    "POST": head(method=b"POST"),
    "OPTIONS": head(method=b"OPTIONS"),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "not whole": head()[:-1],
}


@pytest.mark.parametrize("case", NOT_PLAIN)
def test_what_is_not_plain_is_left_to_gunicorn(case: str) -> None:
    assert by_worker(NOT_PLAIN[case], trusted=True) is None


@pytest.mark.parametrize("case", [case for case in NOT_PLAIN if case != "proxies that disagree"])
def test_no_header_before_it_makes_it_plain(case: str) -> None:
    first, separator, rest = NOT_PLAIN[case].partition(b"\r\n")
    longer = first + separator + b"X-Before: 1\r\n" + rest
    assert by_worker(longer, trusted=False) is None


names = st.one_of(
    st.sampled_from(
        ["Host", "Accept", "Connection", "Content-Length", "Transfer-Encoding", "TE", "Expect", "X-Forwarded-Proto"]
    ).map(str.encode),
    st.sampled_from(
        ["X-Forwarded-Ssl", "X-Forwarded-Protocol", "Script-Name", "SCRIPT_NAME", "PATH_INFO", "x-a", "X_A", "host"]
    ).map(str.encode),
    st.sampled_from(
        ["Content-Type", "Cookie", "Upgrade", "Keep-Alive", "Trailer", "HTTP2-Settings", "Forwarded", "Host ", " A"]
    ).map(str.encode),
    st.text("abXY09-_!. \t:\x00\xe9", max_size=6).map(lambda name: name.encode("latin-1")),
)
contents = st.one_of(
    st.sampled_from(["x", "", "close", "Close", "keep-alive", "https", "on", "ssl", "http"]).map(str.encode),
    st.sampled_from(["0", "3", "chunked", "identity", "100-continue", "gzip", "a, b", "upgrade", "close, te"]).map(
        str.encode
    ),
    st.text("aZ9 \t,;=\"'\r\n\x00\x0b\x0c\x1c\x7f\x85\xa0\xff", max_size=8).map(lambda value: value.encode("latin-1")),
)
lines = st.builds(
    lambda name, colon, value, end: name + colon + value + end,
    names,
    st.sampled_from([b": ", b":", b":\t", b" : ", b""]) | st.just(b": "),
    contents,
    st.sampled_from([b"\r\n"] * 12 + [b"\n", b"\r", b"\r\n ", b"\r\n\t", b""]),
)
good_lines = st.builds(
    lambda name, colon, value: name.encode() + colon + value + b"\r\n",
    st.sampled_from(["Connection", "X-Forwarded-Proto", "X-Forwarded-Ssl", "Cookie", "x-a"])
    | st.from_regex("[aB0-]", fullmatch=True),
    st.sampled_from([b": ", b":", b":\t"]),
    st.sampled_from([b"close", b"keep-alive", b"CLOSE", b"https", b"on", b"x"])
    | st.from_regex(rb"[\t -~]{0,9}", fullmatch=True),
)
good_targets = st.from_regex(rb"/([!-\"$-.0-~][!-\"$-~]{0,12})?", fullmatch=True)
targets = st.one_of(
    st.sampled_from([b"/", b"/books", b"/books?limit=2", b"//x", b"*", b"http://x/", b"/a#b", b"", b"/%41%zz%ff?%41"]),
    st.text("/?#%&=:;@[]\\.~aé0F \t\x00\x7f", max_size=12).map(lambda text: b"/" + text.encode()),
)
endings = st.sampled_from([b"", b"GET /2 HTTP/1.1\r\nHost: y\r\n\r\n", b"abc"])


def made(method: bytes, target: bytes, version: bytes, headers: list[bytes], rest: bytes) -> bytes:
    return head(target, b"".join(headers), method, version) + rest


good_headers = st.lists(good_lines, max_size=3).map(lambda others: [HOST, *others])
good_methods = st.sampled_from([b"GET", b"HEAD"])
# Good ones, and such as have one bad part.
heads = st.one_of(
    st.builds(made, good_methods, good_targets, st.just(b"HTTP/1.1"), good_headers, endings),
    st.builds(made, good_methods, targets, st.just(b"HTTP/1.1"), good_headers, endings),
    st.builds(
        made,
        good_methods,
        good_targets,
        st.just(b"HTTP/1.1"),
        st.builds(
            lambda before, bad, after: [*before, bad, *after], good_headers, lines, st.lists(good_lines, max_size=2)
        ),
        endings,
    ),
    st.builds(
        made,
        st.sampled_from([b"GET", b"HEAD", b"POST", b"get", b"GET ", b"G", b" GET"]),
        good_targets,
        st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.1 ", b"HTTP/1.1\n", b""]),
        st.lists(good_lines, max_size=2),
        endings,
    ),
)


@settings(deadline=None, max_examples=1500)
@given(sent=heads, trusted=st.booleans())
def test_whatever_is_accepted_as_plain_means_the_same_to_gunicorn(sent: bytes, trusted: bool) -> None:
    read = by_worker(sent, trusted)
    if read is not None:
        assert read == by_gunicorn(sent, trusted)  # which raises if it refuses


whole_heads = st.builds(made, good_methods, good_targets, st.just(b"HTTP/1.1"), good_headers, endings)


@settings(deadline=None, max_examples=500)
@given(sent=whole_heads, place=st.integers(0, 200), byte=st.integers(0, 255), trusted=st.booleans())
def test_no_change_of_one_byte_makes_them_disagree(sent: bytes, place: int, byte: int, trusted: bool) -> None:
    place %= len(sent)
    for changed in (sent, sent[:place] + bytes([byte]) + sent[place + 1 :], sent[:place] + sent[place + 1 :]):
        read = by_worker(changed, trusted)
        if read is not None:
            assert read == by_gunicorn(changed, trusted)


# The answers to plain requests.


def test_an_answer_has_its_length_its_date_and_the_end_of_its_connection() -> None:
    made = plain.answer("200 OK", [("ETag", '"a"'), ("X", "é")], b"body", to_head=False, last=False)
    lines, _, body = made.partition(b"\r\n\r\n")
    status, *headers = lines.decode("latin-1").split("\r\n")
    found = dict(header.split(": ", 1) for header in headers)
    assert len(found) == len(headers)
    assert status == "HTTP/1.1 200 OK"
    assert body == b"body"
    assert parsedate_to_datetime(found.pop("Date")).tzinfo
    assert found == {"Server": "gunicorn", "Connection": "keep-alive", "ETag": '"a"', "X": "é", "Content-Length": "4"}
    last = plain.answer("200 OK", [], b"", to_head=False, last=True)
    assert b"\r\nConnection: close\r\n" in last
    assert b"keep-alive" not in last


@pytest.mark.parametrize("name", ["Content-Length", "content-length"])
def test_a_length_that_the_application_gives_stands_alone(name: str) -> None:
    made = plain.answer("200 OK", [(name, "4")], b"body", to_head=False, last=False)
    assert made.lower().count(b"content-length: 4\r\n") == 1


def test_an_answer_to_head_has_the_length_of_the_body_that_it_leaves_out() -> None:
    made = plain.answer("200 OK", [], b"body", to_head=True, last=False)
    assert made.endswith(b"\r\nContent-Length: 4\r\n\r\n")


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_an_answer_without_a_body_has_no_length(status: str) -> None:
    made = plain.answer(status, [("ETag", '"a"')], b"", to_head=False, last=False)
    assert b"content-length" not in made.lower()
    assert made.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("text", ["a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\r\n\r\n<html>", "\r\n", "\n", "\r"])
@pytest.mark.parametrize("place", ["name", "value", "status"])
def test_a_header_that_leaves_its_line_is_refused(text: str, place: str) -> None:
    header = {"name": (text, "x"), "value": ("X", text), "status": ("X", "x")}[place]
    status = f"200 {text}" if place == "status" else "200 OK"
    with pytest.raises(ValueError, match="line break"):
        plain.answer(status, [header], b"", to_head=False, last=False)
    with pytest.raises(ValueError, match="line break"):
        plain.answer(status, [header, ("Y", "z")], b"body\r\n", to_head=True, last=True)


# The same over a real server.


@pytest.fixture(scope="module", params=["127.0.0.1", "10.0.0.1"])
def proxied(request: pytest.FixtureRequest, serve: Serve) -> Iterator[Served]:
    """Servers that trust, and do not trust, what a proxy on this machine says."""
    served = serve("mirror", forwarded_allow_ips=request.param, forwarder_headers="")
    yield served
    served.stop()


def test_the_application_sees_no_difference(proxied: Served) -> None:
    """A header with an underscore is dropped by gunicorn, and is nothing that the worker reads by itself."""
    wire = proxied.connect()
    seen = []
    for case in ("what a browser sends", "escapes in the path", "a proxy's https", "forwarded for", "the least"):
        for extra in (b"", b"X_Not_Plain: 1\r\n"):
            sent = PLAIN[case][:-2] + extra + b"\r\n"
            assert bool(extra) is (by_worker(sent, trusted=False) is None)
            wire.send(sent)
            environ = json.loads(wire.answer().body)
            environ.pop("server.moment", None)
            seen.append(environ)
    assert seen[::2] == seen[1::2]
    assert {environ["wsgi.url_scheme"] for environ in seen} <= {"http", "https"}


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(SMUGGLED),
        b"Content-Length : 3\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n",
        b"A: b\r\n Content-Length: 3\r\n",
        b"A: b\nContent-Length: 3\r\n",
        b"Host: y\r\n",
    ],
)
def test_a_request_hidden_in_another_is_refused_with_it(headers: bytes, proxied: Served) -> None:
    received = proxied.connect(b"GET / HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n" + SMUGGLED).rest()
    assert re.match(rb"HTTP/1\.1 (400|501) ", received), received
    assert received.count(b"HTTP/1.1 ") == 1
    assert b"/smuggled" not in received
