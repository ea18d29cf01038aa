"""The mailer, with real mail servers."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.config import from_environment
from app.config.readers import SmtpServer
from app.features.accounts.mail.mailer import Mailer
from tests import ROOT
from tests.support.servers.processes import free_port
from tests.support.waiting import until

from .conftest import Mailbox, RefusingRecipients, accept_ann

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd warns of servers without TLS

SENDER = "The Catalog <catalog@example.org>"
QUICK = {"pauses": (0.01, 0.01)}
Serve, MailerFor = Callable[..., int], Callable[..., Mailer]


@pytest.fixture(autouse=True)
def lines(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """What the mailer has logged."""
    monkeypatch.setattr(logging.getLogger("catalog"), "propagate", True)
    caplog.set_level(logging.INFO, "catalog.mail")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "catalog.mail"]


def local(port: int, *, is_tls: bool = False, user: str = "", password: str = "") -> SmtpServer:
    return SmtpServer("localhost", port, is_tls, user, password)


def test_a_message_arrives_with_its_headers(serve: Serve, mailer_for: MailerFor) -> None:
    mailbox = Mailbox()
    mailer = mailer_for(local(serve(mailbox)), SENDER)
    mailer.send("Ann@example.com", "Réset", "Line one\n\nLine — three\n" + "x" * 300 + "\n")
    assert mailer.drain(30)
    (envelope,), (message,) = mailbox.envelopes, mailbox.messages
    assert (envelope.mail_from, envelope.rcpt_tos) == ("catalog@example.org", ["Ann@example.com"])
    assert (message["From"], message["To"], message["Subject"]) == (SENDER, "Ann@example.com", "Réset")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@example.org>")
    assert message["Date"].datetime.tzinfo is not None
    assert message.get_content().splitlines() == ["Line one", "", "Line — three", "x" * 300]


def test_a_slow_server_delays_no_caller(serve: Serve, mailer_for: MailerFor) -> None:
    mailbox = Mailbox(seconds=2)
    mailer = mailer_for(local(serve(mailbox)), SENDER)
    mailer.send("ann@example.com", "A", "A")
    assert mailbox.envelopes == []
    assert not mailer.drain(0)
    assert mailer.drain(30)
    assert len(mailbox.envelopes) == 1


def test_messages_of_many_threads_all_arrive(serve: Serve, mailer_for: MailerFor) -> None:
    mailbox = Mailbox()
    mailer = mailer_for(local(serve(mailbox)), SENDER)
    senders = [threading.Thread(target=mailer.send, args=("ann@example.com", "A", "A")) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    mailer.send("ann@example.com", "Last", "A")
    assert mailer.drain(30)
    assert len(mailbox.messages) == 9
    assert mailbox.messages[-1]["Subject"] == "Last"


@pytest.mark.parametrize("failures", [1, 2])
def test_a_busy_server_gets_the_message_again(
    serve: Serve, mailer_for: MailerFor, lines: Callable[[], list[str]], failures: int
) -> None:
    mailbox = Mailbox(*["451 try again, ann@example.com"] * failures)
    mailer = mailer_for(local(serve(mailbox)), SENDER, **QUICK)
    mailer.send("ann@example.com", "A", "A", account_id=7)
    assert mailer.drain(30)
    assert len(mailbox.messages) == 1
    assert lines() == ["A message to account 7 will be sent again in 0.01 s: SMTPDataError 451."] * failures


def test_a_message_is_given_up_after_three_attempts(
    serve: Serve, mailer_for: MailerFor, lines: Callable[[], list[str]]
) -> None:
    mailbox = Mailbox(*["451 try again"] * 3)
    mailer = mailer_for(local(serve(mailbox)), SENDER, **QUICK)
    mailer.send("ann@example.com", "First", "cat_r_secret", account_id=7)
    mailer.send("ann@example.com", "Second", "A")
    assert mailer.drain(30)
    assert mailbox.attempts == 4
    assert [message["Subject"] for message in mailbox.messages] == ["Second"]
    assert lines()[-1] == "A message to account 7 could not be sent: SMTPDataError 451."


def test_a_refused_message_is_not_sent_again(
    serve: Serve, mailer_for: MailerFor, lines: Callable[[], list[str]]
) -> None:
    mailbox = RefusingRecipients()
    mailer = mailer_for(local(serve(mailbox)), SENDER, **QUICK)
    mailer.send("ann@example.com", "A", "cat_r_secret")
    assert mailer.drain(30)
    assert mailbox.attempts == 1
    assert lines() == ["A message could not be sent: SMTPRecipientsRefused 550."]


def test_a_server_that_is_away_is_logged(mailer_for: MailerFor, lines: Callable[[], list[str]]) -> None:
    mailer = mailer_for(local(free_port()), SENDER, **QUICK)
    mailer.send("ann@example.com", "A", "A", account_id=7)
    assert mailer.drain(30)
    assert lines()[-1] == "A message to account 7 could not be sent: ConnectionRefusedError."


def test_a_full_queue_drops_the_message(serve: Serve, mailer_for: MailerFor, lines: Callable[[], list[str]]) -> None:
    mailbox = Mailbox()
    mailbox.is_open.clear()
    mailer = mailer_for(local(serve(mailbox)), SENDER, most_queued=2)
    mailer.send("ann@example.com", "A", "A", account_id=0)
    until(lambda: mailbox.attempts == 1)  # the first message has left the queue
    for number in range(1, 6):
        mailer.send("ann@example.com", "A", "A", account_id=number)
    mailbox.is_open.set()
    assert mailer.drain(30)
    assert len(mailbox.envelopes) == 3
    assert lines() == [f"A message to account {number} was dropped: 2 others wait." for number in (3, 4, 5)]


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        ("ann@example.com\nBcc: bob@example.com", "A"),
        ("ann@example.com\r\nBcc: bob@example.com", "A"),
        ("ann@example.com", "A\nBcc: bob@example.com"),
    ],
)
def test_a_header_with_a_line_break_is_refused(mailer_for: MailerFor, to: str, subject: str) -> None:
    with pytest.raises(ValueError, match=r"invalid characters|linefeed or carriage return"):
        mailer_for(local(free_port()), SENDER).send(to, subject, "A")


def test_a_password_is_sent_to_a_server_that_needs_it(serve: Serve, mailer_for: MailerFor) -> None:
    mailbox = Mailbox()
    port = serve(mailbox, authenticator=accept_ann, auth_required=True, auth_require_tls=False)
    settings = from_environment({"SMTP_URL": f"smtp://ann:pass%2Fword@localhost:{port}"})
    mailer = Mailer.from_settings(settings)
    assert mailer is not None
    mailer.send("bob@example.com", "A", "A")
    assert mailer.drain(30)
    assert mailbox.envelopes[0].mail_from == "catalog@localhost"


@pytest.mark.parametrize(
    ("user", "password", "reason"),
    [("", "", "SMTPSenderRefused 530"), ("ann", "wrong", "SMTPAuthenticationError 535")],
    ids=["no password", "a wrong password"],
)
def test_a_refused_sign_in_is_logged(
    serve: Serve, mailer_for: MailerFor, lines: Callable[[], list[str]], user: str, password: str, reason: str
) -> None:
    port = serve(Mailbox(), authenticator=accept_ann, auth_required=True, auth_require_tls=False)
    mailer = mailer_for(local(port, user=user, password=password), SENDER, **QUICK)
    mailer.send("bob@example.com", "A", "A")
    assert mailer.drain(30)
    assert lines() == [f"A message could not be sent: {reason}."]


def test_an_offered_encryption_is_used(serve: Serve, mailer_for: MailerFor, tls: Any) -> None:
    mailbox = Mailbox()
    options = {"tls_context": tls, "require_starttls": True, "authenticator": accept_ann, "auth_required": True}
    mailer = mailer_for(local(serve(mailbox, **options), user="ann", password="pass/word"), SENDER)
    mailer.send("bob@example.com", "A", "A")
    assert mailer.drain(30)
    assert [session.ssl is not None for session in mailbox.sessions] == [True]


def test_a_trusted_certificate_is_accepted(
    serve: Serve, mailer_for: MailerFor, tls: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    mailbox = Mailbox()
    mailer = mailer_for(local(serve(mailbox, ssl_context=tls), is_tls=True), SENDER)
    mailer.send("bob@example.com", "A", "A")
    assert mailer.drain(30)
    assert len(mailbox.envelopes) == 1


def test_an_unknown_certificate_is_refused(
    serve: Serve, mailer_for: MailerFor, tls: Any, lines: Callable[[], list[str]]
) -> None:
    mailbox = Mailbox()
    mailer = mailer_for(local(serve(mailbox, ssl_context=tls), is_tls=True), SENDER, **QUICK)
    mailer.send("bob@example.com", "A", "A")
    assert mailer.drain(30)
    assert mailbox.envelopes == []
    assert lines()[-1] == "A message could not be sent: SSLCertVerificationError."


@pytest.mark.parametrize(
    ("to", "recipient"),
    [
        ("rené@example.com", "rené@example.com"),
        ("書@bücher.example", "書@bücher.example"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann+a_b'c@example.com", "ann+a_b'c@example.com"),
    ],
)
def test_an_international_address_gets_its_mail(serve: Serve, mailer_for: MailerFor, to: str, recipient: str) -> None:
    mailbox = Mailbox()
    mailer = mailer_for(local(serve(mailbox, enable_SMTPUTF8=True)), SENDER)
    mailer.send(to, "A", "A")
    assert mailer.drain(30)
    assert mailbox.envelopes[0].rcpt_tos == [recipient]
    assert mailbox.messages[0]["To"] == recipient


def test_a_server_without_smtputf8_is_logged(
    serve: Serve, mailer_for: MailerFor, lines: Callable[[], list[str]]
) -> None:
    mailer = mailer_for(local(serve(Mailbox(), enable_SMTPUTF8=False)), SENDER, **QUICK)
    mailer.send("rené@example.com", "A", "A")
    assert mailer.drain(30)
    assert lines() == ["A message could not be sent: SMTPNotSupportedError."]


def test_an_ending_process_sends_its_queue(serve: Serve) -> None:
    mailbox = Mailbox("451 try again", seconds=0.2)
    code = (
        "import sys; from app.features.accounts.mail.mailer import Mailer\n"
        "from app.config.readers import SmtpServer\n"
        f"mailer = Mailer(SmtpServer('localhost', {serve(mailbox)}, False), 'a@example.org', pauses=(600, 600))\n"
        "mailer.send('ann@example.com', 'First', 'A'); mailer.send('ann@example.com', 'Second', 'A')\n"
    )
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)
    assert [message["Subject"] for message in mailbox.messages] == ["First", "Second"]
    assert time.monotonic() - started < 120


def test_without_a_mail_server_there_is_no_mailer() -> None:
    assert Mailer.from_settings(from_environment({})) is None
