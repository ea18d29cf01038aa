"""Random writes, compared with a model of the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import Phase, settings
from hypothesis.stateful import (
    run_state_machine_as_test,
)

from .record_machine import RecordMachine
from .record_values import (
    Record,
)


@pytest.fixture(scope="module")
def record_machine(make_app: Callable[..., Any], new_database: Callable[[str], str]) -> Iterator[type[RecordMachine]]:
    url = new_database("records")
    RecordMachine.client, RecordMachine.url = make_app(DATABASE_URL=url).test_client(use_cookies=False), url
    return RecordMachine


def test_sending_back_a_book_after_a_deletion_changes_nothing(
    client: FlaskClient, add_book: Callable[..., Record]
) -> None:
    add_book(authors=[{"name": "A"}, {"name": "B"}])
    assert client.delete("/authors/1?books=keep").status_code == 204
    shown = client.get("/books/1").json
    for write in (client.put, client.patch):
        assert write("/books/1", json=shown).json == shown


def test_random_writes_change_the_catalog_like_the_model(record_machine: type[RecordMachine]) -> None:
    # A failure is not shrunk, because each attempt sends dozens of requests.
    run_state_machine_as_test(
        record_machine,
        settings=settings(
            deadline=None, max_examples=50, stateful_step_count=20, phases=(Phase.explicit, Phase.generate)
        ),
    )
