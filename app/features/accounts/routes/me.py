"""``/me``: the account that a request is sent with."""

from __future__ import annotations

from flask import Blueprint, Response

from app.core.openapi import describe
from app.core.openapi.operations import DeleteRecord, ReadRecord
from app.core.records import read
from app.features.accounts import resource
from app.features.accounts.openapi.people import PatchOwn, own
from app.features.accounts.resource import ACCOUNTS
from app.http.access.credentials import forgotten_cookie
from app.http.access.rights import ACCOUNT, SESSION, requires

from .bodies import own_account

me = Blueprint("me", __name__, url_prefix="/me")


@me.get("")
@describe(own(ReadRecord(ACCOUNTS)), link="me")
@requires(ACCOUNT)
def show() -> Response:
    """Read your own account."""
    return read.show(ACCOUNTS, own_account()[1])


@me.patch("")
@describe(PatchOwn(ACCOUNTS))
@requires(SESSION)
def patch() -> Response:
    """Change the name of your own account."""
    return resource.patch(own_account()[1], resource.OWN)


@me.delete("")
@describe(own(DeleteRecord(ACCOUNTS)))
@requires(SESSION)
def destroy() -> Response:
    """Delete your own account and all that is its own, unless it is the last administrator."""
    response = resource.destroy(own_account()[1])
    response.headers.add(*forgotten_cookie())
    return response
