"""Logs events, and one line for each request, to standard error."""

from __future__ import annotations

import logging
import re
from typing import NamedTuple

from flask import Flask

from app.http.access.audience import first_segment
from app.http.access.identity import known_account
from app.http.urls import target
from app.http.wsgi import REQUEST_ID, Environ
from app.values.text import escaped

from .request_record import RequestRecord

log = logging.getLogger("catalog.access")


SECRET_MARK, EMAIL_MARK = "[secret]", "[e-mail]"

_id = re.compile("[0-9]{0,19}", re.ASCII)
# Each character of a token may be percent-encoded, since the log has query strings as they were sent.
_secret = re.compile(
    "(?:c|%63)(?:a|%61)(?:t|%74)(?:_|%5[Ff])(?:[a-z]|%[67][0-9A-Fa-f])(?:_|%5[Ff])(?:[0-9A-Za-z]|%[3-7][0-9A-Fa-f])+"
)
# An @, perhaps percent-encoded once or several times, between characters of an address. The part before it begins where
# no such character precedes, so that the time does not grow with the square of the line's length.
_BESIDE_EMAILS = r"\s/?&=<>\"(),:;\[\]\\"
_email = re.compile(
    rf"(?<![^{_BESIDE_EMAILS}])(?:[^{_BESIDE_EMAILS}@%]|%(?!(?:25)*40))+(?:@|%(?:25)*40)[^{_BESIDE_EMAILS}]+"
)


def without_secrets(line: str) -> str:
    """Return text of the log with marks for tokens and e-mail addresses."""
    if "cat_" in line or "%" in line:
        line = _secret.sub(SECRET_MARK, line)
    if "@" in line or ("%" in line and "40" in line):
        line = _email.sub(EMAIL_MARK, line)
    return line


class LineFormatter(logging.Formatter):
    """Formats an event as one line, with control characters escaped. A traceback follows on further lines.

    No line shows a token or an e-mail address, wherever it comes from: a URL, a value in a traceback, another server.
    """

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name of the standard library
        record.message = escaped(record.message)
        return super().formatMessage(record)


def init_app(app: Flask) -> None:
    """Set up logging at `LOG_LEVEL`. All applications of a process share one handler."""
    logger = logging.getLogger("catalog")
    logger.setLevel(app.config["LOG_LEVEL"])
    logger.propagate = False
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(LineFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        logger.addHandler(handler)


class PersonalPaths(NamedTuple):
    """The paths whose URLs may contain secrets: mistyped tokens, passwords in a query."""

    first_segments: frozenset[str]
    words: frozenset[str]  # the literal segments of all paths

    def logged(self, environ: Environ) -> str:
        """Return path and query string of a request for the log, without what may be a secret."""
        path = environ["PATH_INFO"]
        if first_segment(path) not in self.first_segments:
            return target(environ)
        segments = (
            segment if segment in self.words or _id.fullmatch(segment) else SECRET_MARK for segment in path.split("/")
        )
        query = f"?{SECRET_MARK}" if environ.get("QUERY_STRING") else ""
        return f"{environ.get('SCRIPT_NAME', '')}{'/'.join(segments)}{query}"

    def _shown(self, segment: str) -> str:
        return segment if segment in self.words or _id.fullmatch(segment) else SECRET_MARK


class AccessLog:
    """Logs one line for each request; an `Observer`."""

    def __init__(self, personal: PersonalPaths) -> None:
        self._personal = personal

    def __call__(self, record: RequestRecord) -> None:
        """Log a request with its status, duration and account.

        Successful health checks are not logged, because they are frequent.
        """
        environ = record.environ
        healthy = environ["PATH_INFO"].startswith("/health/") and record.status.startswith("200")
        if healthy or not log.isEnabledFor(logging.INFO):
            return
        account = known_account(environ)
        further = f" account={account}" if account else ""
        if record.streamed:
            further += f" streamed {record.size:,} bytes" + ("" if record.streamed == "whole" else ", incomplete")
        log.info(
            "%s %s %s %.1fms %s id=%s%s",
            record.method,
            self._personal.logged(environ),
            record.status[:3],
            record.seconds * 1000,
            record.cache_status or "-",
            environ[REQUEST_ID],
            further,
        )
