"""``/accounts``: signing up, and the accounts as administrators see them."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app
from sqlalchemy.orm import Session

from app.core.fields import Faults
from app.core.openapi import describe
from app.core.openapi.operations import DeleteRecord, ListRecords, PatchRecord, ReadRecord
from app.core.records import read, write
from app.core.records.validate import raise_faults
from app.features.accounts import resource
from app.features.accounts.credentials.passwords import hash_password
from app.features.accounts.fields import email_key
from app.features.accounts.mail.jobs import Purpose, enqueue_mail
from app.features.accounts.mail.mailer import MAILER
from app.features.accounts.openapi.people import CreateAccount
from app.features.accounts.registration import ROLE, area_of_new, create_account, find_account, validate_sign_up
from app.features.accounts.resource import ACCOUNTS
from app.http.access.gate import current_identity
from app.http.access.rights import ADMIN, ENTRY, Role, requires
from app.http.body import read_json
from app.http.problems import Conflict, Forbidden
from app.http.responses import write_response
from app.http.urls import link
from app.values.json_value import Json
from extensions.database import transaction
from extensions.jobs import send_hint

ACCEPTED = {"detail": "An e-mail with the next step is being sent to this address."}

accounts = Blueprint("accounts", __name__, url_prefix="/accounts")


@accounts.get("")
@describe(ListRecords(ACCOUNTS), link="accounts")
@requires(ADMIN)
def index() -> Response:
    """List accounts."""
    return read.index(ACCOUNTS)


@accounts.post("")
@describe(CreateAccount(ACCOUNTS))
@requires(ENTRY)
def create() -> Response:
    """Create an account: sign up, or add one as an administrator."""
    is_by_admin = current_identity().has(ADMIN)
    if not is_by_admin and current_app.config["REGISTRATION"] != "open":
        raise Forbidden(
            "Only administrators create accounts here. Ask one of them, or send the token of an administrator."
        )
    write.begin()
    body = read_json()
    values = _validated(body, is_by_admin=is_by_admin)
    # Before it is known whether the address is taken, so that a free one does not take longer.
    values["password_hash"] = hash_password(values.pop("password"))
    if is_by_admin or current_app.extensions[MAILER] is None:
        account_id, text = _store(values)
        return write_response(text, HTTPStatus.CREATED, [("Location", link(f"/accounts/{account_id}"))])
    return _accept(values)


@accounts.get("/<id:account_id>")
@describe(ReadRecord(ACCOUNTS))
@requires(ADMIN)
def show(account_id: int) -> Response:
    """Read one account."""
    return read.show(ACCOUNTS, account_id)


@accounts.patch("/<id:account_id>")
@describe(PatchRecord(ACCOUNTS))
@requires(ADMIN)
def patch(account_id: int) -> Response:
    """Change the name or the role of an account, or disable it.

    The last administrator can neither be demoted nor disabled.
    """
    return resource.patch(account_id)


@accounts.delete("/<id:account_id>")
@describe(DeleteRecord(ACCOUNTS))
@requires(ADMIN)
def destroy(account_id: int) -> Response:
    """Delete an account and all that is its own, unless it is the last administrator."""
    return resource.destroy(account_id)


def _validated(body: Json, *, is_by_admin: bool) -> dict[str, Any]:
    """Return the values of the new account. Raises `Forbidden` for a role from another than an administrator."""
    if not is_by_admin and isinstance(body, dict) and body.get("role") is not None:
        raise Forbidden("Only an administrator may give a role to an account; leave role out.")
    faults = Faults()
    values = validate_sign_up(body, faults, ROLE)
    raise_faults(faults)
    values["role"] = Role[(values.get("role") or Role.READER.word).upper()]
    return values


def _store(values: dict[str, Any]) -> tuple[int, str]:
    """Store an account; return its id and the text of its representation. Raises `Conflict`."""

    def work(session: Session) -> tuple[int, str]:
        account_id = create_account(session, **values)
        return account_id, write.representation(session, ACCOUNTS, account_id)

    return transaction(work, area=area_of_new(values["role"]))


def _accept(values: dict[str, Any]) -> Response:
    """Store an account unless there is one. The response is the same in both cases; only the mail differs.

    The mail goes to the address of the account, because the one in the request may belong to another person.
    """

    def work(session: Session) -> int:
        try:
            create_account(session, **values)
            purpose = Purpose.WELCOME
        except Conflict:
            purpose = Purpose.ALREADY_REGISTERED
        account = find_account(session, values["email"])
        return enqueue_mail(session, purpose, email_key(values["email"]), account.id if account else None)

    send_hint(transaction(work, area=area_of_new(values["role"])))
    return write_response(json.dumps(ACCEPTED), HTTPStatus.ACCEPTED, tagged=False)
