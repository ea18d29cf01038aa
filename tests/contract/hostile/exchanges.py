"""Bytes that misuse HTTP, each with the statuses that come back."""

from __future__ import annotations

from dataclasses import dataclass

SMALL = 64 * 1024  # bytes, MAX_CONTENT_LENGTH of the server


@dataclass(frozen=True)
class Exchange:
    """Bytes sent over a connection, and the statuses that come back before it is closed."""

    name: str
    sent: bytes
    statuses: tuple[int, ...]
    half_closed: bool = False  # the client closes its direction
    is_problem: bool = False  # the last response is a problem of the application


def _post(body: bytes, *lines: str, target: str = "/books", close: bool = True) -> bytes:
    lines = (*lines, "Connection: close") if close else lines
    head = [f"POST {target} HTTP/1.1", "Host: x", "Content-Type: application/json", *lines, "", ""]
    return "\r\n".join(head).encode("latin-1") + body


def _get(target: str = "/books/1", *lines: str, version: str = "HTTP/1.1", close: bool = True) -> bytes:
    head = [f"GET {target} {version}", "Host: x", *lines, *(["Connection: close"] if close else []), "", ""]
    return "\r\n".join(head).encode("latin-1")


BAD = b'{"title": ""}'

CHUNKED = "Transfer-Encoding: chunked"

