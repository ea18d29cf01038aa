"""Sends one message, at once. The jobs in `jobs` call it, so that no request waits for a mail server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime, make_msgid, parseaddr
from typing import Any, Self

from app.config.readers import SmtpServer
from app.features.accounts.fields import ascii_email

from .messages import Message
from .smtp import transmit

MAILER = "catalog.mailer"  # key in the application's extensions: the `Mailer`, None without a mail server


@dataclass(frozen=True)
class Mailer:
    """A mail server, and the sender of the messages."""

    server: SmtpServer
    sender: str  # the header From
    _envelope_sender: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_envelope_sender", parseaddr(self.sender)[1])

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self | None:
        """Return the mailer of an application, None without `SMTP_URL`."""
        return cls(settings["SMTP_URL"], settings["MAIL_FROM"]) if settings["SMTP_URL"] else None

    def send(self, to: str, message: Message) -> None:
        """Send a message to a valid address, in one attempt. Returns when the server has accepted it.

        Raises `ValueError` if a header has a line break, and what `transmit` raises.
        """
        if any(separator in header for separator in "\r\n" for header in (to, message.subject)):
            raise ValueError("a header contains a linefeed or carriage return")
        recipient = ascii_email(to) or to
        transmit(self.server, self._envelope_sender, recipient, self._compose(recipient, message))

    def _compose(self, recipient: str, message: Message) -> EmailMessage:
        mail = EmailMessage()
        user, _, domain = recipient.rpartition("@")
        mail["From"] = self.sender
        mail["To"] = Address(username=user, domain=domain)
        mail["Subject"] = message.subject
        mail["Date"] = localtime()
        mail["Message-ID"] = make_msgid(domain=self._envelope_sender.rpartition("@")[2])
        mail["Auto-Submitted"] = "auto-generated"  # so that no program replies (RFC 3834)
        mail.set_content(message.text)
        return mail
