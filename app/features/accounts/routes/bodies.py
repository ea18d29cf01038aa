"""The requests about tokens and passwords: their bodies, accounts and clients."""

from __future__ import annotations

from typing import Any

from flask import current_app, request

from app.core.fields import Faults
from app.core.records import write
from app.core.records.validate import raise_faults, validate_members
from app.features.accounts.mail.messages import base_url, reset_link
from app.features.accounts.openapi.bodies import Members
from app.http.access.address import client_address
from app.http.access.gate import current_identity
from app.http.access.identity import Identity
from app.http.body import read_json
from app.http.problems import Fault, ValidationFailed
from app.values.json_value import Json


def read_body() -> Json:
    """Return the body of the current request, which takes no parameters."""
    write.begin()
    return read_json()


def values_of(members: Members, body: Json) -> dict[str, Any]:
    """Return the values of a body's members by name. Raises `ValidationFailed` with every fault."""
    faults = Faults()
    values = validate_members(members, body, faults)
    raise_faults(faults)
    return values


def invalid_member(name: str, code: str, detail: str) -> ValidationFailed:
    """Return the problem of one member of a body."""
    return ValidationFailed.from_fault(Fault("body", f"/{name}", code, detail))


def own_account() -> tuple[Identity, int]:
    """Return the identity of the current request, and the id of its account, which the gate has required."""
    identity = current_identity()
    assert identity.account_id is not None
    return identity, identity.account_id


def current_client() -> str:
    """Return the network address of the current request."""
    return client_address(request.environ)


def reset_url(token: str) -> str:
    """Return the URL of a password reset, as people reach it."""
    return reset_link(base_url(current_app.config), token)
