"""The deletion of credentials that have expired, by periodic jobs.

History keeps what the audit shows: the creation of tokens, and the failed sign-ins.
"""

from __future__ import annotations

from extensions.jobs import expiry

from .sign_in import MINUTES

TOKENS = expiry("expired-tokens", "tokens", "expires_at <= now()", "expires_at")
ONE_TIME_LINKS = expiry("expired-links", "one_time_links", "expires_at <= now()", "expires_at")
FAILED_SIGN_INS = expiry(
    "past-sign-ins", "failed_sign_ins", f"failed_at <= now() - interval '{MINUTES} minutes'", "failed_at"
)
