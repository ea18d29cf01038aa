"""Bad requests to restore records, and to read their history.

They are sent to the catalog of `tests.contract.hostile.bad_requests`, in which book 9 and author 9 never existed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.contract.hostile.bad_requests import JSON, Row, encoded

RESTORE = "/books/1/restore"
OTHERS = 1  # a position of another record: the first one is of author 1
BODIES: tuple[tuple[str, Any, int, str, str], ...] = (
    ("nothing to restore", {}, 422, "required", ""),
    ("null", None, 422, "type", ""),
    ("an array", [], 422, "type", ""),
    ("an array of a request", [{"version": 4}], 422, "type", ""),
    ("a number", 4, 422, "type", ""),
    ("two nulls", {"version": None, "undo": None}, 422, "required", ""),
    ("both members", {"version": 4, "undo": 4}, 422, "mismatch", "/undo"),
    ("another member", {"version": 4, "force": True}, 422, "unknown", "/force"),
    ("a member in another case", {"Version": 4}, 422, "unknown", "/Version"),
    ("dry_run in the body", {"version": 4, "dry_run": True}, 422, "unknown", "/dry_run"),
    ("a string", {"version": "1"}, 422, "type", "/version"),
    ("a fraction", {"version": 1.5}, 422, "type", "/version"),
    ("a float", {"version": 1.0}, 422, "type", "/version"),
    ("true", {"undo": True}, 422, "type", "/undo"),
    ("false", {"version": False}, 422, "type", "/version"),
    ("a list of positions", {"undo": [4]}, 422, "type", "/undo"),
    ("an object", {"version": {"position": 4}}, 422, "type", "/version"),
    ("0", {"version": 0}, 422, "out_of_range", "/version"),
    ("-1", {"undo": -1}, 422, "out_of_range", "/undo"),
    ("past bigint", {"version": 2**63}, 422, "out_of_range", "/version"),
    ("far past bigint", {"undo": 10**30}, 422, "out_of_range", "/undo"),
    ("a position of another record", {"version": OTHERS}, 422, "not_found", "/version"),
    ("a change of another record", {"undo": OTHERS}, 422, "not_found", "/undo"),
    ("a position of the future", {"version": 2**63 - 1}, 422, "not_found", "/version"),
    ("a change of the future", {"undo": 10**12}, 422, "not_found", "/undo"),
)
READS = (
    ("changes of what never existed", "/books/9/changes", 404),
    ("changes of an id that is none", "/books/01/changes", 404),
    ("a limit of 0", "/books/1/changes?limit=0", 400),
    ("a limit of 101", "/books/1/changes?limit=101", 400),
    ("a damaged cursor", "/books/1/changes?cursor=x", 400),
    ("a filter", "/books/1/changes?op=updated", 400),
    ("an offset", "/books/1/changes?offset=1", 400),
    ("a version of another record", f"/books/1/versions/{OTHERS}", 404),
    ("a version of the future", "/books/1/versions/9223372036854775807", 404),
    ("a version past bigint", "/books/1/versions/9223372036854775808", 404),
    ("version 0", "/books/1/versions/0", 404),
    ("a version with zeros", "/books/1/versions/01", 404),
    ("a version in Arabic digits", "/books/1/versions/%D9%A1", 404),
    ("a negative version", "/books/1/versions/-1", 404),
    ("a version of what never existed", "/authors/9/versions/1", 404),
    ("fields of a version", "/books/1/versions/4?fields=id", 400),
)


def rows() -> Iterator[Row]:
    """All rows of the table."""
    for name, document, status, code, at in BODIES:
        yield Row(f"restore: {name}", "POST", RESTORE, status, encoded(document), {"Content-Type": JSON}, code, at)
    for name, target, status in READS:
        yield Row(f"history: {name}", "GET", target, status)
    body, headers = encoded({"version": OTHERS}), {"Content-Type": JSON}
    yield Row("restore: an unknown parameter", "POST", f"{RESTORE}?force=1", 400, body, headers, "unknown", "force")
    yield Row("restore: dry_run=1", "POST", f"{RESTORE}?dry_run=1", 400, body, headers, "not_allowed", "dry_run")
    yield Row("restore: what never existed", "POST", "/books/9/restore", 404, body, headers)
    yield Row("restore: an author who never existed", "POST", "/authors/9/restore", 404, body, headers)
    yield Row("restore: what never existed, with a bad body", "POST", "/books/9/restore", 404, b"{}", headers)
    yield Row("restore: no JSON", "POST", RESTORE, 400, b"{", headers, "invalid")
    yield Row("restore: a member twice", "POST", RESTORE, 400, b'{"undo": 1, "undo": 2}', headers, "duplicate")
    yield Row("restore: a form", "POST", RESTORE, 415, b"version=1", {"Content-Type": "text/plain"}, "not_allowed")
    yield Row("restore: another version", "POST", RESTORE, 412, body, {**headers, "If-Match": '"x"'}, "mismatch")
    yield Row("restore: HTML", "POST", RESTORE, 406, body, {**headers, "Accept": "text/html"})
    yield Row("restore: a GET", "GET", RESTORE, 405)
    yield Row("history: a POST of changes", "POST", "/books/1/changes", 405, body, headers)
    yield Row("history: a DELETE of a version", "DELETE", "/books/1/versions/4", 405)
    note = {**headers, "X-Change-Note": "x" * 501}
    yield Row("restore: a note that is too long", "POST", RESTORE, 400, body, note, "too_long", "X-Change-Note")
