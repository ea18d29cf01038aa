"""The OpenAPI document under test."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from app.core.openapi import document

from .reader import Reader, Schema


@pytest.fixture(scope="module")
def spec(session_app: Flask) -> Schema:
    """The document, as a client receives it."""
    return json.loads(json.dumps(document(session_app)))


@pytest.fixture(scope="module")
def reader(spec: Schema) -> Reader:
    return Reader(spec)
