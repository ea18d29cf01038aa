"""The resource `accounts`, and how an account is changed and deleted.

Only the fields of the model are reachable: no filter, sort or field of this resource reads the folded address or the
hash of the password.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, ClassVar

from flask import Response
from sqlalchemy import ColumnElement, FromClause, and_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core.fields import Comparison, Faults, Filter
from app.core.records import write
from app.core.records.validate import merge_objects, validate_patch
from app.core.resource import Draft, Resource
from app.http.body import read_json
from app.http.problems import Conflict
from app.http.responses import write_response
from app.values.json_value import Json
from extensions.cache import Area
from extensions.database import transaction

from .fields import Email, email_key
from .models import Account

WRITABLE = ("name", "role", "disabled")  # by an administrator
OWN = ("name",)  # by the account itself
RIGHTS = frozenset(("role", "disabled"))  # a change of these must reach every process before it is acknowledged
LAST_ADMINISTRATOR = "CA001"  # the SQLSTATE of the trigger `keep_an_administrator`


class FoldedEmail(Email):
    """An e-mail address to filter by, folded, because equal addresses are one account."""

    def parse(self, value: str, operator: str) -> str:
        return email_key(super().parse(value, operator))


def email_condition(table: FromClause, comparisons: dict[str, list[Comparison]]) -> ColumnElement[bool]:
    """Return the condition of `email`, which compares folded addresses."""
    return and_(*(_email_condition(table.c.email_key, comparison) for comparison in comparisons["email"]))


def _email_condition(column: ColumnElement[str], comparison: Comparison) -> ColumnElement[bool]:
    return column != comparison.values[0] if comparison.operator == "ne" else column.in_(comparison.values)


class Accounts(Resource):
    """The accounts of the catalog."""

    name = "accounts"
    noun = "account"
    model = Account
    area = Area.ACCOUNTS
    patch_example: ClassVar[dict[str, Any]] = {"role": "editor"}
    further_filters = (
        Filter(
            "email",
            FoldedEmail(),
            FoldedEmail.operators,
            "The e-mail address, in any case",
            "ann@example.com",
            email_condition,
        ),
    )


ACCOUNTS = Accounts()


def patch(account_id: int, writable: Collection[str] = WRITABLE) -> Response:
    """Return the response to a PATCH of an account, which may change the fields `writable`.

    Other fields are accepted if they are as they were read. Raises `Conflict` for the last administrator.
    """
    write.begin()
    body = read_json()

    faults_of_body = Faults()
    own = _without_fixed(body, writable)
    values = validate_patch(ACCOUNTS, own, account_id, faults_of_body)

    def work(session: Session) -> str:
        record, text = write.lock_by_id(session, ACCOUNTS, account_id)
        faults = Faults(faults_of_body)
        current = json.loads(text)
        _refuse_fixed(body, current, writable, faults)
        merged = merge_objects(ACCOUNTS, own, current, faults)
        return write.save_and_read(session, ACCOUNTS, Draft(record, values | merged), faults)

    area = Area.ACCOUNTS if RIGHTS & values.keys() else None
    with last_administrator_stays():
        return write_response(transaction(work, area=area), HTTPStatus.OK)


def destroy(account_id: int) -> Response:
    """Return the response to a DELETE of an account, and of its tokens.

    Raises `Conflict` for the last administrator.
    """
    with last_administrator_stays():
        return write.destroy(ACCOUNTS, account_id)


@contextmanager
def last_administrator_stays() -> Iterator[None]:
    """Raise `Conflict` if the database refuses a change, because no administrator would be left."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) != LAST_ADMINISTRATOR:
            raise
        detail = (
            "This is the last administrator. First give another account the role admin, with PATCH /accounts/{id} "
            "or `catalog account role EMAIL admin`."
        )
        raise Conflict(detail) from None


def _without_fixed(body: Json, writable: Collection[str]) -> Json:
    """Return a body without the fields that the request cannot change, for validation."""
    if not isinstance(body, dict):
        return body
    return {name: value for name, value in body.items() if name not in WRITABLE or name in writable}


def _refuse_fixed(body: Json, current: dict[str, Json], writable: Collection[str], faults: Faults) -> None:
    """Add a fault for each field that the request cannot change, and that differs from the stored value."""
    for name in ("email", *WRITABLE):
        if name in writable or not isinstance(body, dict) or name not in body:
            continue
        if type(body[name]) is not type(current[name]) or body[name] != current[name]:
            faults.add(f"/{name}", "read_only", f"{name} cannot be changed here; leave it out.")
