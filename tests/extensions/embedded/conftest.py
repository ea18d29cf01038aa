"""Folders for clusters, and processes that use their servers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from extensions.embedded import shared as embedded

from .servers import User


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that other users can enter.

    Postgres runs as another user if the tests run as root, and pytest's own folders are private.
    """
    with tempfile.TemporaryDirectory(prefix="catalog-embedded-") as name:
        yield Path(name).resolve()


@pytest.fixture
def directory(folder: Path) -> Iterator[Path]:
    """Where a cluster is created; its server is stopped at the end."""
    yield folder / "postgres"
    embedded.leave(folder / "postgres")


@pytest.fixture
def start_user(directory: Path) -> Iterator[Callable[[], User]]:
    """Start another process that uses the server in `directory`; it leaves at the end."""
    users = []

    def start() -> User:
        users.append(User(directory))
        return users[-1]

    yield start
    for user in users:
        user.leave()
