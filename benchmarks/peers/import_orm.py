"""Imports with SQLAlchemy's `add_all`, a thousand objects at a time. Prints the seconds."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks.imports import AT_ONCE, read_rows
from benchmarks.peers.flask_orm import Author, Book, Contribution, app, db

authors, books, contributions = read_rows(Path(sys.argv[1]))
started = time.perf_counter()
with app.app_context():
    for model, rows in ((Author, authors), (Book, books), (Contribution, contributions)):
        for start in range(0, len(rows), AT_ONCE):
            db.session.add_all([model(**row) for row in rows[start : start + AT_ONCE]])
            db.session.commit()
            db.session.expunge_all()
print(time.perf_counter() - started)
