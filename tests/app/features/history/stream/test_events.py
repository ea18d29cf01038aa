"""The events of a stream, without a server: their form, filters, audience and end."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.features.history.stream import follower, reader
from extensions.cache import Area
from extensions.database.engine import ON_COMMIT
from tests.support.databases import execute

from .event_streams import ACCEPT, Block

Follow = Callable[..., Iterator[Block]]


def take(blocks: Iterator[Block], number: int) -> list[Block]:
    """Wait for some events, during a hundred comments."""
    events: list[Block] = []
    for block in itertools.islice(blocks, number + 100):
        events += [block] if block.event else []
        if len(events) == number:
            return events
    raise AssertionError(f"only these events came: {events}")


def test_an_event_is_a_change(client: FlaskClient, follow: Follow, add_book: Any) -> None:
    add_book(title="Emile", description="two\nlines")
    client.patch("/books/1", json={"title": "Émile"}, headers={"X-Change-Note": "why"})
    client.delete("/books/1")
    page = client.get("/changes").json
    events = take(follow(), 3)
    assert [event.data for event in events] == page["data"]
    assert [(event.id, event.event) for event in events] == [
        (change["position"], change["op"]) for change in page["data"]
    ]


def test_the_response_is_a_stream(client: FlaskClient, following: Any) -> None:
    with client.get("/changes", headers=ACCEPT, buffered=False) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Accel-Buffering"] == "no"
        assert response.headers["Vary"] == "Accept"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Content-Length" not in response.headers
        assert "ETag" not in response.headers


def test_head_has_no_body(client: FlaskClient, following: Any) -> None:
    response = client.head("/changes", headers=ACCEPT)
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["Content-Type"] == "text/event-stream"
    assert following.number == 0


def test_a_new_change_is_sent(client: FlaskClient, follow: Follow, add_book: Any, database_url: str) -> None:
    blocks = follow("?since=now")
    add_book(title="By the API")
    assert [event.data["via"] for event in take(blocks, 1)] == ["api"]
    execute(database_url, "UPDATE books SET title = 'By SQL'")
    [event] = take(blocks, 1)
    assert (event.data["via"], event.data["after"]) == ("sql", {"title": "By SQL"})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?resource=authors", [("created", "authors"), ("updated", "authors")]),
        ("?op=updated", [("updated", "authors"), ("updated", "books")]),
        ("?op=updated&resource=books", [("updated", "books")]),
        ("?op[in]=deleted,updated&resource=books", [("updated", "books"), ("deleted", "books")]),
    ],
)
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "old"])
def test_filters_select_events(
    client: FlaskClient, follow: Follow, add_book: Any, query: str, expected: list[tuple[str, str]], is_new: bool
) -> None:
    blocks = follow(query) if is_new else iter(())
    add_book(authors=[{"name": "Ann"}])
    client.patch("/authors/1", json={"name": "Anna"})
    client.patch("/books/1", json={"title": "Other"})
    client.delete("/books/1")
    blocks = blocks if is_new else follow(query)
    events = take(blocks, len(expected))
    assert [(event.event, event.data["resource"]) for event in events] == expected


def test_accounts_are_shown_to_accounts(
    client: FlaskClient, follow: Follow, account: Any, headers_of: Any, add_author: Any
) -> None:
    editor = account("admin")
    headers = headers_of(editor)
    anonymous, known = follow("?since=now"), follow("?since=now", **headers)
    client.post("/books", json={"title": "A"}, headers=headers)
    [hidden], [shown] = take(anonymous, 1), take(known, 1)
    assert (hidden.data["by"], shown.data["by"]["id"]) == (None, editor.id)
    assert hidden.data | {"by": shown.data["by"]} == shown.data
    assert take(follow(), 1) == [hidden]
    assert take(follow(**headers), 1) == [shown]


def test_comments_come_again_and_again(follow: Follow) -> None:
    comments = list(itertools.islice(follow(), 3))
    assert comments == [Block(None, None, None, "keep-alive")] * 3


def test_a_comment_has_the_position_behind_other_changes(follow: Follow, add_author: Any) -> None:
    blocks = follow("?since=now&resource=books")
    add_author()
    moved = next(block for block in blocks if block.id)
    assert (moved.event, moved.comment) == (None, "keep-alive")
    assert next(follow(Last_Event_ID=str(moved.id))).id is None


def test_a_client_without_a_position_gets_one(client: FlaskClient, following: Any, add_book: Any) -> None:
    add_book()
    last = client.get("/changes?since=now").json["meta"]["last"]
    with client.get("/changes?since=now", headers=ACCEPT, buffered=False) as response:
        assert next(response.iter_encoded()) == f"retry: 2000\n: keep-alive\nid: {last}\n\n".encode()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE accounts SET disabled = true", "DELETE FROM tokens", "DELETE FROM accounts"],
    ids=["disabled", "revoked", "deleted"],
)
def test_a_client_without_rights_is_cut_off(
    app: Flask, follow: Follow, account: Any, headers_of: Any, database_url: str, statement: str
) -> None:
    blocks = follow(**headers_of(account()))
    assert next(blocks).comment
    execute(database_url, statement)
    app.extensions[ON_COMMIT](Area.ACCOUNTS)
    assert len(list(blocks)) <= 1


@pytest.mark.parametrize(
    "statement",
    ["UPDATE accounts SET disabled = true", "DELETE FROM tokens", "DELETE FROM accounts"],
    ids=["disabled", "revoked", "deleted"],
)
def test_a_client_without_rights_gets_no_later_change(
    app: Flask,
    follow: Follow,
    account: Any,
    headers_of: Any,
    database_url: str,
    statement: str,
    add_book: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(follower, "COMMENT_SECONDS", 60.0)
    blocks = follow("?since=now", **headers_of(account()))
    add_book()
    assert next(blocks).event == "created"
    execute(database_url, statement)
    app.extensions[ON_COMMIT](Area.ACCOUNTS)
    add_book()
    assert list(blocks) == []


def test_positions_that_go_back_end_the_stream(follow: Follow, add_book: Any, database_url: str) -> None:
    blocks = follow("?since=0")
    add_book()
    take(blocks, 1)
    execute(database_url, "DELETE FROM changes; DELETE FROM revisions; UPDATE change_feed SET last_position = 0")
    assert [block for block in itertools.islice(blocks, 100) if block.event] == []
    assert next(blocks, None) is None


def test_followers_are_limited(
    client: FlaskClient, follow: Follow, following: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MOST_FOLLOWERS", 2)
    follow()
    follow()
    refused = client.get("/changes", headers=ACCEPT)
    assert (refused.status_code, refused.json["type"]) == (503, "/problems/unavailable")
    assert refused.headers["Retry-After"] == "10"
    assert client.get("/changes").status_code == 200
    assert following.number == 2


def test_one_thread_reads_for_all(follow: Follow, add_book: Any) -> None:
    streams = [follow("?since=now") for _ in range(5)]
    add_book()
    assert len({str(take(blocks, 1)) for blocks in streams}) == 1
    assert sum(thread.name == "changes" for thread in threading.enumerate()) == 1


def test_a_stream_over_http_1_0_ends_with_what_there_is(client: FlaskClient, following: Any, add_book: Any) -> None:
    add_book()
    response = client.get("/changes", headers=ACCEPT, environ_overrides={"SERVER_PROTOCOL": "HTTP/1.0"})
    assert response.text.count("event: created") == 1
    assert response.headers["Content-Length"] == str(len(response.data))


@pytest.mark.parametrize(
    ("accept", "is_stream"),
    [
        ("text/event-stream", True),
        ("TEXT/Event-Stream", True),
        ("text/event-stream; charset=utf-8", True),
        ("text/event-stream, */*;q=0.1", True),
        ("application/json;q=0.5, text/event-stream", True),
        ("application/json;q=0, text/event-stream;q=0.1", True),
        ("application/json, text/event-stream;q=0.9", False),
        ("application/json, text/event-stream", False),
        ("text/event-stream;q=0, application/json", False),
        ("*/*", False),
        ("application/*, text/*", False),
        ("", False),
    ],
)
def test_accept_selects_the_stream(client: FlaskClient, following: Any, accept: str, is_stream: bool) -> None:
    with client.get("/changes?since=0", headers={"Accept": accept}, buffered=False) as response:
        assert response.status_code == 200
        assert (response.mimetype == "text/event-stream") == is_stream


@pytest.mark.parametrize(("since", "last"), [("0", 2), ("now", 2), ("999", 2), ("3", 1)])
def test_the_last_event_id_precedes_since(follow: Follow, add_author: Any, since: str, last: int) -> None:
    for _ in range(4):
        add_author()
    events = take(follow(f"?since={since}", Last_Event_ID=str(last)), 4 - last)
    assert [event.id for event in events] == list(range(last + 1, 5))


def test_an_empty_last_event_id_is_none(follow: Follow, add_author: Any) -> None:
    add_author()
    assert take(follow(Last_Event_ID=""), 1)[0].id == 1


@pytest.mark.parametrize("where", ["since", "Last-Event-ID"])
def test_an_expired_position_is_gone(
    client: FlaskClient, following: Any, add_author: Any, database_url: str, where: str
) -> None:
    add_author()
    add_author()
    execute(database_url, "SELECT number_changes(); UPDATE change_feed SET pruned_position = 2")
    query, headers = ("?since=1", {}) if where == "since" else ("", {"Last-Event-ID": "1"})
    response = client.get(f"/changes{query}", headers={**ACCEPT, **headers})
    assert (response.status_code, response.json["type"]) == (410, "/problems/position-expired")
    assert response.json["errors"][0]["parameter"] == where
    assert following.number == 0
