"""Real mail servers on this machine."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.support.servers.processes import free_port, require_program


class Mailbox:
    """Keeps what a server receives. `replies` are given to the next messages instead of accepting them."""

    def __init__(self, *replies: str, seconds: float = 0) -> None:
        self.replies, self.seconds = list(replies), seconds
        self.envelopes: list[Envelope] = []
        self.sessions: list[Session] = []
        self.attempts = 0
        self.is_open = threading.Event()  # until it is set, the server does not reply
        self.is_open.set()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        self.attempts += 1
        await asyncio.sleep(self.seconds)
        while not self.is_open.is_set():
            await asyncio.sleep(0.01)
        if self.replies:
            return self.replies.pop(0)
        self.envelopes.append(envelope)
        self.sessions.append(session)
        return "250 OK"

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(envelope.content, policy=policy.default) for envelope in self.envelopes]


class RefusingRecipients(Mailbox):
    """Refuses every recipient, and quotes the address."""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.attempts += 1
        return f"550 no mailbox {address} here"


def accept_ann(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"ann", b"pass/word"), handled=False)


class TlsController(Controller):
    """A server with TLS from the first byte, whose own first connection trusts any certificate."""

    def _trigger_server(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection((self.hostname, self.port), 10) as plain, context.wrap_socket(plain) as client:
            client.recv(1024)


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Start a mail server with a mailbox, and return its port."""
    controllers: list[Controller] = []

    def start(mailbox: Mailbox, **options: Any) -> int:
        kind = TlsController if "ssl_context" in options else Controller
        controller = kind(mailbox, hostname="127.0.0.1", port=free_port(), **options)
        controllers.append(controller)
        controller.start()
        return int(controller.port)

    yield start
    for controller in controllers:
        controller.stop(no_assert=True)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for localhost, signed by itself."""
    require_program("openssl")
    folder = tmp_path_factory.mktemp("certificate")
    key, path = folder / "key.pem", folder / "certificate.pem"
    request = f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout {key} -out {path}"
    subprocess.run([*request.split(), "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    path.write_text(path.read_text() + key.read_text())
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
