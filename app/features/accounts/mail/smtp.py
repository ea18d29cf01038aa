"""Sends one message to a mail server (RFC 5321), with TLS if the server offers it."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage

from app.config import is_loopback
from app.config.readers import SmtpServer

TIMEOUT = 10.0  # seconds for each reply of the server


def transmit(server: SmtpServer, sender: str, recipient: str, message: EmailMessage) -> None:
    """Send a message. Returns when the server has accepted it.

    Raises ``OSError``, of which ``smtplib.SMTPException`` is a kind, and `UnicodeError`.
    """
    client = _connect(server, sender.rpartition("@")[2])
    try:
        if server.user:
            client.login(server.user, server.password)
        client.send_message(message, sender, [recipient])
    finally:
        # The message is accepted or refused by now; if QUIT fails, it must not be sent again.
        with suppress(OSError):
            client.quit()
        client.close()


def is_permanent(error: Exception) -> bool:
    """Whether a failure will be the same at the next attempt: a reply 5xx (RFC 5321, section 4.2.1)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code >= 500
    return isinstance(error, smtplib.SMTPNotSupportedError) or not isinstance(error, OSError)


def reason(error: Exception) -> str:
    """Return a description of a failure for the log: its type and code. The text of a reply may quote the address."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"{type(error).__name__} {', '.join(str(code) for code, _ in error.recipients.values())}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    return type(error).__name__


def _connect(server: SmtpServer, own_name: str) -> smtplib.SMTP:
    """Return a connection, encrypted if the server can.

    A password is sent over an encrypted connection only, or on this machine. `own_name` is for EHLO; by default,
    smtplib would look up the name of this machine, which can take seconds.
    """
    if server.is_tls:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, own_name, timeout=TIMEOUT, context=context)
    client = smtplib.SMTP(server.host, server.port, own_name, timeout=TIMEOUT)
    try:
        client.ehlo()
        if client.has_extn("starttls"):
            client.starttls(context=_starttls_context(server.host))
            client.ehlo()
        elif server.user and not is_loopback(server.host):
            raise smtplib.SMTPNotSupportedError("the server offers no STARTTLS, so no password is sent")
    except BaseException:
        client.close()
        raise
    return client


def _starttls_context(host: str) -> ssl.SSLContext:
    """Return the rules for certificates. A server on this machine usually has a self-signed one."""
    context = ssl.create_default_context()
    if is_loopback(host):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
