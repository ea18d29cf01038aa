"""The messages that the service sends, as plain text.

They contain no text of a client, such as a name, because a sign-up with another person's address would then send any
text to that person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.features.accounts.credentials.one_time_links import RESET_MINUTES


@dataclass(frozen=True)
class Message:
    """Subject and text of a mail."""

    subject: str
    text: str


def base_url(settings: Mapping[str, Any]) -> str:
    """Return the URL of the service as people reach it, to which a path such as ``/tokens`` is appended."""
    return f"{settings['PUBLIC_URL']}{settings['URL_PREFIX']}"


def reset_link(base: str, token: str) -> str:
    """Return the URL of a password reset."""
    return f"{base}/password-resets/{token}"


def password_reset(base: str, token: str) -> Message:
    """Return the message with the link that sets a new password."""
    link = reset_link(base, token)
    return Message(
        "Reset your password",
        f"""A new password was requested for your account at
{base}

To set one, send it to this link within {RESET_MINUTES} minutes:

{link}

This is not a page; send the request below, for example with curl:

curl -X PUT '{link}' \\
  -H 'Content-Type: application/json' \\
  -d '{{"password": "your new password"}}'

The link works once. Setting a password ends all sessions of your account.
If you did not request it, ignore this message: your password stays as it is
until the link is used.
""",
    )


def welcome(base: str) -> Message:
    """Return the message after a sign-up."""
    return Message(
        "Welcome to the catalog",
        f"""You have an account now at
{base}

To sign in, send your e-mail address and your password:

curl '{base}/tokens' \\
  -H 'Content-Type: application/json' \\
  -d '{{"email": "your address", "password": "your password"}}'

If you did not sign up, another person used your address. Request a new
password; then the account is yours, and you can delete it:

curl '{base}/password-resets' \\
  -H 'Content-Type: application/json' \\
  -d '{{"email": "your address"}}'
""",
    )


def already_registered(base: str) -> Message:
    """Return the message to the owner of an account whose address was used for another sign-up."""
    return Message(
        "You already have an account",
        f"""A sign-up with your address was attempted at
{base}

You already have an account there, and it stays as it is. If it was you, sign
in as usual. If you forgot your password, request a new one:

curl '{base}/password-resets' \\
  -H 'Content-Type: application/json' \\
  -d '{{"email": "your address"}}'

If it was not you, ignore this message.
""",
    )
