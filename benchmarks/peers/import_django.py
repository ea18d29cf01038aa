"""Imports with Django's `bulk_create`, a thousand objects at a time. Prints the seconds."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from benchmarks.imports import AT_ONCE, read_rows

sys.path.insert(0, str(Path(__file__).parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "django_rest.settings"

import django

django.setup()

from django_rest.models import Author, Book, Contribution  # noqa: E402

authors, books, contributions = read_rows(Path(sys.argv[1]))
started = time.perf_counter()
for model, rows in ((Author, authors), (Book, books), (Contribution, contributions)):
    for start in range(0, len(rows), AT_ONCE):
        model.objects.bulk_create([model(**row) for row in rows[start : start + AT_ONCE]])
print(time.perf_counter() - started)
