"""Field types of accounts: e-mail addresses, passwords and scopes."""

from __future__ import annotations

from typing import Any, ClassVar

import email_validator

from app.core.fields import EQUALITY, Faults, FieldType, items_of
from app.core.fields.base import not_far_over, of_type, rule_of
from app.http.access.rights import SCOPES
from app.http.problems import unknown_name
from app.values import text
from app.values.error_detail import reject
from app.values.json_value import Json, json_type

from .credentials.passwords import LONGEST, SHORTEST, password_fault

LONGEST_EMAIL = 254  # octets in UTF-8 (RFC 5321, errata 1690)
_NO_EMAIL = "This must be an e-mail address such as ann@example.com."

# A catalog may be for one machine or one local network, so accounts may have addresses there.
for _name in ("localhost", "local"):
    if _name in email_validator.SPECIAL_USE_DOMAIN_NAMES:
        email_validator.SPECIAL_USE_DOMAIN_NAMES.remove(_name)


def email_key(email: str) -> str:
    """Return the form of an address under which accounts are unique: NFKC, lower case.

    Two different addresses can have one key, so send mail to the address that the account has, and never to one that
    a request contains.
    """
    return text.folded(email)


def ascii_email(email: str) -> str | None:
    """Return a valid address with its domain in ASCII (IDNA), None if the part before the @ is not ASCII."""
    return _parsed(email).ascii_email


class Email(FieldType):
    """An e-mail address (RFC 5321, RFC 6531), stored as it is written. DNS is not queried."""

    operators = EQUALITY
    rule = rule_of(of_type(str, "a string"), not_far_over(LONGEST_EMAIL), lambda value: _checked(value))

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "format": "idn-email", "minLength": 3, "maxLength": LONGEST_EMAIL}


class Password(FieldType):
    """A new password. A sign-in takes any text, so it needs `AnyPassword`."""

    rule = rule_of(of_type(str, "a string"), lambda value: _allowed(value))

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "format": "password", "minLength": SHORTEST, "maxLength": LONGEST}


class AnyPassword(FieldType):
    """A password that is compared with the stored hash. It may be one that is no longer allowed."""

    rule = rule_of(of_type(str, "a string"))

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "string", "format": "password"}


class Scopes(FieldType):
    """The scopes of a key, in the order of `SCOPES`."""

    empty: ClassVar[Json] = []

    def read(self, value: Json, pointer: str, faults: Faults) -> list[str]:
        scopes: list[str] = []
        for _, item_pointer, item in items_of(value, len(SCOPES), pointer, faults):
            if not isinstance(item, str):
                faults.add(item_pointer, "type", f"This must be a string, not {json_type(item)}.")
            elif item not in SCOPES:
                faults.add(item_pointer, "not_allowed", unknown_name(item, SCOPES, "scope"))
            elif item in scopes:
                faults.add(item_pointer, "duplicate", f"The scope {item} is listed twice; remove one.")
            else:
                scopes.append(item)
        if value == []:
            faults.add(pointer, "too_few", f"A key needs a scope: at least one of {', '.join(SCOPES)}.")
        return [scope for scope in SCOPES if scope in scopes]

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        items = {"type": "string", "enum": list(SCOPES)}
        return {"type": "array", "minItems": 1, "maxItems": len(SCOPES), "uniqueItems": True, "items": items}


def _allowed(password: str) -> str:
    fault = password_fault(password, None)
    if fault is not None:
        reject(fault.code, fault)
    return password


def _checked(value: str) -> str:
    email = text.line(value)
    if len(email.encode()) > LONGEST_EMAIL:
        reject("too_long", f"This is too long; send an e-mail address of at most {LONGEST_EMAIL} bytes in UTF-8.")
    try:
        _parsed(email)
    except email_validator.EmailNotValidError:
        reject("invalid_email", _NO_EMAIL)
    return email


def _parsed(email: str) -> email_validator.ValidatedEmail:
    """Parse an address. Raises ``EmailNotValidError``. ``test`` is a domain (RFC 2606), and localhost has no dot."""
    return email_validator.validate_email(
        email,
        check_deliverability=False,
        test_environment=True,
        globally_deliverable=not email.lower().endswith("@localhost"),
    )
