"""Real catalogs, exported and imported by an empty one, if CATALOG_DATA names a folder with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.app.transfer.conftest import run

DATA = Path(os.environ.get("CATALOG_DATA", "."))

pytestmark = pytest.mark.skipif("CATALOG_DATA" not in os.environ, reason="CATALOG_DATA is not set")

CATALOGS = {
    "gutenberg": [DATA / "gutenberg" / f"{name}.csv.gz" for name in ("authors", "books", "subjects")],
    "goodbooks": [DATA / "goodbooks" / "books.csv"],
    "openlibrary": [DATA / "openlibrary" / f"{name}.txt" for name in ("works", "editions", "authors")],
    "marc": [DATA / "marc" / name for name in ("gpo-5000.mrc", "loc-general.xml", "dnb.xml", "princeton.xml")],
}


@pytest.fixture(params=CATALOGS)
def filled(request, app, load):
    """A catalog with everything of a source in it."""
    assert load(*CATALOGS[request.param]).report["created"] > 1000
    return app


def test_restored_ndjson_is_the_same_byte_by_byte(filled, other, tmp_path):
    first, second = tmp_path / "first.ndjson", tmp_path / "second.ndjson"
    run(filled, "export", first)
    run(other, "import", "--restore", first)
    run(other, "export", second)
    assert first.read_bytes() == second.read_bytes()


def test_imported_tables_are_the_same_byte_by_byte(filled, other, tmp_path):
    names = ("authors", "books")
    first, second = ({name: tmp_path / f"{time}-{name}.csv" for name in names} for time in ("first", "second"))
    for name in names:
        run(filled, "export", first[name], f"--kind={name}")
    run(other, "import", *first.values())
    for name in names:
        run(other, "export", second[name], f"--kind={name}")
        assert first[name].read_bytes() == second[name].read_bytes()
    assert "Nothing has changed" in run(other, "import", *first.values()).output
