"""Invalid and hostile requests to the routes of accounts, tokens and passwords.

They are sent to a catalog with the accounts `ADMIN`, `EDITOR`, `READER` and `DISABLED`, and with one book.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.features.accounts.credentials.secret import Kind, secret_of
from tests.contract.hostile.bad_requests import JSON, Row, encoded

ADMIN, EDITOR, READER, DISABLED = (secret_of(Kind.SESSION, number).text for number in range(1, 5))
READING_KEY = secret_of(Kind.KEY, 5).text  # of the administrator, with the scope catalog:read
EXPIRED = secret_of(Kind.SESSION, 6).text
UNKNOWN = secret_of(Kind.SESSION, 7).text  # of no row
PASSWORD = "correct horse battery"
RESET = secret_of(Kind.RESET, 8).text  # of no row


def account_rows() -> Iterator[Row]:
    """All rows of the table."""
    yield from _authorizations()
    yield from _cookies()
    yield from _rights()
    yield from _emails()
    yield from _passwords()
    yield from _members()
    yield from _sign_ins()
    yield from _keys()
    yield from _changes()
    yield from _resets()
    yield from _queries()


def _sent(method: str, target: str, status: int, document: Any, name: str, token: str = "", **expected: Any) -> Row:
    headers = {"Content-Type": JSON} | ({"Authorization": f"Bearer {token}"} if token else {})
    body = document if isinstance(document, bytes) or document is None else encoded(document)
    return Row(f"{method} {target}: {name}", method, target, status, body, headers, **expected)


def _changed(token: str) -> str:
    """The token with another last character."""
    return token[:-1] + ("a" if token[-1] != "a" else "b")


AUTHORIZATIONS = (
    ("nothing", ""),
    ("the scheme alone", "Bearer"),
    ("the scheme and a space", "Bearer "),
    ("the token alone", READER),
    ("another scheme", f"Token {READER}"),
    ("basic authentication", "Basic YW5uOnNlY3JldA=="),
    ("a digest", 'Digest username="ann"'),
    ("a colon", f"Bearer: {READER}"),
    ("an equals sign", f"Bearer={READER}"),
    ("a tab", f"Bearer\t{READER}"),
    ("two tokens", f"Bearer {READER} {READER}"),
    ("two tokens with a comma", f"Bearer {READER}, Bearer {READER}"),
    ("quotes", f'Bearer "{READER}"'),
    ("a word", "Bearer secret"),
    ("null", "Bearer null"),
    ("undefined", "Bearer undefined"),
    ("a JSON Web Token", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."),
    ("a wrong checksum", f"Bearer {_changed(READER)}"),
    ("half a token", f"Bearer {READER[:30]}"),
    ("a longer token", f"Bearer {READER}a"),
    ("a token in capitals", f"Bearer {READER.upper()}"),
    ("the prefix alone", "Bearer cat_s_"),
    ("another kind", f"Bearer {RESET}"),
    ("a prefix of a key", f"Bearer {READER.replace('cat_s_', 'cat_k_')}"),
    ("an unknown token", f"Bearer {UNKNOWN}"),
    ("an expired token", f"Bearer {EXPIRED}"),
    ("the token of a disabled account", f"Bearer {DISABLED}"),
    ("a full-width digit", f"Bearer {READER[:-1]}\uff11".encode().decode("latin-1")),
    ("SQL", "Bearer ' OR 1=1--"),
    ("a very long token", "Bearer cat_s_" + "a" * 8000),
)


def _authorizations() -> Iterator[Row]:
    for name, value in AUTHORIZATIONS:
        yield Row(f"authorization: {name}", "GET", "/books/1", 401, None, {"Authorization": value})
    for target in ("/me", "/tokens", "/accounts", "/openapi.json", "/problems"):
        yield Row(f"authorization: {target}", "GET", target, 401, None, {"Authorization": f"Bearer {UNKNOWN}"})


def _cookies() -> Iterator[Row]:
    for name, value in (
        ("a word", "secret"),
        ("unknown", UNKNOWN),
        ("expired", EXPIRED),
        ("changed", _changed(READER)),
    ):
        yield Row(f"cookie: {name}", "GET", "/books/1", 401, None, {"Cookie": f"__Host-catalog={value}"})
    cookie = {"Cookie": f"__Host-catalog={EDITOR}", "Content-Type": JSON}
    for name, headers in (
        ("without an origin", {}),
        ("from another origin", {"Origin": "https://evil.example"}),
        ("from a sandbox", {"Origin": "null"}),
        ("from another site", {"Sec-Fetch-Site": "cross-site"}),
        ("from another subdomain", {"Sec-Fetch-Site": "same-site"}),
    ):
        yield Row(f"cookie: a write {name}", "POST", "/books", 403, encoded({"title": "x"}), cookie | headers)


def _rights() -> Iterator[Row]:
    yield _sent("GET", "/me", 401, None, "anonymous")
    yield _sent("GET", "/tokens", 401, None, "anonymous")
    yield _sent("GET", "/accounts", 401, None, "anonymous")
    yield _sent("GET", "/accounts", 403, None, "a reader", READER)
    yield _sent("GET", "/accounts", 403, None, "an editor", EDITOR)
    yield _sent("GET", "/accounts", 403, None, "a key without the scope", READING_KEY)
    yield _sent("GET", f"/books/1?access_token={ADMIN}", 400, None, "a token in the query", code="unknown")
    yield _sent("POST", "/books", 403, {"title": "x"}, "a reader", READER)
    yield _sent("POST", "/books", 403, {"title": "x"}, "a key without the scope", READING_KEY)
    yield _sent("POST", "/tokens", 403, {"name": "x", "scopes": ["catalog:read"]}, "a key", READING_KEY)
    yield _sent("DELETE", "/tokens", 403, None, "a key", READING_KEY)
    yield _sent("DELETE", "/me", 403, None, "a key", READING_KEY)
    yield _sent("PUT", "/me/password", 403, {"current": PASSWORD, "new": PASSWORD}, "a key", READING_KEY)


EMAILS = (
    ("no @", "ann.example.com"),
    ("two @", "ann@@example.com"),
    ("nothing before the @", "@example.com"),
    ("nothing behind the @", "ann@"),
    ("a space", "an n@example.com"),
    ("a dot at the end", "ann.@example.com"),
    ("two dots", "a..b@example.com"),
    ("a domain with an underscore", "ann@exa_mple.com"),
    ("a domain that begins with a hyphen", "ann@-example.com"),
    ("an address in brackets", "Ann <ann@example.com>"),
    ("two addresses", "ann@example.com,bob@example.com"),
    ("an IP address", "ann@[127.0.0.1]"),
    ("a name without a dot", "ann@example"),
    ("255 octets", "a@" + "b" * 60 + "." + ("c" * 60 + ".") * 3 + "example.com"),
    ("255 octets of two bytes", "é" * 32 + "@" + ("c" * 60 + ".") * 3 + "example.com"),
    ("NUL", "ann\0@example.com"),
    ("a line break", "ann@example.com\nBcc: bob@example.com"),
    ("a lone surrogate", "ann\ud800@example.com"),
    ("a bidirectional override", "ann\u202e@example.com"),
    ("a megabyte", "a" * 1_000_000 + "@example.com"),
    ("blank", "  "),
)


def _emails() -> Iterator[Row]:
    for name, email in EMAILS:
        document = {"email": email, "password": PASSWORD}
        yield _sent("POST", "/accounts", 422, document, f"e-mail: {name}", at="/email")
    for target in ("/accounts", "/password-resets"):
        for value in (None, 1, True, ["ann@example.com"], {"a": 1}):
            document = {"email": value, "password": PASSWORD} if target == "/accounts" else {"email": value}
            yield _sent("POST", target, 422, document, f"e-mail: {value!r}", at="/email")


PASSWORDS = (
    ("11 characters", "elevenchars"),
    ("257 characters", "x" * 257),
    ("a megabyte", "x" * 1_000_000),
    ("common", "password1234"),
    ("the e-mail", "new@example.com"),
    ("the e-mail in capitals", "NEW@EXAMPLE.COM"),
    ("12 characters that NFKC makes 11", "elevencha" + "e\u0301" + "r"),
    ("a lone surrogate", "correct horse \ud800"),
    ("NUL", "correct horse\0"),
    ("a number", 123456789012),
    ("an array", ["correct horse battery"]),
    ("null", None),
    ("empty", ""),
)


def _passwords() -> Iterator[Row]:
    for name, password in PASSWORDS:
        document = {"email": "new@example.com", "password": password}
        yield _sent("POST", "/accounts", 422, document, f"password: {name}", at="/password")
    for name, password in PASSWORDS[:4]:
        document = {"current": PASSWORD, "new": password}
        yield _sent("PUT", "/me/password", 422, document, f"password: {name}", READER, at="/new")


def _members() -> Iterator[Row]:
    new = {"email": "new@example.com", "password": PASSWORD}
    for target in ("/accounts", "/tokens", "/password-resets"):
        yield _sent("POST", target, 400, b"{", "an open object", code="invalid")
        yield _sent("POST", target, 422, [], "an array", code="type")
        yield _sent("POST", target, 422, "x", "a string", code="type")
        yield _sent(
            "POST", target, 400, b'{"email": "a@b.example", "email": "c@d.example"}', "a key twice", code="duplicate"
        )
        yield Row(
            f"POST {target}: a form",
            "POST",
            target,
            415,
            b"email=a",
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        yield _sent("POST", f"{target}?x=1", 400, new, "a parameter", code="unknown")
    yield _sent("POST", "/accounts", 422, {**new, "mail": 1}, "an unknown member", at="/mail", code="unknown")
    yield _sent("POST", "/accounts", 422, {**new, "id": 1}, "an id", at="/id")
    yield _sent("POST", "/accounts", 422, {**new, "disabled": False}, "disabled", at="/disabled")
    yield _sent("POST", "/accounts", 422, {**new, "password_hash": "x"}, "a hash", at="/password_hash", code="unknown")
    yield _sent("POST", "/accounts", 422, {**new, "name": ["Ann"]}, "an array as name", at="/name", code="type")
    yield _sent("POST", "/accounts", 422, {**new, "name": "x" * 1001}, "a long name", at="/name", code="too_long")
    yield _sent("POST", "/accounts", 422, {**new, "name": "\u202e"}, "an override as name", at="/name")
    yield _sent(
        "POST", "/accounts", 422, {**new, "role": "king"}, "an unknown role", ADMIN, at="/role", code="not_allowed"
    )
    yield _sent("POST", "/accounts", 409, {**new, "email": "READER@example.com"}, "a taken e-mail")
    yield _sent("POST", "/accounts", 409, {**new, "email": "ｒｅａｄｅｒ@example.com"}, "a taken e-mail in full width")


def _sign_ins() -> Iterator[Row]:
    for name, email, password in (
        ("a wrong password", "reader@example.com", "wrong horse battery"),
        ("an unknown e-mail", "nobody@example.com", PASSWORD),
        ("a disabled account", "disabled@example.com", PASSWORD),
        ("an empty password", "reader@example.com", ""),
        ("a short password", "reader@example.com", "x"),
        ("a megabyte", "reader@example.com", "x" * 1_000_000),
        ("NUL", "reader@example.com", PASSWORD + "\0"),
        ("a lone surrogate", "reader@example.com", "\ud800"),
    ):
        yield _sent("POST", "/tokens", 401, {"email": email, "password": password}, name)
    yield _sent("POST", "/tokens", 422, {"email": "reader@example.com"}, "no password", at="/password")
    yield _sent("POST", "/tokens", 422, {"password": PASSWORD}, "no e-mail", at="/email")
    yield _sent(
        "POST",
        "/tokens",
        422,
        {"email": "reader@example.com", "password": [PASSWORD]},
        "an array as password",
        at="/password",
    )
    yield _sent(
        "POST",
        "/tokens",
        422,
        {"email": ["reader@example.com"], "password": PASSWORD},
        "an array as e-mail",
        at="/email",
    )
    headers = {"Content-Type": JSON, "Idempotency-Key": "0123456789abcdef"}
    body = encoded({"email": "reader@example.com", "password": PASSWORD})
    yield Row("POST /tokens: an idempotency key", "POST", "/tokens", 400, body, headers)
    reset = encoded({"email": "reader@example.com"})
    yield Row("POST /password-resets: an idempotency key", "POST", "/password-resets", 400, reset, headers)


def _keys() -> Iterator[Row]:
    key: dict[str, Any] = {"name": "Shop", "scopes": ["catalog:read"]}
    for name, change, at in (
        ("no scopes", {"scopes": []}, "/scopes"),
        ("null scopes", {"scopes": None}, "/scopes"),
        ("a string as scopes", {"scopes": "catalog:read"}, "/scopes"),
        ("an unknown scope", {"scopes": ["catalog:delete"]}, "/scopes/0"),
        ("a scope in capitals", {"scopes": ["CATALOG:READ"]}, "/scopes/0"),
        ("a number as scope", {"scopes": [1]}, "/scopes/0"),
        ("a scope twice", {"scopes": ["catalog:read", "catalog:read"]}, "/scopes/1"),
        ("a blank name", {"name": " "}, "/name"),
        ("a null name", {"name": None}, "/name"),
        ("an array as name", {"name": ["x"]}, "/name"),
        ("NUL in the name", {"name": "a\0b"}, "/name"),
        ("no time", {"expires_in": 0}, "/expires_in"),
        ("a negative time", {"expires_in": -1}, "/expires_in"),
        ("more than a year", {"expires_in": 366 * 24 * 3600}, "/expires_in"),
        ("a time past bigint", {"expires_in": 10**30}, "/expires_in"),
        ("a fraction", {"expires_in": 1.5}, "/expires_in"),
        ("a string as time", {"expires_in": "60"}, "/expires_in"),
        ("true as time", {"expires_in": True}, "/expires_in"),
    ):
        yield _sent("POST", "/tokens", 422, {**key, **change}, name, READER, at=at)
    yield _sent("POST", "/tokens", 422, {**key, "kind": "session"}, "a kind", READER, at="/kind", code="unknown")
    yield _sent("POST", "/tokens", 401, key, "a key without an account")
    for target in ("/tokens/0", "/tokens/x", "/tokens/9223372036854775808", "/tokens/999999", "/tokens/1"):
        yield _sent("DELETE", target, 404, None, "no own token", READER)


def _changes() -> Iterator[Row]:
    yield _sent("PATCH", "/accounts/1", 422, {"role": "king"}, "an unknown role", ADMIN, at="/role")
    yield _sent("PATCH", "/accounts/1", 422, {"role": None}, "no role", ADMIN, at="/role")
    yield _sent("PATCH", "/accounts/1", 422, {"disabled": "yes"}, "a string as disabled", ADMIN, at="/disabled")
    yield _sent("PATCH", "/accounts/1", 422, {"disabled": 1}, "a number as disabled", ADMIN, at="/disabled")
    yield _sent("PATCH", "/accounts/1", 422, {"disabled": None}, "null as disabled", ADMIN, at="/disabled")
    yield _sent("PATCH", "/accounts/1", 422, {"password": PASSWORD}, "a password", ADMIN, at="/password")
    yield _sent("PATCH", "/accounts/1", 422, {"password_hash": "x"}, "a hash", ADMIN, at="/password_hash")
    yield _sent("PATCH", "/accounts/1", 422, {"email": "other@example.com"}, "another e-mail", ADMIN, at="/email")
    yield _sent("PATCH", "/accounts/1", 409, {"role": "reader"}, "the last administrator", ADMIN)
    yield _sent("PATCH", "/accounts/1", 409, {"disabled": True}, "the last administrator disabled", ADMIN)
    yield _sent("DELETE", "/accounts/1", 409, None, "the last administrator", ADMIN)
    yield _sent("DELETE", "/me", 409, None, "the last administrator", ADMIN)
    yield _sent("PATCH", "/accounts/999", 404, {"role": "reader"}, "no account", ADMIN)
    yield _sent("GET", "/accounts/999", 404, None, "no account", ADMIN)
    yield _sent("PATCH", "/me", 422, {"role": "admin"}, "the role of the client", READER, at="/role")
    yield _sent("PATCH", "/me", 422, {"disabled": True}, "disabled of the client", READER, at="/disabled")
    yield _sent("PATCH", "/me", 422, {"name": 1}, "a number as name", READER, at="/name")
    yield _sent("PUT", "/me/password", 422, {"new": "another horse battery"}, "no current one", READER, at="/current")
    yield _sent("PUT", "/me/password", 422, {"current": PASSWORD}, "no new one", READER, at="/new")


def _resets() -> Iterator[Row]:
    password = {"password": "another horse battery"}
    for name, token in (("unknown", RESET), ("changed", _changed(RESET)), ("a word", "x"), ("a session", READER)):
        yield _sent("PUT", f"/password-resets/{token}", 404, password, name)
        yield _sent("PUT", f"/setup/{token}", 404, {"email": "new@example.com", **password}, name)
    yield _sent("PUT", "/password-resets/%00", 404, password, "NUL")
    yield _sent("GET", f"/password-resets/{RESET}", 405, None, "a read")


def _queries() -> Iterator[Row]:
    for query, parameter in (
        ("password_hash=x", "password_hash"),
        ("password_hash[starts]=$argon2", "password_hash[starts]"),
        ("email_key=ann@example.com", "email_key"),
        ("email[contains]=example", "email[contains]"),
        ("email[starts]=a", "email[starts]"),
        ("role=king", "role"),
        ("role[starts]=a", "role[starts]"),
        ("disabled=yes", "disabled"),
        ("disabled=1", "disabled"),
        ("sort=password_hash", "sort"),
        ("sort=email_key", "sort"),
        ("fields=password_hash", "fields"),
        ("fields=email_key", "fields"),
        ("q=ann", "q"),
        ("include=tokens", "include"),
        ("limit=0", "limit"),
    ):
        yield _sent("GET", f"/accounts?{query}", 400, None, query, ADMIN, at=parameter)
    yield _sent("GET", "/tokens?limit=1", 400, None, "a limit", READER)
    yield _sent("GET", "/me?fields=password_hash", 400, None, "a hash", READER)
