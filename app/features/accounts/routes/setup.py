"""``/setup``: the first administrator, by a one-time link."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from app.core.fields import Faults
from app.core.openapi import describe
from app.core.records import write
from app.core.records.validate import raise_faults
from app.features.accounts.credentials.one_time_links import is_setup, use_setup
from app.features.accounts.credentials.passwords import hash_password
from app.features.accounts.openapi.people import SetUp
from app.features.accounts.registration import area_of_new, create_account, validate_sign_up
from app.features.accounts.resource import ACCOUNTS
from app.http.access.rights import ONE_TIME_LINK, Role, requires
from app.http.body import read_json
from app.http.problems import NotFound
from app.http.responses import write_response
from app.http.urls import link
from extensions.database import transaction

setup = Blueprint("setup", __name__, url_prefix="/setup")


@setup.put("/<token>")
@describe(SetUp(ACCOUNTS))
@requires(ONE_TIME_LINK)
def create(token: str) -> Response:
    """Create the first administrator, once, while there is none."""
    write.begin()
    body = read_json()
    if not is_setup(token):  # before the costly hash
        raise _missing()
    faults = Faults()
    values = validate_sign_up(body, faults)
    hashed = "" if faults else hash_password(values.pop("password"))

    def work(session: Session) -> tuple[int, str]:
        if not use_setup(session, token):
            raise _missing()
        raise_faults(faults)
        account_id = create_account(session, **values, password_hash=hashed, role=Role.ADMIN)
        return account_id, write.representation(session, ACCOUNTS, account_id)

    account_id, text = transaction(work, area=area_of_new(Role.ADMIN))
    return write_response(text, HTTPStatus.CREATED, [("Location", link(f"/accounts/{account_id}"))])


def _missing() -> NotFound:
    return NotFound(
        "This link is used or expired, or there is an administrator already. With an administrator, sign in with POST "
        "/tokens; without one, start the service again for a new link."
    )
