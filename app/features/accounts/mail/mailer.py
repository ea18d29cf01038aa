"""Sends mail in the background, so that no request waits for a mail server.

Neither the duration of a request nor its response shows whether there is anything to send.
"""

from __future__ import annotations

import atexit
import logging
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime, make_msgid, parseaddr
from typing import Any

from app.config.readers import SmtpServer
from app.features.accounts.fields import ascii_email

from .smtp import is_permanent, reason, transmit

log = logging.getLogger("catalog.mail")

MAILER = "catalog.mailer"  # key in the application's extensions: the `Mailer`, None without a mail server

MOST_QUEUED = 200  # messages of a process
PAUSES = (2.0, 10.0)  # seconds after the first and the second attempt
LONGEST_DRAIN = 5.0  # seconds that an ending process waits for its queue


@dataclass(frozen=True)
class _Letter:
    recipient: str
    subject: str
    text: str
    account_id: int | None


class Mailer:
    """A bounded queue of messages, and one thread of this process that sends them."""

    def __init__(
        self,
        server: SmtpServer,
        sender: str,
        *,
        pauses: tuple[float, ...] = PAUSES,
        most_queued: int = MOST_QUEUED,
    ) -> None:
        """`sender` is the header From."""
        self.server, self.sender, self.pauses = server, sender, pauses
        self._envelope_sender = parseaddr(sender)[1]
        self._queue: queue.Queue[_Letter] = queue.Queue(most_queued)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Mailer | None:
        """Return the mailer of an application, None without `SMTP_URL`."""
        return cls(settings["SMTP_URL"], settings["MAIL_FROM"]) if settings["SMTP_URL"] else None

    def send(self, to: str, subject: str, text: str, account_id: int | None = None) -> None:
        """Queue a message to a valid address, and return at once.

        The log names the account if the message cannot be sent. Raises `ValueError` if a header has a line break.
        """
        if any(separator in header for separator in "\r\n" for header in (to, subject)):
            raise ValueError("a header contains a linefeed or carriage return")
        letter = _Letter(to, subject, text, account_id)
        self._start()
        try:
            self._queue.put_nowait(letter)
        except queue.Full:
            log.error("A message %swas dropped: %d others wait.", _of_account(letter), self._queue.maxsize)

    def drain(self, seconds: float) -> bool:
        """Wait until all messages are sent or given up, at most `seconds`. Return whether they are."""
        tasks = self._queue
        with tasks.all_tasks_done:
            return tasks.all_tasks_done.wait_for(lambda: not tasks.unfinished_tasks, seconds)

    def _message(self, letter: _Letter) -> EmailMessage:
        """Return the message of a letter. The thread makes it, because the time would show that there is one."""
        message = EmailMessage()
        recipient = letter.recipient
        user, _, domain = (ascii_email(recipient) or recipient).rpartition("@")
        message["From"] = self.sender
        message["To"] = Address(username=user, domain=domain)
        message["Subject"] = letter.subject
        message["Date"] = localtime()
        message["Message-ID"] = make_msgid(domain=self._envelope_sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # so that no program replies (RFC 3834)
        message.set_content(letter.text)
        return message

    def _start(self) -> None:
        """Start the thread unless it runs in this process; a fork does not copy it."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="mailer", daemon=True)
                self._thread.start()
                atexit.register(self._drain_at_exit)

    def _run(self) -> None:
        while True:
            letter = self._queue.get()
            try:
                self._deliver(letter)
            except Exception as error:
                # Without the traceback, which may show the message.
                log.error("A message %scould not be sent: %s.", _of_account(letter), reason(error))
            finally:
                self._queue.task_done()

    def _deliver(self, letter: _Letter) -> None:
        """Send a message in up to three attempts. Raises the error of the last one."""
        message = self._message(letter)
        recipient = ascii_email(letter.recipient) or letter.recipient
        for pause in self.pauses:
            try:
                transmit(self.server, self._envelope_sender, recipient, message)
            except Exception as error:
                if is_permanent(error):
                    raise
                log.warning("A message %swill be sent again in %g s: %s.", _of_account(letter), pause, reason(error))
            else:
                return
            self._stop.wait(pause)
        transmit(self.server, self._envelope_sender, recipient, message)

    def _drain_at_exit(self) -> None:
        self._stop.set()  # no more pauses
        if not self.drain(LONGEST_DRAIN):
            log.error("%d messages were not sent before the process ended.", self._queue.unfinished_tasks)


def _of_account(letter: _Letter) -> str:
    return "" if letter.account_id is None else f"to account {letter.account_id} "
