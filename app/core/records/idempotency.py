"""Idempotency keys: a POST that is sent again with its key has its effect once, and gets the same response.

The response is stored in the transaction of the write, so both exist or neither. Only a digest of the key is stored.
The fingerprint is an HMAC with the key, so that a password in the body cannot be guessed from the table.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, current_app, request
from flask.typing import ResponseReturnValue
from sqlalchemy import BigInteger, Column, Connection, DateTime, LargeBinary, SmallInteger, Table, func
from sqlalchemy.dialects.postgresql import JSONB
from werkzeug.datastructures import Headers

from app.http.access.identity import known_account
from app.http.access.rights import refuses_keys
from app.http.body import keep_body
from app.http.headers.idempotency_key import IDEMPOTENCY_KEY, bad_key, parse_key
from app.http.problems import KeyReused, Problem, RequestInProgress
from app.http.responses import StreamResponse
from extensions.cache import Area
from extensions.database import Statement, committed, db, enclosing, fetch, transaction
from extensions.jobs import expiry

REPLAYED = "Idempotent-Replayed"
HOURS = 24  # that a key is kept
CACHED_SECONDS = 60  # that anything beside responses is cached for, at most
ANONYMOUS = 0  # in place of an account's id
NOT_STORED = ("Content-Length", "Set-Cookie")  # the length is computed, and a cookie is a secret

# There is no foreign key to accounts: the keys of a deleted account expire, and its id is not used again.
IDEMPOTENCY_KEYS = Table(
    "idempotency_keys",
    db.metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary, primary_key=True),  # SHA-256 of the key
    Column("fingerprint", LargeBinary, nullable=False),  # of the request: HMAC-SHA256 with the key
    Column("status", SmallInteger, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False, index=True),
)

_CLAIM = "SELECT pg_try_advisory_xact_lock(%(lock)s)"
_FIND = Statement(
    "SELECT fingerprint, status, headers, body, extract(epoch FROM now() - created_at) FROM idempotency_keys "
    f"WHERE account_id = %(account_id)s AND digest = %(digest)s AND created_at > now() - interval '{HOURS} hours'"
)
_STORE = """
    INSERT INTO idempotency_keys (account_id, digest, fingerprint, status, headers, body)
    VALUES (%(account_id)s, %(digest)s, %(fingerprint)s, %(status)s, %(headers)s, %(body)s)
    ON CONFLICT (account_id, digest) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
        headers = excluded.headers, body = excluded.body, created_at = excluded.created_at
"""
EXPIRED_KEYS = expiry(
    "expired-keys", "idempotency_keys", f"created_at <= now() - interval '{HOURS} hours'", "created_at"
)


class _StoredMeanwhile(Exception):
    """Ends the view, because another request with the key was committed since the key was looked up."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


@dataclass(frozen=True)
class _KeyedRequest:
    """The current request: account, digest of the key, fingerprint."""

    account_id: int
    digest: bytes
    fingerprint: bytes

    @property
    def lock(self) -> int:
        """The number of the advisory lock that only one transaction with this key gets."""
        digest = hashlib.sha256(b"%d %b" % (self.account_id, self.digest)).digest()
        return int.from_bytes(digest[:8], signed=True)

    def replay(self, rows: list[Any]) -> Response | None:
        """Return the stored response in the rows of `_FIND`. Raises `KeyReused` if it belongs to another request."""
        for fingerprint, status, headers, body, age in rows:
            if not hmac.compare_digest(bytes(fingerprint), self.fingerprint):
                raise KeyReused(
                    "Another request was sent with this Idempotency-Key: its path, query or body differs. Use a new "
                    "key for a new request, or send the first one again unchanged."
                )
            # The worker of the first request may have ended between the commit and this. Nothing is cached for longer.
            if age < current_app.config["CACHE_DEFAULT_TIMEOUT"] + CACHED_SECONDS:
                committed(*Area)
            response = Response(bytes(body), status)
            response.headers = Headers([*map(tuple, headers), (REPLAYED, "true")])
            return response
        return None

    def claim(self, connection: Connection) -> None:
        """Claim the key until the transaction ends, without waiting.

        Raises `RequestInProgress` if another transaction holds it, and `_StoredMeanwhile`.
        """
        if not connection.exec_driver_sql(_CLAIM, {"lock": self.lock}).scalar_one():
            raise RequestInProgress(
                "The first request with this Idempotency-Key is still in progress. Send it again after a second, "
                "unchanged, to get its response."
            )
        # A second statement, because the snapshot of the first one was taken before the lock was granted.
        response = self.replay(list(_FIND.run_within(connection, vars(self))))
        if response is not None:
            raise _StoredMeanwhile(response)

    def store(self, response: Response) -> None:
        """Store the response in the enclosing transaction."""
        headers = [pair for pair in response.headers.items() if pair[0] not in NOT_STORED]
        values = {
            **vars(self),
            "status": response.status_code,
            "headers": json.dumps(headers),
            "body": response.get_data(),
        }
        transaction(lambda session: session.connection().exec_driver_sql(_STORE, values), area=None)


def once(view: Callable[[], ResponseReturnValue], body: bytes | None = None) -> Response:
    """Return the response of a view to the current POST, which has an Idempotency-Key.

    `body` represents a body that the view has already read, such as its digest; by default the body itself is used.

    If the same request was successful before, this is its stored response, and `view` does not run. A new 2xx response
    is stored in the transaction of the view, except a stream. Raises `BadRequest` for an invalid key, `KeyReused` if
    the key belongs to another request, `RequestInProgress`, and what `view` raises.
    """
    keyed = _keyed_request(body)
    if keyed is None:
        return current_app.make_response(view())
    # Before the transaction, because a replay needs no slot for writes.
    stored = keyed.replay(fetch(_FIND, vars(keyed)))
    if stored is not None:
        return stored

    def work() -> Response:
        response = current_app.make_response(view())
        if 200 <= response.status_code < 300 and not isinstance(response, StreamResponse):
            keyed.store(response)
        return response

    try:
        return enclosing(work, keyed.claim)
    except _StoredMeanwhile as meanwhile:
        return meanwhile.response


def _keyed_request(body: bytes | None) -> _KeyedRequest | None:
    """Return the current request by its key; None if its body cannot be read, which the view reports in due order."""
    key = parse_key(request.headers[IDEMPOTENCY_KEY])
    if refuses_keys(current_app.view_functions[request.endpoint or ""]):
        raise bad_key(
            "not_allowed",
            "This path takes no Idempotency-Key, because its response is never stored. Leave the key out.",
        )
    try:
        body = keep_body() if body is None else body
    except Problem:
        return None
    secret = key.encode("ascii")
    parts = (request.method.encode(), request.path.encode(), request.query_string, body)
    # Each part with its length, so that no two requests have the same text.
    text = b"".join(b"%d:%b" % (len(part), part) for part in parts)
    account_id = known_account(request.environ) or ANONYMOUS
    return _KeyedRequest(account_id, hashlib.sha256(secret).digest(), hmac.digest(secret, text, "sha256"))
