"""The bodies of requests about tokens and passwords, member by member, for validation and documentation."""

from __future__ import annotations

from dataclasses import replace

from app.core.fields import Field, Line, WholeNumber
from app.core.openapi.describe import Schema
from app.core.openapi.schemas import object_schema, or_null
from app.features.accounts.credentials.tokens import KEY_SECONDS, KEY_SECONDS_MOST
from app.features.accounts.fields import LONGEST_EMAIL, AnyPassword, Email, Password, Scopes
from app.features.accounts.models import NAME_LONGEST

Members = dict[str, Field]


def _members(*fields: Field) -> Members:
    return {field.name: field for field in fields}


# A sign-in takes any text as an address, because a malformed one is as unknown as others.
SIGN_IN = _members(
    Field(Line(LONGEST_EMAIL), "The e-mail address of the account", "ann@example.com", required=True, name="email"),
    Field(AnyPassword(), "The password of the account", "four words or more", required=True, name="password"),
)
NEW_KEY = _members(
    Field(Line(NAME_LONGEST), "What the key is for", "Nightly import", required=True, name="name"),
    Field(Scopes(), "What the key may do", ["catalog:read"], required=True, name="scopes"),
    Field(
        WholeNumber(1, KEY_SECONDS_MOST),
        f"The seconds until the key expires, {KEY_SECONDS} by default",
        KEY_SECONDS,
        name="expires_in",
    ),
)
NEW_PASSWORD = Field(
    Password(), "The new password, neither a common one nor the address", "five words are even better", required=True
)
PASSWORD_CHANGE = _members(
    Field(AnyPassword(), "The password until now", "four words or more", required=True, name="current"),
    replace(NEW_PASSWORD, name="new"),
)
RESET_REQUEST = _members(
    Field(Email(), "The e-mail address of the account", "ann@example.com", required=True, name="email")
)
RESET = _members(replace(NEW_PASSWORD, name="password"))


def body_schema(members: Members) -> Schema:
    """Return the schema of a body with these members."""
    properties = {}
    for name, field in members.items():
        schema = field.type.json_schema(sent=True)
        described = {**(schema if field.required else or_null(schema)), "description": field.help}
        properties[name] = {**described, "examples": [field.example]}
    return {**object_schema(properties), "required": [name for name, field in members.items() if field.required]}
