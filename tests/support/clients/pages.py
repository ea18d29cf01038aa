"""Lists read page by page, by their links."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

MOST_PAGES = 200  # a walk that is longer does not end


def read_page(client: FlaskClient, address: str) -> dict[str, Any]:
    """The page at an address, past the response cache or from it."""
    response = client.get(address)
    assert response.status_code == 200, f"{address}: {response.text}"
    return dict(response.json or {})


def walk(client: FlaskClient, address: str, link: str = "next") -> list[dict[str, Any]]:
    """The pages from an address on, by the link ``next`` or ``prev``."""
    pages = [read_page(client, address)]
    while pages[-1]["links"][link]:
        assert len(pages) < MOST_PAGES, "the walk does not end"
        pages.append(read_page(client, pages[-1]["links"][link]))
    return pages


def ids(pages: list[dict[str, Any]]) -> list[int]:
    """The ids of all rows of the pages."""
    return [row["id"] for page in pages for row in page["data"]]


def read_all(client: FlaskClient, address: str) -> list[dict[str, Any]]:
    """The rows of all pages of a list."""
    return [row for page in walk(client, address) for row in page["data"]]
