"""The mailer, with real mail servers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.config import from_environment
from app.config.readers import SmtpServer
from app.features.accounts.mail.mailer import Mailer
from app.features.accounts.mail.messages import Message
from app.features.accounts.mail.smtp import is_permanent, reason
from tests.support.servers.processes import free_port

from .conftest import Mailbox, RefusingRecipients, accept_ann

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd warns of servers without TLS

SENDER = "The Catalog <catalog@example.org>"
SHORT = Message("A", "A")
Serve = Callable[..., int]


def local(port: int, *, is_tls: bool = False, user: str = "", password: str = "") -> SmtpServer:
    return SmtpServer("localhost", port, is_tls, user, password)


def test_a_message_arrives_with_its_headers(serve: Serve) -> None:
    mailbox = Mailbox()
    mailer = Mailer(local(serve(mailbox)), SENDER)
    mailer.send("Ann@example.com", Message("Réset", "Line one\n\nLine — three\n" + "x" * 300 + "\n"))
    (envelope,), (message,) = mailbox.envelopes, mailbox.messages
    assert (envelope.mail_from, envelope.rcpt_tos) == ("catalog@example.org", ["Ann@example.com"])
    assert (message["From"], message["To"], message["Subject"]) == (SENDER, "Ann@example.com", "Réset")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@example.org>")
    assert message["Date"].datetime.tzinfo is not None
    assert message.get_content().splitlines() == ["Line one", "", "Line — three", "x" * 300]


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        ("ann@example.com\nBcc: bob@example.com", "A"),
        ("ann@example.com\r\nBcc: bob@example.com", "A"),
        ("ann@example.com", "A\nBcc: bob@example.com"),
    ],
)
def test_a_header_with_a_line_break_is_refused(to: str, subject: str) -> None:
    with pytest.raises(ValueError, match=r"invalid characters|linefeed or carriage return"):
        Mailer(local(free_port()), SENDER).send(to, Message(subject, "A"))


def test_a_password_is_sent_to_a_server_that_needs_it(serve: Serve) -> None:
    mailbox = Mailbox()
    port = serve(mailbox, authenticator=accept_ann, auth_required=True, auth_require_tls=False)
    settings = from_environment({"SMTP_URL": f"smtp://ann:pass%2Fword@localhost:{port}"})
    mailer = Mailer.from_settings(settings)
    assert mailer is not None
    mailer.send("bob@example.com", SHORT)
    assert mailbox.envelopes[0].mail_from == "catalog@localhost"


def failure_of(mailer: Mailer, to: str = "bob@example.com") -> tuple[str, bool]:
    """The reason of a failure as the log shows it, and whether it is permanent."""
    with pytest.raises((OSError, UnicodeError)) as caught:
        mailer.send(to, SHORT)
    return reason(caught.value), is_permanent(caught.value)


@pytest.mark.parametrize(
    ("user", "password", "failure"),
    [("", "", "SMTPSenderRefused 530"), ("ann", "wrong", "SMTPAuthenticationError 535")],
    ids=["no password", "a wrong password"],
)
def test_a_refused_sign_in_is_permanent(serve: Serve, user: str, password: str, failure: str) -> None:
    port = serve(Mailbox(), authenticator=accept_ann, auth_required=True, auth_require_tls=False)
    assert failure_of(Mailer(local(port, user=user, password=password), SENDER)) == (failure, True)


def test_a_refused_recipient_is_permanent(serve: Serve) -> None:
    assert failure_of(Mailer(local(serve(RefusingRecipients())), SENDER)) == ("SMTPRecipientsRefused 550", True)


def test_a_busy_server_is_temporary(serve: Serve) -> None:
    busy = Mailbox("451 try again, bob@example.com")
    assert failure_of(Mailer(local(serve(busy)), SENDER)) == ("SMTPDataError 451", False)


def test_a_server_that_is_away_is_temporary() -> None:
    assert failure_of(Mailer(local(free_port()), SENDER)) == ("ConnectionRefusedError", False)


def test_an_offered_encryption_is_used(serve: Serve, tls: Any) -> None:
    mailbox = Mailbox()
    options = {"tls_context": tls, "require_starttls": True, "authenticator": accept_ann, "auth_required": True}
    mailer = Mailer(local(serve(mailbox, **options), user="ann", password="pass/word"), SENDER)
    mailer.send("bob@example.com", SHORT)
    assert [session.ssl is not None for session in mailbox.sessions] == [True]


def test_a_trusted_certificate_is_accepted(
    serve: Serve, tls: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    mailbox = Mailbox()
    mailer = Mailer(local(serve(mailbox, ssl_context=tls), is_tls=True), SENDER)
    mailer.send("bob@example.com", SHORT)
    assert len(mailbox.envelopes) == 1


def test_an_unknown_certificate_is_refused(serve: Serve, tls: Any) -> None:
    mailbox = Mailbox()
    mailer = Mailer(local(serve(mailbox, ssl_context=tls), is_tls=True), SENDER)
    assert failure_of(mailer) == ("SSLCertVerificationError", False)
    assert mailbox.envelopes == []


@pytest.mark.parametrize(
    ("to", "recipient"),
    [
        ("rené@example.com", "rené@example.com"),
        ("書@bücher.example", "書@bücher.example"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann+a_b'c@example.com", "ann+a_b'c@example.com"),
    ],
)
def test_an_international_address_gets_its_mail(serve: Serve, to: str, recipient: str) -> None:
    mailbox = Mailbox()
    mailer = Mailer(local(serve(mailbox, enable_SMTPUTF8=True)), SENDER)
    mailer.send(to, SHORT)
    assert mailbox.envelopes[0].rcpt_tos == [recipient]
    assert mailbox.messages[0]["To"] == recipient


def test_a_server_without_smtputf8_is_permanent(serve: Serve) -> None:
    mailer = Mailer(local(serve(Mailbox(), enable_SMTPUTF8=False)), SENDER)
    assert failure_of(mailer, "rené@example.com") == ("SMTPNotSupportedError", True)


def test_without_a_mail_server_there_is_no_mailer() -> None:
    assert Mailer.from_settings(from_environment({})) is None
