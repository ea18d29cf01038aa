"""``/tokens``: signing in and out, and keys."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, request

from app.core.openapi import describe
from app.core.query.pairs import request_pairs
from app.core.query.parse import parse_options
from app.features.accounts.credentials import tokens as stored
from app.features.accounts.credentials.sign_in import sign_in
from app.features.accounts.fields import email_key
from app.features.accounts.openapi.bodies import NEW_KEY, SIGN_IN
from app.features.accounts.openapi.tokens import CreateToken, ListTokens, RevokeToken, RevokeTokens
from app.http.access.credentials import forgotten_cookie, session_cookie
from app.http.access.gate import current_identity
from app.http.access.origin import comes_from_own_page
from app.http.access.rights import ACCOUNT, SESSION, requires
from app.http.access.rights import SIGN_IN as MAY_SIGN_IN
from app.http.body import JSON
from app.http.headers.negotiation import require_acceptable
from app.http.problems import MEDIA_TYPE, Fault, Forbidden, Unauthenticated, ValidationFailed
from app.http.responses import Header, read_response, write_response
from app.values.json_value import Json

from .bodies import current_client, own_account, read_body, values_of

tokens = Blueprint("tokens", __name__, url_prefix="/tokens")


@tokens.post("")
@describe(CreateToken())
@requires(MAY_SIGN_IN)
def create() -> Response:
    """Sign in, or create a key.

    With `email` and `password` the response has the token of a session, which is valid for 30 days. A page of the
    service itself also gets it as a cookie. Ten failed sign-ins for one e-mail address, or thirty from one network
    address, within five minutes are the most.

    With `name` and `scopes`, and the token of a session, the response has a key for a program. It may do what the role
    of the account allows, within its scopes.

    The token is shown only here.
    """
    body = read_body()
    return _create_key(body) if _is_for_key(body) else _sign_in(body)


@tokens.get("")
@describe(ListTokens(), link="tokens")
@requires(ACCOUNT)
def index() -> Response:
    """List your own tokens: sessions and keys that have not expired, oldest first."""
    parse_options(request_pairs())
    require_acceptable()
    identity, account_id = own_account()
    data = stored.list_tokens(account_id, identity.token_id)
    return read_response(f'{{"data":{data}}}'.encode())


@tokens.delete("")
@describe(RevokeTokens())
@requires(SESSION)
def destroy_all() -> Response:
    """Sign out everywhere: revoke all your tokens.

    Keys are among them. To end some tokens only, revoke each by its id.
    """
    _begin_revocation()
    stored.revoke_all(own_account()[1])
    return _revoked(signs_out=True)


@tokens.delete("/current")
@describe(RevokeTokens())
@requires(ACCOUNT)
def destroy_current() -> Response:
    """Sign out: revoke the token that this request is sent with."""
    _begin_revocation()
    identity, account_id = own_account()
    assert identity.token_id is not None
    stored.revoke(account_id, identity.token_id)
    return _revoked(signs_out=True)


@tokens.delete("/<id:token_id>")
@describe(RevokeToken())
@requires(SESSION)
def destroy(token_id: int) -> Response:
    """Revoke one of your tokens."""
    _begin_revocation()
    identity, account_id = own_account()
    stored.revoke(account_id, token_id)
    return _revoked(signs_out=token_id == identity.token_id)


def _is_for_key(body: Json) -> bool:
    """Whether a body creates a key. Raises `ValidationFailed` if it contains neither, or both."""
    names = body.keys() if isinstance(body, dict) else set()
    signs_in, makes_key = bool(names & SIGN_IN.keys()), bool(names & NEW_KEY.keys())
    if signs_in and makes_key:
        detail = "Send either email and password, to sign in, or name and scopes, to create a key."
        raise ValidationFailed.from_fault(Fault("body", "", "mismatch", detail))
    if isinstance(body, dict) and not body:
        detail = "Send email and password to sign in, or name and scopes to create a key."
        raise ValidationFailed.from_fault(Fault("body", "", "required", detail))
    return makes_key


def _sign_in(body: Json) -> Response:
    values = values_of(SIGN_IN, body)
    verified = sign_in(email_key(values["email"]), values["password"], current_client())
    issued = stored.issue_session(*verified)
    cookies: list[Header] = [session_cookie(issued.token)] if comes_from_own_page(request.environ) else []
    return write_response(issued.json, HTTPStatus.CREATED, cookies, tagged=False)


def _create_key(body: Json) -> Response:
    identity = current_identity()
    if identity.account_id is None or identity.token_id is None:
        raise Unauthenticated(
            "Only an account can create a key. Sign in first: send email and password, and then this request with "
            "Authorization: Bearer and the token."
        )
    if not identity.is_session:
        raise Forbidden("A key cannot create keys. Sign in with email and password, and use that token.")
    values = values_of(NEW_KEY, body)
    seconds = stored.KEY_SECONDS if values["expires_in"] is None else values["expires_in"]
    issued = stored.issue_key(identity.account_id, identity.token_id, values["name"], values["scopes"], seconds)
    return write_response(issued.json, HTTPStatus.CREATED, tagged=False)


def _begin_revocation() -> None:
    parse_options(request_pairs())
    require_acceptable(JSON, MEDIA_TYPE)  # the response is empty, or a problem


def _revoked(*, signs_out: bool) -> Response:
    return write_response(None, HTTPStatus.NO_CONTENT, [forgotten_cookie()] if signs_out else [])
