"""Changing a password, and resetting a forgotten one by a one-time link."""

from __future__ import annotations

import json
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app
from sqlalchemy.orm import Session

from app.core.fields import Faults
from app.core.openapi import describe
from app.core.records import write
from app.core.records.validate import raise_faults, validate_members
from app.features.accounts.credentials.one_time_links import create_reset, owner_of
from app.features.accounts.credentials.password_change import change_password, email_and_state, reset_password
from app.features.accounts.credentials.passwords import hash_password, password_fault
from app.features.accounts.credentials.sign_in import confirm_password
from app.features.accounts.fields import email_key
from app.features.accounts.mail.jobs import Purpose, enqueue_mail
from app.features.accounts.mail.mailer import MAILER
from app.features.accounts.openapi.bodies import PASSWORD_CHANGE, RESET, RESET_REQUEST, Members
from app.features.accounts.openapi.tokens import ChangePassword, CreateReset, RequestReset, UseReset
from app.features.accounts.registration import find_account
from app.http.access.rights import ADMIN, ONE_TIME_LINK, SESSION, SIGN_IN, requires
from app.http.problems import Conflict
from app.http.responses import write_response
from app.values.json_value import Json
from extensions.database import transaction
from extensions.jobs import send_hint

from .bodies import current_client, invalid_member, own_account, read_body, reset_url, values_of

ACCEPTED = "If there is an account with this e-mail address, a link to set a new password is being sent to it."
NO_MAIL = "This service sends no mail. Ask an administrator for a link to set a new password."
# The response has a secret, by which a key could make a session of any account.
CREATE_LINK = replace(ADMIN, refuses_keys=True, needs_session=True)

passwords = Blueprint("passwords", __name__)


@passwords.put("/me/password")
@describe(ChangePassword())
@requires(SESSION)
def change() -> Response:
    """Change your password.

    All your other sessions end; keys stay valid. A wrong current password counts as a failed sign-in.
    """
    body = read_body()
    identity, account_id = own_account()
    values = _validated(PASSWORD_CHANGE, body, "new", email_and_state(account_id).email)
    verified = confirm_password(account_id, values["current"], current_client())
    if verified is None or not change_password(verified, hash_password(values["new"]), identity.token_id):
        raise invalid_member("current", "mismatch", "This is not the current password of the account; correct it.")
    return write_response(None, HTTPStatus.NO_CONTENT)


@passwords.post("/password-resets")
@describe(RequestReset())
@requires(SIGN_IN)
def request_mail() -> Response:
    """Ask for a link to reset a forgotten password.

    If there is an account with this e-mail address, the link is mailed to it, at most five times in an hour. The
    response is the same in any case. A service without a mail server sends nothing; ask an administrator there.
    """
    email = values_of(RESET_REQUEST, read_body())["email"]
    sends_mail = current_app.extensions[MAILER] is not None
    if sends_mail:

        def work(session: Session) -> int:
            account = find_account(session, email)
            account_id = None if account is None or account.disabled else account.id
            return enqueue_mail(session, Purpose.RESET, email_key(email), account_id)

        send_hint(transaction(work, area=None))
    document = {"detail": ACCEPTED if sends_mail else NO_MAIL}
    return write_response(json.dumps(document), HTTPStatus.ACCEPTED, tagged=False)


@passwords.put("/password-resets/<token>")
@describe(UseReset())
@requires(ONE_TIME_LINK)
def reset(token: str) -> Response:
    """Set a new password by a link, once, within 30 minutes.

    All sessions of the account end; keys stay valid.
    """
    body = read_body()
    owner = owner_of(token)
    values = _validated(RESET, body, "password", owner.email)
    reset_password(token, hash_password(values["password"]))
    return write_response(None, HTTPStatus.NO_CONTENT)


@passwords.post("/accounts/<id:account_id>/password-resets")
@describe(CreateReset())
@requires(CREATE_LINK)
def create(account_id: int) -> Response:
    """Create a link to reset the password of an account, for catalogs without a mail server.

    Pass it on to the owner of the account; it is shown only here.
    """
    write.begin()
    if email_and_state(account_id).is_disabled:
        raise Conflict(f"The account {account_id} is disabled; enable it first with PATCH /accounts/{account_id}.")
    link = create_reset(account_id)
    document = {"url": reset_url(link.secret.text), "expires_at": link.expires_at}
    return write_response(json.dumps(document), HTTPStatus.CREATED, tagged=False)


def _validated(members: Members, body: Json, password: str, email: str) -> dict[str, Any]:
    """Return the values of a body with a new password, whose member is named `password`.

    Raises `ValidationFailed` with every fault.
    """
    faults = Faults()
    values = validate_members(members, body, faults)
    # Only the account tells whether a password is its e-mail address.
    if not any(fault.name == f"/{password}" for fault in faults) and isinstance(values.get(password), str):
        fault = password_fault(values[password], email)
        if fault is not None:
            faults.add(f"/{password}", fault.code, fault)
    raise_faults(faults)
    return values
