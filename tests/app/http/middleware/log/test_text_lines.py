"""One event is one line of the log."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.middleware.log.formats import LineFormatter
from app.http.middleware.log.secrets import without_secrets


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/srv/a\nb", r"/srv/a\nb"),
        ("a\r\x1b[2Jb", r"a\r\x1b[2Jb"),
        ("a\u2028b\x85c", r"a\u2028b\x85c"),
        ("\u202eabc", r"\u202eabc"),
        ("Œuvres — 書", "Œuvres — 書"),
    ],
    ids=["line break", "escape sequence", "Unicode line breaks", "bidirectional override", "plain text"],
)
def test_what_an_event_quotes_is_escaped(text, line):
    record = logging.LogRecord("catalog", logging.WARNING, "", 0, "%s is gone", (text,), None)
    assert LineFormatter("%(message)s").format(record) == f"{line} is gone"


def test_a_traceback_keeps_its_lines():
    try:
        raise ValueError("x")
    except ValueError as error:
        record = logging.LogRecord("catalog", 40, "", 0, "failed", (), (type(error), error, error.__traceback__))
    assert len(LineFormatter("%(message)s").format(record).splitlines()) > 3


SECRET = "cat_s_0kFJ3jX1bZq8Vw2YtR7nM5pL9sD4gH6cA0eU3iO1xK8vB2yQmN7zPw"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"GET /password-resets/{SECRET} 204", "GET /password-resets/[secret] 204"),
        (f"GET /books?token={SECRET}&limit=1", "GET /books?token=[secret]&limit=1"),
        (f"GET /books?token={SECRET.replace('_', '%5F')}", "GET /books?token=[secret]"),
        (f"GET /books?token=%63%61%74%5f%73%5f{SECRET[6:]}", "GET /books?token=[secret]"),
        (f"GET /books?q={SECRET[:30]}", "GET /books?q=[secret]"),
        (f"GET /books?q={SECRET[:10]}%58{SECRET[11:]}", "GET /books?q=[secret]"),
        (f"'Bearer {SECRET}'", "'Bearer [secret]'"),
        (SECRET.replace("cat_s", "cat_k"), "[secret]"),
        ("GET /accounts?email=ann@example.com&limit=1", "GET /accounts?email=[e-mail]&limit=1"),
        ("GET /accounts?email=ann%40example.com", "GET /accounts?email=[e-mail]"),
        ("GET /accounts?email=%61nn%2540example.com 200", "GET /accounts?email=[e-mail] 200"),
        ("GET /accounts?email[in]=ann@a.de,bob@b.de", "GET /accounts?email[in]=[e-mail],[e-mail]"),
        ("GET /a/ann@localhost/b", "GET /a/[e-mail]/b"),
        ("To: Ann <ann.o'hara+books@example.com>.", "To: Ann <[e-mail]>."),
        ("Key (email_key)=(ann@example.com) already exists", "Key (email_key)=([e-mail]) already exists"),
        ("rené@bücher.example wrote", "[e-mail] wrote"),
        ("ren%C3%A9%40example.com", "[e-mail]"),
        ("GET /books?q=concat_s&x=%20 at 40 % @ home", "GET /books?q=concat_s&x=%20 at 40 % @ home"),
        ("GET /books?page_count=40&title=100%25", "GET /books?page_count=40&title=100%25"),
        ("catalog.access cat_ cats_and_dogs", "catalog.access cat_ cats_and_dogs"),
    ],
)
def test_a_line_shows_no_token_and_no_address(text: str, line: str) -> None:
    record = logging.LogRecord("catalog", logging.WARNING, "", 0, "%s", (text,), None)
    assert LineFormatter("%(message)s").format(record) == line


def test_a_traceback_shows_no_token_and_no_address() -> None:
    try:
        raise ValueError(f"ann@example.com sent {SECRET}")
    except ValueError as error:
        record = logging.LogRecord("catalog", 40, "", 0, "failed", (), (type(error), error, error.__traceback__))
    shown = LineFormatter("%(message)s").format(record)
    assert shown.endswith("ValueError: [e-mail] sent [secret]")
    assert SECRET not in shown


@given(st.sampled_from(["", "/books?q=", "a%40", "x@y "]), st.text(max_size=20), st.integers(0, 2**256 - 1))
def test_no_text_around_a_token_shows_it(before: str, after: str, number: int) -> None:
    token = f"cat_k_{number:064x}"
    assert token not in without_secrets(f"{before}{token}{after}")


@pytest.mark.parametrize(
    "text", ["a" * 200_000 + "@", "%" * 200_000 + "@", "a%40" * 50_000, "@" * 200_000, "%25" * 60_000]
)
def test_a_long_line_is_read_once(text: str) -> None:
    assert len(without_secrets(text)) <= len(text)
