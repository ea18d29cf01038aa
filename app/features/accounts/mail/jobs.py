"""Mails are jobs: a request creates one in its transaction, and a worker sends the mail.

A job holds the purpose of its mail and the account, no address and no link. The link is created for each attempt, so
the table of jobs has no secret. After a crash between the acceptance of a mail and the end of its job, the mail is sent
twice, with two links that are both valid.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from flask import current_app, request
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from app.features.accounts.credentials.one_time_links import create_reset
from app.http.wsgi import REQUEST_ID
from extensions.database import Statement, fetch
from extensions.jobs import JobAttemptFailed, JobFailed, Kind, RunningJob, enqueue

from .mailer import MAILER, Mailer
from .messages import Message, already_registered, base_url, password_reset, welcome
from .smtp import is_permanent, reason

log = logging.getLogger("catalog.mail")

KIND_NAME = "mail"
MAILS_PER_HOUR = 5  # to one account
RETRIES = (2.0, 10.0, 60.0, 600.0)  # seconds before each further attempt

_LOCK_ADDRESS = sql("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
# The jobs of the last hour, whatever their state. Finished jobs are kept for longer.
_COUNT = sql(
    f"SELECT count(*) FROM jobs WHERE account_id = :account_id AND kind = '{KIND_NAME}' "
    "AND created_at > now() - interval '1 hour'"
)
_ADDRESS = Statement("SELECT email FROM accounts WHERE id = %(account_id)s AND NOT disabled")


class Purpose(StrEnum):
    """What a mail is for."""

    RESET = "reset"
    WELCOME = "welcome"
    ALREADY_REGISTERED = "already registered"


_MESSAGES: dict[Purpose, Callable[[str, int], Message]] = {
    Purpose.RESET: lambda base, account_id: password_reset(base, create_reset(account_id).secret.text),
    Purpose.WELCOME: lambda base, _: welcome(base),
    Purpose.ALREADY_REGISTERED: lambda base, _: already_registered(base),
}


def enqueue_mail(session: Session, purpose: Purpose, email_key: str, account_id: int | None) -> int:
    """Create the job of a mail to an account with a folded address; return the id of the job.

    Without an account, or if it got `MAILS_PER_HOUR` in the last hour, the job has no account and sends nothing. It is
    created nevertheless, so that a request takes as long for an unknown address.
    """
    session.execute(_LOCK_ADDRESS, {"name": f"catalog.mail {email_key}"})
    sent = session.execute(_COUNT, {"account_id": account_id or 0}).scalar_one()
    recipient = account_id if sent < MAILS_PER_HOUR else None
    payload = {"purpose": purpose.value}
    request_id = request.environ.get(REQUEST_ID)
    return enqueue(session, KIND_NAME, payload, account_id=recipient, request_id=request_id).id


def send_mail(job: RunningJob) -> dict[str, Any]:
    """Send the mail of a job, in one attempt. Raises `JobAttemptFailed`, or `JobFailed` after a permanent error."""
    rows = fetch(_ADDRESS, {"account_id": job.account_id}) if job.account_id is not None else []
    if not rows:  # there is no account, or it was deleted or disabled since
        return {"sent": 0}
    mailer: Mailer | None = current_app.extensions[MAILER]
    if mailer is None:
        raise JobFailed("This worker has no mail server. Give it the setting SMTP_URL of the service.")
    message = _MESSAGES[Purpose(job.payload["purpose"])](base_url(current_app.config), job.account_id or 0)
    try:
        mailer.send(rows[0][0], message)
    except Exception as error:
        # Without the original error, because a traceback and the text of a reply may show the address.
        failure = f"A message to account {job.account_id} could not be sent: {reason(error)}."
        if not is_permanent(error):
            raise JobAttemptFailed(failure) from None
        log.error(failure)
        raise JobFailed(failure) from None
    return {"sent": 1}


MAIL = Kind(KIND_NAME, send_mail, retries=RETRIES)
