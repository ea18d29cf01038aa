"""The messages: their links, their commands, their form."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable

import pytest

from app.config import from_environment
from app.features.accounts.credentials.secret import Kind, new_secret
from app.features.accounts.mail.messages import (
    Message,
    already_registered,
    base_url,
    password_reset,
    reset_link,
    welcome,
)

BASE = "https://books.example.org/api"
TOKEN = new_secret(Kind.RESET).text
Make = Callable[[], Message]
ALL = pytest.mark.parametrize(
    "make",
    [lambda: password_reset(BASE, TOKEN), lambda: welcome(BASE), lambda: already_registered(BASE)],
    ids=["reset", "welcome", "already registered"],
)


def commands(text: str) -> list[list[str]]:
    """The words of each curl command in a text."""
    found = [part.split("\n\n")[0] for part in text.split("\n\n") if part.startswith("curl ")]
    return [shlex.split(command.replace("\\\n", " ")) for command in found]


@ALL
def test_a_message_names_the_service(make: Make) -> None:
    message = make()
    assert f"\n{BASE}\n" in message.text
    assert message.subject.isprintable()
    assert message.text.endswith("\n")


@ALL
def test_a_line_fits_a_terminal(make: Make) -> None:
    assert [line for line in make().text.splitlines() if len(line) > 78 and BASE not in line] == []


@ALL
def test_each_command_sends_json_to_the_service(make: Make) -> None:
    for words in commands(make().text):
        assert any(word.startswith(f"{BASE}/") for word in words)
        assert words[words.index("-H") + 1] == "Content-Type: application/json"
        assert json.loads(words[words.index("-d") + 1])
    assert commands(make().text)


def test_a_reset_has_its_link_on_a_line_of_its_own() -> None:
    text = password_reset(BASE, TOKEN).text
    assert f"\n{BASE}/password-resets/{TOKEN}\n" in text
    assert "within 30 minutes" in text
    (words,) = commands(text)
    assert words[:4] == ["curl", "-X", "PUT", reset_link(BASE, TOKEN)]
    assert list(json.loads(words[-1])) == ["password"]


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"URL_PREFIX": "/api"}, "http://127.0.0.1:8000/api"),
        ({"PUBLIC_URL": "https://b.example/", "URL_PREFIX": "/api"}, "https://b.example/api"),
    ],
)
def test_links_start_with_the_public_url(environment: dict[str, str], url: str) -> None:
    assert base_url(from_environment(environment)) == url
