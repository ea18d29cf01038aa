"""Sign-ins and resets: whether they take the same time for unknown addresses, and what many at once cost others."""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any, NamedTuple

import psutil
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.features.accounts.credentials.passwords import hash_password

from . import contestants
from .database import Cluster

KNOWN, UNKNOWN, PASSWORD = "ann@example.com", "bob@example.com", "correct horse battery"
TIMES = 200  # requests of each kind
AT_ONCE, ROUNDS = 32, 3
MAIL_SECONDS = 2.0  # that the mail server takes for a message
SAMPLE_SECONDS, PAUSE = 0.02, 0.005


class Compared(NamedTuple):
    """Medians in seconds for a known and an unknown address."""

    known: float
    unknown: float

    @property
    def difference(self) -> float:
        """The difference of the medians, as a part of the smaller one."""
        return abs(self.known - self.unknown) / min(self)


class Burst(NamedTuple):
    """What many sign-ins at once cost."""

    seconds: list[float]  # that each sign-in took
    statuses: dict[int, int]
    peak: float  # memory (PSS) of the worker, in MB
    before: float
    hits: list[float]  # seconds of other requests meanwhile
    misses: list[float]


class SlowMailbox:
    """A mail server that takes long for each message."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        await asyncio.sleep(MAIL_SECONDS)
        return "250 OK"


class Measurement:
    """One worker of the service, with a mail server and an account."""

    def __init__(self, cluster: Cluster, database: str, service: contestants.Service) -> None:
        self.cluster, self.database, self.service = cluster, database, service
        self.execute(
            "INSERT INTO accounts (email, email_key, role, password_hash) VALUES (%s, %s, 'reader', %s)",
            *(KNOWN, KNOWN, hash_password(PASSWORD)),
        )

    def execute(self, sql: str, *values: Any) -> None:
        with self.cluster.connect(self.database) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)

    def sign_ins(self) -> Compared:
        """Compare wrong passwords, with the limits reset before each."""
        body = {"password": "not the password"}
        return self._compare(lambda email: ("/tokens", {"email": email, **body}), "DELETE FROM failed_sign_ins", 401)

    def resets(self) -> Compared:
        """Compare requests for a mail, with the limits reset before each."""
        return self._compare(lambda email: ("/password-resets", {"email": email}), "DELETE FROM jobs", 202)

    def burst(self) -> Burst:
        """Sign in many times at once, and read a book meanwhile, from the cache and past it."""
        [worker] = psutil.Process(self.service.pid).children()
        before, sizes, stop = worker.memory_full_info().pss, [0], threading.Event()
        hits: list[float] = []
        misses: list[float] = []
        others = [
            threading.Thread(target=_sample, args=(worker, sizes, stop)),
            threading.Thread(target=self._read, args=({}, hits, stop)),
            threading.Thread(target=self._read, args=({"Cache-Control": "no-cache"}, misses, stop)),
        ]
        for thread in others:
            thread.start()
        taken: list[tuple[int, float]] = []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in range(ROUNDS):
                taken += pool.map(lambda _: self._sign_in(), range(AT_ONCE))
        stop.set()
        for thread in others:
            thread.join()
        statuses = [status for status, _ in taken]
        counts = {status: statuses.count(status) for status in sorted(set(statuses))}
        return Burst([took for _, took in taken], counts, max(sizes) / 1e6, before / 1e6, hits, misses)

    def _compare(self, request: Callable[[str], tuple[str, Any]], reset: str, status: int) -> Compared:
        taken: dict[str, list[float]] = {KNOWN: [], UNKNOWN: []}
        with self._connection() as connection:
            for _ in range(TIMES):
                for email, seconds in taken.items():  # in turns, so that both meet the same disturbances
                    self.execute(reset)
                    received, took = _post(connection, *request(email))
                    assert received == status, received
                    seconds.append(took)
        return Compared(*(statistics.median(seconds) for seconds in taken.values()))

    def _sign_in(self) -> tuple[int, float]:
        with self._connection() as connection:
            return _post(connection, "/tokens", {"email": KNOWN, "password": PASSWORD})

    def _read(self, headers: dict[str, str], taken: list[float], stop: threading.Event) -> None:
        with self._connection() as connection:
            while not stop.is_set():
                started = time.perf_counter()
                connection.request("GET", "/books/1", headers=headers)
                connection.getresponse().read()
                taken.append(time.perf_counter() - started)
                time.sleep(PAUSE)

    def _connection(self) -> contextlib.closing[HTTPConnection]:
        return contextlib.closing(HTTPConnection(self.service.address.removeprefix("http://"), timeout=60))


@contextlib.contextmanager
def measurement(cluster: Cluster, books: int) -> Iterator[Measurement]:
    """Run one worker on a copy of a catalog."""
    mail = Controller(SlowMailbox(), hostname="127.0.0.1", port=contestants.free_port())
    mail.start()
    settings = {
        "SMTP_URL": f"smtp://127.0.0.1:{mail.port}",
        "MAIL_FROM": "catalog@example.org",
        "CACHE_DEFAULT_TIMEOUT": "10",
        "WEB_CONCURRENCY": "1",
        "CONNECTIONS": "16",
    }
    try:
        with (
            cluster.copy(cluster.catalog(books), "sign_ins") as database,
            contestants.this(cluster, database, **settings) as service,
        ):
            yield Measurement(cluster, database, service)
    finally:
        mail.stop()


def _post(connection: HTTPConnection, path: str, document: Any) -> tuple[int, float]:
    started = time.perf_counter()
    connection.request("POST", path, json.dumps(document), {"Content-Type": "application/json"})
    response = connection.getresponse()
    response.read()
    return response.status, time.perf_counter() - started


def _sample(worker: psutil.Process, sizes: list[int], stop: threading.Event) -> None:
    while not stop.is_set():
        sizes.append(worker.memory_full_info().pss)
        time.sleep(SAMPLE_SECONDS)
