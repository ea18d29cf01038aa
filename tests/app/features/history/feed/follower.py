"""A follower: a copy of a catalog that is made from an export, and then kept by the feed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask import Flask

from tests.support.databases import connect

AT_ONCE = 100
BOOK = (
    "id, title, subtitle, isbn, published, publisher, language, page_count, description, series, series_position, "
    "subjects, cover_url, identifiers, created_at, updated_at"
)
AUTHOR = "id, name, sort_name, alternate_names, birth_date, death_date, biography, identifiers, created_at, updated_at"
UPSERT_AUTHOR = f"""
    INSERT INTO authors ({AUTHOR}) SELECT {AUTHOR} FROM jsonb_populate_record(NULL::authors, %s)
    ON CONFLICT (id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in AUTHOR.split(", "))}
"""
INSERT_BOOK = f"INSERT INTO books ({BOOK}) SELECT {BOOK} FROM jsonb_populate_record(NULL::books, %s)"
INSERT_CONTRIBUTIONS = """
    INSERT INTO contributions (book_id, author_id, role, position, credited_as)
    SELECT %s, (item ->> 'id')::bigint, item ->> 'role', position - 1, item ->> 'credited_as'
    FROM jsonb_array_elements(%s) WITH ORDINALITY AS items(item, position)
    WHERE EXISTS (SELECT FROM authors WHERE id = (item ->> 'id')::bigint)
"""

Record = dict[str, Any]
KINDS = ("books", "authors")


class Follower:
    """Applies changes by reading the present state of each changed record, so that a change may come twice."""

    def __init__(self, source: Flask, copy: Flask, last: int) -> None:
        self.client = source.test_client(use_cookies=False)
        self.url = str(copy.config["DATABASE_URL"])
        self.last = last

    def apply_next(self) -> bool:
        """Apply a page of changes, and return whether more follow."""
        response = self.client.get(f"/changes?since={self.last}&limit={AT_ONCE}")
        assert response.status_code == 200, response.text
        page = response.json
        assert page is not None
        if page["data"]:
            changed = {resource: {c["id"] for c in page["data"] if c["resource"] == resource} for resource in KINDS}
            books = self._read("books", changed["books"])
            contributors = {author["id"] for book in books for author in book["authors"]}
            authors = self._read("authors", changed["authors"] | contributors)
            self._store(changed, books, authors)
        self.last = page["meta"]["last"]
        return bool(page["meta"]["more"])

    def _read(self, resource: str, ids: Iterable[int]) -> list[Record]:
        """Return the records that exist now."""
        found: list[Record] = []
        wanted = sorted(ids)
        for start in range(0, len(wanted), 100):
            part = ",".join(map(str, wanted[start : start + 100]))
            url = f"/{resource}?id[in]={part}&limit=100"
            response = self.client.get(url, headers={"Cache-Control": "no-cache"})
            assert response.status_code == 200, response.text
            assert response.json is not None
            found += response.json["data"]
        return [record for record in found if record["id"] in set(wanted)]  # a merged id finds its survivor

    def _store(self, changed: dict[str, set[int]], books: list[Record], authors: list[Record]) -> None:
        with contextlib.closing(connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            gone = changed["authors"] - {author["id"] for author in authors}
            cursor.execute("DELETE FROM books WHERE id = ANY (%s)", (list(changed["books"]),))
            cursor.execute("DELETE FROM authors WHERE id = ANY (%s)", (list(gone),))
            for author in authors:
                cursor.execute(UPSERT_AUTHOR, (json.dumps(author),))
            isbns = [book["isbn"] for book in books if book["isbn"]]
            # Another book has given its ISBN away, in a change that follows.
            cursor.execute("UPDATE books SET isbn = NULL WHERE isbn = ANY (%s)", (isbns,))
            for book in books:
                cursor.execute(INSERT_BOOK, (json.dumps(book),))
                cursor.execute(INSERT_CONTRIBUTIONS, (book["id"], json.dumps(book["authors"])))
            cursor.execute("COMMIT")


def start_following(source: Flask, copy: Flask, folder: Path) -> Follower:
    """Export the source, restore the export into the empty copy, and return its follower."""
    file = str(folder / "catalog.ndjson")
    exported = source.test_cli_runner().invoke(args=["catalog", "export", file])
    assert exported.exit_code == 0, exported.output
    [last] = [line.partition(": ")[2] for line in exported.stderr.splitlines() if line.startswith("X-Change-Position")]
    restored = copy.test_cli_runner().invoke(args=["catalog", "import", "--restore", file])
    assert restored.exit_code == 0, restored.output
    return Follower(source, copy, int(last))


def export_bytes(app: Flask, folder: Path) -> bytes:
    """Return the export of all authors and books."""
    file = folder / f"{app.config['DATABASE_URL'].rpartition('/')[2].partition('?')[0]}.ndjson"
    exported = app.test_cli_runner().invoke(args=["catalog", "export", str(file)])
    assert exported.exit_code == 0, exported.output
    return file.read_bytes()