EXCHANGES = (
    Exchange("half a body", _post(b'{"ti', "Content-Length: 100"), (400,), True),
    Exchange("no body of one announced", _post(b"", "Content-Length: 100"), (400,), True),
    Exchange("half a head", b"GET /books HTTP/1.1\r\nHost:", (400,), True),
    Exchange("a length too short", _post(BAD, "Content-Length: 5"), (400,), False, True),
    Exchange("no length", _post(BAD), (400,), False, True),
    Exchange("a length of 0", _post(BAD, "Content-Length: 0"), (400,), False, True),
    Exchange("a length that is no number", _post(BAD, "Content-Length: ten"), (400,)),
    Exchange("a negative length", _post(BAD, "Content-Length: -1"), (400,)),
    Exchange("a length with a plus", _post(BAD, "Content-Length: +13"), (400,)),
    Exchange("a length in hexadecimal", _post(BAD, "Content-Length: 0xd"), (400,)),
    Exchange("a length with a fraction", _post(BAD, "Content-Length: 13.0"), (400,)),
    Exchange("a length in superscript", _post(BAD, "Content-Length: \xb2"), (400,)),
    Exchange("two lengths", _post(BAD, "Content-Length: 13", "Content-Length: 2"), (400,)),
    Exchange("a list of lengths", _post(BAD, "Content-Length: 13, 13"), (400,)),
    Exchange("a length past the cap", _post(BAD, f"Content-Length: {SMALL + 1}"), (413,), False, True),
    Exchange("a length past every cap", _post(BAD, "Content-Length: " + "9" * 40), (400,)),
    Exchange("a body past the cap", _post(b" " * (SMALL + 1), f"Content-Length: {SMALL + 1}"), (413,), False, True),
    Exchange("a body of the cap", _post(b" " * SMALL, f"Content-Length: {SMALL}"), (400,), False, True),
    Exchange(
        "a body past the cap to nowhere", _post(b"", "Content-Length: 99999999", target="/nothing"), (404,), False, True
    ),
    Exchange(
        "a body past the cap to a page",
        _post(b"", "Content-Length: 99999999", target="/health/live"),
        (405,),
        False,
        True,
    ),
    Exchange("chunks", _post(b"d\r\n" + BAD + b"\r\n0\r\n\r\n", CHUNKED), (422,), False, True),
    Exchange(
        "chunks past the cap",
        _post((b"ffff\r\n" + b" " * 65535 + b"\r\n") * 2 + b"0\r\n\r\n", CHUNKED),
        (413,),
        False,
        True,
    ),
    Exchange("chunks of garbage", _post(b"zz\r\n" + BAD + b"\r\n0\r\n\r\n", CHUNKED), (400,)),
    Exchange("a chunk of negative size", _post(b"-1\r\n" + BAD + b"\r\n0\r\n\r\n", CHUNKED), (400,)),
    Exchange("a chunk of size 0x", _post(b"0xd\r\n" + BAD + b"\r\n0\r\n\r\n", CHUNKED), (400,)),
    Exchange("a chunk longer than its size", _post(b"1\r\n" + BAD + b"\r\n0\r\n\r\n", CHUNKED), (400,)),
    Exchange("a chunk that breaks off", _post(b"ff\r\n" + BAD, CHUNKED), (400,), True),
    Exchange("chunks without an end", _post(b"d\r\n" + BAD + b"\r\n", CHUNKED), (400,), True),
    Exchange("a request behind chunks of garbage", _post(b"zz\r\n", CHUNKED, close=False) + _get(), (400,)),
    Exchange("a request behind a wrong length", _post(BAD, "Content-Length: x", close=False) + _get(), (400,)),
    Exchange("a chunk extension", _post(b"d;a=b\r\n" + BAD + b"\r\n0\r\n\r\n", CHUNKED), (422,), False, True),
    Exchange("a long chunk extension", _post(b"d;a=" + b"b" * 300_000 + b"\r\n" + BAD, CHUNKED), (400,)),
    Exchange("many chunk extensions", _post((b"1;a=" + b"b" * 1000 + b"\r\n \r\n") * 300, CHUNKED), (400,)),
    Exchange("a trailer", _post(b"d\r\n" + BAD + b"\r\n0\r\nX-Y: z\r\n\r\n", CHUNKED), (422,), False, True),
    Exchange("a long trailer", _post(b"d\r\n" + BAD + b"\r\n0\r\nX-Y: " + b"z" * 300_000, CHUNKED), (400,)),
    Exchange("many trailers", _post(b"d\r\n" + BAD + b"\r\n0\r\n" + b"X-Y: z\r\n" * 40_000, CHUNKED), (400,)),
    Exchange("a length beside chunks", _post(b"d\r\n" + BAD + b"\r\n0\r\n\r\n", CHUNKED, "Content-Length: 4"), (400,)),
    Exchange("chunks in chunks", _post(b"0\r\n\r\n", "Transfer-Encoding: chunked, chunked"), (400,)),
    Exchange("compressed chunks", _post(b"0\r\n\r\n", "Transfer-Encoding: gzip, chunked"), (400,)),
    Exchange("an unknown coding", _post(b"0\r\n\r\n", "Transfer-Encoding: cow"), (400,)),
    Exchange("a hidden coding", _post(b"0\r\n\r\n", "Transfer-Encoding : chunked"), (400,)),
    Exchange(
        "100-continue past the cap",
        _post(b"", "Expect: 100-continue", "Content-Length: 99999999"),
        (413,),
        False,
        True,
    ),
    Exchange("100-continue", _post(BAD, "Expect: 100-continue", "Content-Length: 13"), (100, 422), False, True),
    Exchange(
        "100-continue of another type",
        _post(BAD, "Expect: 100-continue", "Content-Length: 13").replace(b"n/j", b"n/x"),
        (100, 415),
        False,
        True,
    ),
    Exchange("another expectation", _post(BAD, "Expect: a-miracle", "Content-Length: 13"), (422,), False, True),
    Exchange("a body of a GET", _get("/books/1", "Content-Length: 5").rstrip() + b"\r\n\r\nhello", (200,)),
    Exchange("pipelining", _get(close=False) + _get("/nothing", close=False) + _get(), (200, 404, 200)),
    Exchange("pipelining behind a body", _post(BAD, "Content-Length: 13", close=False) + _get(), (422, 200)),
    Exchange("a request hidden in a body", _post(_get("/authors/1"), "Content-Length: 0", close=False), (400, 200)),
    Exchange("the absolute form", _get("http://x/books/1"), (200,)),
    Exchange("the absolute form of nothing", _get("http://evil.example/nothing"), (404,), False, True),
    Exchange("an absolute form with garbage", _get("http://[/books"), (400,)),
    Exchange("the asterisk form", b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", (404,), False, True),
    Exchange("the authority form", b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", (400,)),
    Exchange("a target without a slash", _get("books"), (400,)),
    Exchange("a fragment in the target", _get("/books/1#x"), (200,)),
    Exchange("two slashes", _get("//books"), (200,)),
    Exchange("a space in the target", _get("/books/ 1"), (400,)),
    Exchange("a NUL in the target", _get("/books/\0"), (400,)),
    Exchange("a tab in the target", _get("/books/\t1"), (400,)),
    Exchange("UTF-8 in the target", _get("/books/\xc3\xa9"), (404,), False, True),
    Exchange("a byte that is no UTF-8 in the query", _get("/books?title=\xff"), (400,), False, True),
    Exchange("4,096 bytes of URL", _get("/nothing?" + "x" * 4087), (404,), False, True),
    Exchange("4,097 bytes of URL", _get("/nothing?" + "x" * 4088), (414,), False, True),
    Exchange("8,000 bytes of URL", _get("/" + "x" * 7999), (414,), False, True),
    Exchange("20,000 bytes of URL", _get("/" + "x" * 20_000), (414,), False, True),
    Exchange("a long header", _get("/books/1", "X-Long: " + "x" * 20_000), (200,)),
    Exchange("200 headers", _get("/books/1", *(f"X-{number}: 1" for number in range(200))), (200,)),
    Exchange("a head past the cap", _get("/books/1", "X-Long: " + "x" * 400_000), (400,)),
    Exchange("HTTP/1.0", b"GET /books/1 HTTP/1.0\r\n\r\n", (200,)),
    Exchange(
        "HTTP/1.0 with a bad body",
        b"POST /books HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n" + BAD,
        (422,),
        False,
        True,
    ),
    Exchange("HTTP/0.9", b"GET /books\r\n\r\n", (400,)),
    Exchange("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400,)),
    Exchange("HTTP/9.9", _get(version="HTTP/9.9"), (400,)),
    Exchange("no version at all", b"GET /books/1 \r\nHost: x\r\n\r\n", (400,)),
    Exchange("a version in lower case", _get(version="http/1.1"), (400,)),
    Exchange("TLS", bytes.fromhex("16030100c8010000c40303") + b"\r\n\r\n", (400,)),
    Exchange("noise", bytes(range(256)) + b"\r\n\r\n", (400,)),
    Exchange("nothing at all", b"", (), True),
    Exchange("an empty head", b"\r\n\r\n", (), True),
    Exchange("a method in lower case", b"get /books HTTP/1.1\r\nHost: x\r\n\r\n", (400,)),
    Exchange("a method of signs", b"G@T /books HTTP/1.1\r\nHost: x\r\n\r\n", (400,)),
    Exchange("an unknown method", b"BREW /books HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", (400,)),
    Exchange(
        "a method of WebDAV", b"PROPFIND /books HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", (405,), False, True
    ),
    Exchange("TRACE", b"TRACE /books HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", (405,), False, True),
    Exchange("a header without a colon", _get("/books/1", "nonsense"), (400,)),
    Exchange("a header without a name", _get("/books/1", ": x"), (400,)),
    Exchange("a space before the colon", _get("/books/1", "Accept : text/html"), (400,)),
    Exchange("a NUL in a header", _get("/books/1", "X-Y: a\0b"), (400,)),
    Exchange("a carriage return in a header", _get("/books/1", "X-Y: a\rb"), (400,)),
    Exchange("the accept of a byte", _get("/books/1", "Accept: \xff"), (406,), False, True),
    Exchange("a websocket", _get("/books/1", "Upgrade: websocket", "Sec-WebSocket-Key: x"), (200,)),
    Exchange("two hosts", _get("/books/1", "Host: evil.example"), (400,)),
    Exchange("no host", b"GET /books/1 HTTP/1.1\r\nConnection: close\r\n\r\n", (400,), False, True),
    Exchange("no host in HTTP/1.0", b"GET /books/1 HTTP/1.0\r\nConnection: close\r\n\r\n", (200,)),
    Exchange("an empty host", b"GET /books/1 HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", (400,), False, True),
    Exchange("close among options", _get("/books/1", "Connection: close, x", close=False) + _get(), (200,)),
    Exchange("a host of garbage", b"GET /books/1 HTTP/1.1\r\nHost: a b/c?\r\nConnection: close\r\n\r\n", (400,)),
    Exchange(
        "the path in a header",
        _get("/books/1", "X-Original-URL: /authors", "X-HTTP-Method: DELETE", "Path_Info: /authors"),
        (200,),
    ),
    Exchange("a root in a header", _get("/books/1", "Script_Name: /books"), (200,)),
    Exchange("a proxy's headers", _get("/books/1", "Forwarded: for=x", "X-Forwarded-Proto: javascript"), (200,)),
)
