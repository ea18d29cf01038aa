"""The operations of tokens and passwords."""

from __future__ import annotations

from typing import Any

from app.core.fields import Field, Id, Line, Timestamp, fields_of
from app.core.openapi.describe import Components, Operation, Schema, Tag
from app.core.openapi.operations import body_of, json_content
from app.core.openapi.responses import headers
from app.core.openapi.schemas import STRING, object_schema, or_null, ref
from app.features.accounts.fields import Scopes
from app.features.accounts.models import NAME_LONGEST, Account

from .bodies import NEW_KEY, PASSWORD_CHANGE, RESET, RESET_REQUEST, SIGN_IN, Members, body_schema

TAG = Tag("tokens", "Signing in and out, keys, and passwords.")
READS = frozenset({400, 401, 406, 414, 429, 503})
WRITES = READS | {403}
BODIES = WRITES | {413, 415, 422}

TIME: Schema = Timestamp().json_schema(sent=False)
LATER, EXAMPLE_TIME = "2026-03-02T12:00:00Z", "2026-01-31T12:00:00Z"
TEXT_EXAMPLE = "the token"
MEMBERS: dict[str, Schema] = {
    "id": Id().json_schema(sent=False),
    "kind": {"type": "string", "enum": ["session", "key"], "description": "A sign-in, or a key of a program"},
    "name": {**or_null(Line(NAME_LONGEST).json_schema(sent=False)), "description": "What the key is for"},
    "hint": {"type": "string", "description": "The last four characters of the token"},
    "scopes": {**or_null(Scopes().json_schema(sent=False)), "description": "What the key may do; null: all"},
    "created_at": TIME,
    "expires_at": TIME,
    "last_used_at": {**or_null(TIME), "description": "When it was last used, to the minute"},
    "current": {"type": "boolean", "description": "Whether this request was sent with it"},
}
KEY_EXAMPLE: dict[str, Any] = {
    "id": 7,
    "kind": "key",
    "name": "Nightly import",
    "hint": "x1Yz",
    "scopes": ["catalog:read"],
    "created_at": EXAMPLE_TIME,
    "expires_at": LATER,
    "last_used_at": None,
    "current": False,
}
TOKEN_PARAMETER: Schema = {
    "name": "token",
    "in": "path",
    "required": True,
    "description": "The token at the end of the link",
    "schema": STRING,
    "example": "cat_r_the-token",
}


class TokenOperation(Operation):
    """An operation on tokens or passwords."""

    tag = TAG
    problems = BODIES
    bodies: tuple[tuple[str, Members], ...] = ()  # the alternative bodies, by the name of their schema

    def request_body(self, method: str) -> Schema | None:
        if not self.bodies:
            return None
        schemas = [ref("schemas", name) for name, _ in self.bodies]
        examples = {name: _example(members) for name, members in self.bodies}
        return body_of(method, schemas[0] if len(schemas) == 1 else {"oneOf": schemas}, examples)

    def responses(self) -> dict[str, Schema]:
        return {"204": {"description": "Done", "headers": headers("X-Request-ID")}}

    def components(self) -> Components:
        return {"schemas": {name: body_schema(members) for name, members in self.bodies}}


class CreateToken(TokenOperation):
    """A session or a key."""

    problems = BODIES | {409}
    bodies = (("SignIn", SIGN_IN), ("NewKey", NEW_KEY))

    def responses(self) -> dict[str, Schema]:
        account = {field.name: field.type.received_example(field.example) for field in _account_fields()}
        session = {"id": 8, "token": TEXT_EXAMPLE, "kind": "session", "expires_at": LATER, "account": account}
        examples = {"session": {"value": session}, "key": {"value": {"token": TEXT_EXAMPLE, **KEY_EXAMPLE}}}
        schema = {"oneOf": [ref("schemas", "NewSession"), ref("schemas", "IssuedKey")]}
        content = {"application/json": {"schema": schema, "examples": examples}}
        description = "The token: of a session, or a key"
        return {"201": {"description": description, "headers": headers("X-Request-ID"), "content": content}}

    def components(self) -> Components:
        text = {"type": "string", "description": "The token, which is shown only here"}
        account = {field.name: _received(field) for field in _account_fields()}
        session = {
            "id": MEMBERS["id"],
            "token": text,
            "kind": {"type": "string", "enum": ["session"]},
            "expires_at": TIME,
            "account": object_schema(account),
        }
        key = {"token": text, **MEMBERS, "kind": {"type": "string", "enum": ["key"]}}
        schemas = {"NewSession": object_schema(session), "IssuedKey": object_schema(key)}
        return {"schemas": {**super().components()["schemas"], **schemas}}


class ListTokens(TokenOperation):
    """The client's own tokens."""

    problems = READS

    def responses(self) -> dict[str, Schema]:
        content = json_content("Tokens", {"data": [KEY_EXAMPLE]})
        return {"200": {"description": "Your tokens", "headers": headers("X-Request-ID"), "content": content}}

    def components(self) -> Components:
        data = {"type": "array", "items": object_schema(MEMBERS)}
        return {"schemas": {"Tokens": object_schema({"data": data})}}


class RevokeTokens(TokenOperation):
    """The revocation of the current token, or of all tokens."""

    problems = WRITES


class RevokeToken(TokenOperation):
    """The revocation of a token by its id."""

    problems = WRITES | {404}


class ChangePassword(TokenOperation):
    """A new password instead of a known one."""

    bodies = (("PasswordChange", PASSWORD_CHANGE),)


class RequestReset(TokenOperation):
    """A mail with a link to reset a password."""

    bodies = (("ResetRequest", RESET_REQUEST),)

    def responses(self) -> dict[str, Schema]:
        detail = "If there is an account with this e-mail address, a link to set a new password is being sent to it."
        content = json_content("ResetAccepted", {"detail": detail})
        return {"202": {"description": "Accepted", "headers": headers("X-Request-ID"), "content": content}}

    def components(self) -> Components:
        return {"schemas": {**super().components()["schemas"], "ResetAccepted": object_schema({"detail": STRING})}}


class UseReset(TokenOperation):
    """A new password by a link."""

    problems = BODIES | {404}
    bodies = (("PasswordReset", RESET),)

    def parameters(self) -> list[Schema]:
        return [TOKEN_PARAMETER]


class CreateReset(TokenOperation):
    """A link to reset the password of an account."""

    problems = WRITES | {404, 409}

    def responses(self) -> dict[str, Schema]:
        example = {"url": "https://books.example.org/password-resets/cat_r_the-token", "expires_at": LATER}
        content = json_content("ResetLink", example)
        return {"201": {"description": "The link", "headers": headers("X-Request-ID"), "content": content}}

    def components(self) -> Components:
        return {"schemas": {"ResetLink": object_schema({"url": STRING, "expires_at": TIME})}}


def _account_fields() -> list[Field]:
    return list(fields_of(Account).values())


def _received(field: Field) -> Schema:
    schema = field.type.json_schema(sent=False)
    return {**(or_null(schema) if field.nullable else schema), "description": field.help}


def _example(members: Members) -> dict[str, Any]:
    return {name: field.example for name, field in members.items()}
