"""The reads whose headers are tested."""

from __future__ import annotations

import re

STRONG = re.compile(r'"[!#-~]+"')

RECORDS = ("/books/1", "/authors/1")

READS = (
    "/books",
    "/books/1",
    "/books/isbn/9780441478125",
    "/authors",
    "/authors/1",
    "/authors/1/books",
    "/books?fields=id",
    "/books/1?fields=title",
    "/books?limit=1&total=exact",
    "/books/facets?fields=author,decade",
    "/openapi.json",
)


def change(path: str, text: str) -> dict[str, str]:
    return {"title" if "book" in path else "name": text}
