"""Valid records that Postgres refuses: found and rejected, all others stored."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from app.transfer.cli.console import ImportConsole
from app.transfer.imports.load import batch
from extensions.database import db
from tests.app.transfer.conftest import everything, ndjson

TABLES = {"books": "title", "authors": "name"}


@pytest.fixture
def picky(app) -> Iterator[None]:
    """A database whose owner has added rules: no title and no name begins with "Odd"."""
    with app.app_context(), db.engine.begin() as connection:
        for name, column in TABLES.items():
            check = f"CHECK (NOT starts_with({column}, 'Odd'))"
            connection.execute(text(f"ALTER TABLE {name} ADD CONSTRAINT own_rule {check}"))
    yield
    with app.app_context(), db.engine.begin() as connection:
        for name in TABLES:
            connection.execute(text(f"ALTER TABLE {name} DROP CONSTRAINT own_rule"))


def table(count: int, odd: set[int]) -> str:
    rows = (f"{'Odd' if number in odd else 'Book'} {number},A;B" for number in range(count))
    return "\n".join(["title,authors", *rows, ""])


@pytest.mark.parametrize("dry", [True, False], ids=["dry run", "for good"])
@pytest.mark.parametrize("odd", [{0}, {24}, {7, 8, 20}, set(range(25))], ids=["first", "last", "three", "all"])
def test_only_a_refused_record_is_rejected(load, client, picky, tmp_path, odd, dry):
    rejects = tmp_path / "rejects.csv"
    options = ("--rejects", str(rejects), *(["--dry-run"] if dry else []))
    result = load(table(25, odd), options=options)
    assert (result.exit_code, result.counts) == (1, (25 - len(odd), 0, 0, 0, len(odd))), result.output
    with rejects.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(int(row["reject_line"]), row["title"]) for row in rows] == [(n + 2, f"Odd {n}") for n in sorted(odd)]
    assert all("own_rule" in row["reject_reason"] for row in rows)
    stored = [] if dry else [f"Book {number}" for number in range(25) if number not in odd]
    assert [book["title"] for book in everything(client)] == stored
    assert len(everything(client, "authors")) == (2 if stored else 0)


def test_a_book_with_a_refused_contributor_is_rejected(load, client, picky):
    result = load("title,authors\nOne,Homer\nTwo,Homer;Odd Name\nThree,\n")
    assert (result.exit_code, result.counts) == (1, (2, 0, 0, 0, 1))
    assert [book["title"] for book in everything(client)] == ["One", "Three"]


def test_refusals_before_an_interruption_are_among_the_rejects(load, client, picky, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "MAX_RECORDS", 10)
    rejects = tmp_path / "rejects.csv"
    options = ("--rejects", str(rejects))
    content = table(40, {3, 12, 35})

    def end(console, file):
        if file.report.read >= 20:
            raise KeyboardInterrupt

    with monkeypatch.context() as ending:
        ending.setattr(ImportConsole, "batch_stored", end)
        assert (load(content, options=options).exit_code, len(everything(client))) == (2, 18)
    again = load(tmp_path / "file.csv", options=options)
    assert (again.exit_code, again.counts) == (1, (37, 0, 0, 0, 3)), again.output
    assert "resumed after 20" in again.output
    with rejects.open(encoding="utf-8", newline="") as stream:
        assert [row["title"] for row in csv.DictReader(stream)] == ["Odd 3", "Odd 12", "Odd 35"]
    assert len(everything(client)) == 37


def gothic(seed: int) -> str:
    """A name of a thousand letters of four bytes each, all of whose words are its own."""
    letters = random.Random(seed)
    words = ("".join(chr(0x10330 + letters.randrange(26)) for _ in range(19)) for _ in range(50))
    return " ".join(words)


RESTORED = {"id": 5, "title": "Odd", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00+23:59"}


# What is known to come so far without any rule of one's own, and what the reason says.
@pytest.mark.parametrize(
    ("record", "options", "field", "reason"),
    [
        (RESTORED, ("--restore",), "updated_at", "time zone displacement"),
        ({"title": "Odd", "authors": [{"name": gothic(number)} for number in range(200)]}, (), "", "Shorten it"),
    ],
    ids=["a zone that Postgres does not know", "more words than a search column holds"],
)
@pytest.mark.parametrize("dry", [True, False], ids=["dry run", "for good"])
def test_a_record_beyond_limits_of_postgres_is_rejected(load, client, tmp_path, record, options, field, reason, dry):
    rejects = tmp_path / "rejects.ndjson"
    moments = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"} if options else {}
    good = [{"title": f"Good {n}", **moments, **({"id": n} if options else {})} for n in (1, 2)]
    result = load(
        ndjson(good[0], record, good[1]),
        options=(*options, "--rejects", str(rejects), *(["--dry-run"] if dry else [])),
        name="file.ndjson",
    )
    assert (result.exit_code, result.counts) == (1, (2, 0, 0, 0, 1)), result.output
    note = json.loads(rejects.read_text())["rejected"]
    assert (note["line"], note["field"]) == (2, field)
    assert reason in note["reason"]
    assert [book["title"] for book in everything(client)] == ([] if dry else ["Good 1", "Good 2"])
