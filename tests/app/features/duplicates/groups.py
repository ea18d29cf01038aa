"""The groups of probable duplicates, page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient

Row = dict[str, Any]

Add = Callable[..., Row]

Group = tuple[float, tuple[str, ...], tuple[int, ...]]


def groups(client: FlaskClient, path: str) -> list[Group]:
    """All groups, page by page: score, reasons and ids."""
    found: list[Group] = []
    url: str | None = path
    while url:
        page = client.get(url).json
        name = path.split("/")[1]
        found += [
            (group["score"], tuple(group["reasons"]), tuple(record["id"] for record in group[name]))
            for group in page["data"]
        ]
        url = page["links"]["next"]
    return found


def reasons(client: FlaskClient, path: str) -> list[tuple[str, ...]]:
    return [group[1] for group in groups(client, path)]
