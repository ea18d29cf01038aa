"""Security: the schemes, what operations require under each setting, and what the document says about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.core.openapi import document
from app.core.openapi.security import ROLES, access_sentence, access_statuses, security_of
from app.http.access.rights import ACCOUNT, ADMIN, ENTRY, HEALTH, OPEN, READ, SCOPES, SESSION, SIGN_IN, WRITE, Right
from app.http.access.rights import ROLES as ROLE_NAMES

from .reader import Reader, Schema

READS = [{"token": ["catalog:read"]}, {"session": []}]
WRITES = [{"token": ["catalog:write"]}, {"session": []}]


@pytest.fixture(scope="module")
def specs(make_app: Callable[..., Flask]) -> dict[str, Any]:
    """The document under each setting ANONYMOUS."""
    return {setting: document(make_app(ANONYMOUS=setting)) for setting in ("none", "reader", "editor", "auto")}


def test_tokens_are_sent_as_bearer_or_as_cookie(spec: Schema) -> None:
    schemes = spec["components"]["securitySchemes"]
    assert (schemes["token"]["type"], schemes["token"]["scheme"]) == ("http", "bearer")
    assert [schemes["session"][name] for name in ("type", "in", "name")] == ["apiKey", "cookie", "__Host-catalog"]


@pytest.mark.parametrize("scope", SCOPES)
def test_every_scope_is_described(spec: Schema, scope: str) -> None:
    assert f"`{scope}`: {SCOPES[scope]}" in spec["components"]["securitySchemes"]["token"]["description"]


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_every_role_is_described(spec: Schema, role: str) -> None:
    assert f"`{role}`: {ROLES[role]}" in spec["info"]["description"]


@pytest.mark.parametrize(
    ("setting", "reads", "writes"),
    [
        ("none", READS, WRITES),
        ("reader", [*READS, {}], WRITES),
        ("editor", [*READS, {}], [*WRITES, {}]),
        ("auto", [*READS, {}], [*WRITES, {}]),
    ],
)
def test_the_setting_decides_what_needs_no_token(specs: Any, setting: str, reads: Any, writes: Any) -> None:
    books = specs[setting]["paths"]["/books"]
    assert (books["get"]["security"], books["post"]["security"]) == (reads, writes)


def test_every_setting_is_described_in_words(specs: Any) -> None:
    descriptions = {spec["info"]["description"] for spec in specs.values()}
    assert len(descriptions) == len(specs)
    assert "while there is no administrator" in specs["auto"]["info"]["description"]


@pytest.mark.parametrize(
    ("right", "requirements"),
    [
        pytest.param(OPEN, [], id="open"),
        pytest.param(HEALTH, [], id="health"),
        pytest.param(ENTRY, [{}, {"token": []}, {"session": []}], id="entry"),
        pytest.param(SIGN_IN, [{}, {"token": []}, {"session": []}], id="sign in"),
        pytest.param(ACCOUNT, [{"token": []}, {"session": []}], id="account"),
        pytest.param(SESSION, [{"token": []}, {"session": []}], id="session"),
        pytest.param(ADMIN, [{"token": ["admin"]}, {"session": []}], id="admin"),
    ],
)
def test_a_right_decides_the_requirements(right: Right, requirements: list[Any]) -> None:
    assert security_of(right, "editor") == requirements


@pytest.mark.parametrize(
    ("right", "method", "statuses"),
    [
        pytest.param(HEALTH, "GET", set(), id="health"),
        pytest.param(OPEN, "GET", {401, 429, 503}, id="open"),
        pytest.param(SIGN_IN, "POST", {401, 403, 429, 503}, id="sign in"),
        pytest.param(READ, "GET", {401, 403, 429, 503}, id="read"),
        pytest.param(WRITE, "POST", {401, 403, 429, 503}, id="write"),
        pytest.param(ACCOUNT, "GET", {401, 429, 503}, id="read of the account"),
        pytest.param(ACCOUNT, "PATCH", {401, 403, 429, 503}, id="write of the account"),
        pytest.param(SESSION, "GET", {401, 403, 429, 503}, id="session"),
        pytest.param(ADMIN, "GET", {401, 403, 429, 503}, id="admin"),
    ],
)
def test_a_right_decides_the_refusals(right: Right, method: str, statuses: set[int]) -> None:
    assert access_statuses(right, method) == statuses


@pytest.mark.parametrize(
    ("right", "sentence"),
    [
        pytest.param(OPEN, "", id="open"),
        pytest.param(READ, "Requires the role `reader`; a key also needs the scope `catalog:read`.", id="read"),
        pytest.param(ACCOUNT, "Requires an account.", id="account"),
        pytest.param(SESSION, "Requires an account, and a session instead of a key.", id="session"),
        pytest.param(ADMIN, "Requires the role `admin`; a key also needs the scope `admin`.", id="admin"),
    ],
)
def test_a_right_is_described_in_words(right: Right, sentence: str) -> None:
    assert access_sentence(right) == sentence


def test_every_write_names_its_role(reader: Reader) -> None:
    writes = [
        operation
        for path, method, operation in reader.operations()
        if method != "get" and path.startswith(("/books", "/authors"))
    ]
    assert len(writes) > 10
    assert all("Requires the role `editor`" in operation["description"] for operation in writes)
