"""gunicorn's settings, with the reason for each, for a small machine.

With `PREPARE=1` in the environment (`make run`), the database is migrated and an empty catalog gets the sample before
the workers start.
"""

import contextlib
import ctypes
import errno
import gc
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from flask.cli import ScriptInfo

from app.cli import running_server
from app.config import BadSetting, database_url, from_environment
from app.http.middleware.log.setup import json_event, json_logging
from extensions.embedded.shared import EmbeddedUnavailable
from extensions.jobs.engine.processes import WORKER
from extensions.jobs.engine.supervisor import __file__ as supervisor_program
from extensions.telemetry.metrics.shared_files import FOLDER, create_folder, merge_ended

try:
    settings = from_environment()
except BadSetting as error:
    sys.exit(str(error))

wsgi_app = "asgi:app"
ports = [port for port in (settings["PORT"], settings["METRICS_PORT"]) if port]
bind = [f"{settings['HOST']}:{port}" for port in ports]

# An event loop handles the connections; requests run in threads, because they mostly wait for Postgres.
worker_class = "extensions.server.uvicorn_worker.Worker"
workers = settings["WEB_CONCURRENCY"]
# Each worker creates its own application, so that no connection is shared through fork.
preload_app = False

keepalive = 5  # seconds that an idle connection stays open
timeout = 60  # seconds without a heartbeat of its event loop after which a worker is replaced; not a request timeout
graceful_timeout = 20  # seconds for running requests to finish when the server stops
# A heartbeat is written to a file, which could block on a disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None

# Trusted proxies, whose X-Forwarded-For and X-Forwarded-Proto are used: by default none, because any program on this
# machine could name another address with each request, and no limit would hold for it.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS") or ""

# By default, glibc gives each thread an arena of its own, which wastes memory and gains nothing under the interpreter
# lock. It also raises the mmap threshold as it frees large blocks, and would then not return the memory of large
# responses to the system.
M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3
with contextlib.suppress(AttributeError, OSError):  # not glibc
    ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)
    ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 1024 * 1024)

accesslog = None  # the application itself logs requests, with their ids
errorlog = "-"
# Of gunicorn and uvicorn; the application logs by itself. Their other lines tell of processes, which is debugging.
loglevel = "debug" if settings["LOG_LEVEL"] == "DEBUG" else "error"
if settings["LOG_FORMAT"] == "json":
    logconfig_dict = json_logging(loglevel)
control_socket_disable = True

supervisors: list[subprocess.Popen[bytes]] = []  # of the worker for background jobs, at most one


def on_starting(server: Any) -> None:
    """Stop with a sentence if the port is in use; gunicorn would retry for seconds."""
    if {"GUNICORN_FD", "LISTEN_FDS"} & os.environ.keys():  # an inherited socket: an upgrade by USR2, or systemd
        return
    family = socket.AF_INET6 if ":" in settings["HOST"] else socket.AF_INET
    for name, port in zip(("PORT", "METRICS_PORT"), ports, strict=False):
        with socket.socket(family) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((settings["HOST"], port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    sys.exit(f"Port {port} is in use. Stop the other server, or choose another port: {name}={port + 1}")
                address = f"{settings['HOST']}:{port}"
                sys.exit(f"The service cannot listen on {address}: {error.strerror}. Set HOST and {name} to free ones.")


def when_ready(server: Any) -> None:
    """Start the embedded database, and prepare the catalog if requested, before the workers start."""
    if not settings["DATABASE_URL"]:
        _announce("Starting Postgres ...")
    try:
        database_url(settings)  # starts an embedded Postgres once, in the process that outlives the workers
    except (BadSetting, EmbeddedUnavailable) as error:
        sys.exit(str(error))
    _share_metrics()
    if os.environ.get("PREPARE"):
        _announce("Preparing the catalog ...")
        running_server.publish_settings()
        _stop_with_parent()
        # In a forked child, so that workers inherit no connection; faster than a new process, which would import again.
        child = multiprocessing.get_context("fork").Process(target=_prepare)
        child.start()
        child.join()
        if child.exitcode:
            sys.exit("The catalog could not be prepared; the reason is above.")
        _announce("Ctrl-C stops the catalog; its data stays.")
    if settings["JOBS"]:
        _start_supervisor()


def on_exit(server: Any) -> None:
    """Stop the worker for background jobs, after the workers for requests."""
    for supervisor in supervisors:
        supervisor.terminate()
    for supervisor in supervisors:
        with contextlib.suppress(subprocess.TimeoutExpired):
            supervisor.wait(graceful_timeout + 5)


def post_worker_init(worker: Any) -> None:
    """Collect garbage less often, because loaded modules stay and requests create few cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def worker_exit(server: Any, worker: Any) -> None:
    """Write the last counts of a worker that ends by itself; one that is killed loses those of its last second."""
    asgi = sys.modules.get("asgi")
    if asgi and asgi.metrics:
        asgi.metrics.flush()


def child_exit(server: Any, worker: Any) -> None:
    """Add the counters of a worker that has ended to those of all earlier ones."""
    if FOLDER in os.environ:
        try:
            merge_ended(Path(os.environ[FOLDER]), server.WORKERS)
        except OSError as error:  # they stay in the worker's own file, and are added when the next one ends
            server.log.error("The metrics of worker %s could not be merged: %s", worker.pid, error)


def _share_metrics() -> None:
    """Create the folder in which the workers share their counts. They begin at zero with each start of the service."""
    os.environ.pop(FOLDER, None)
    if settings["METRICS"]:
        try:
            folder = create_folder(settings["INSTANCE_PATH"] / "metrics")
        except OSError as error:
            _announce(f"Each worker has metrics of its own, because there is no folder to share them: {error}")
            return
        os.environ[FOLDER] = str(folder)


def _prepare() -> None:
    """Run ``flask --app wsgi catalog prepare``."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    from wsgi import app

    app.cli.main(["catalog", "prepare"], prog_name="flask", obj=ScriptInfo(create_app=lambda: app))


def _start_supervisor() -> None:
    """Start the process that runs a worker for background jobs. Ctrl-C does not reach it: `on_exit` stops it."""
    root = os.path.dirname(os.path.abspath(__file__))
    command = [sys.executable, "-I", "-S", supervisor_program, str(os.getpid())]
    command += [sys.executable, "-P", "-m", "app", "worker", "--beat"]
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, WORKER: str(os.getpid())}
    supervisors.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment, start_new_session=True))


def _announce(text: str) -> None:
    """Print what happens, for the person who started the server."""
    shown = json_event(text) if settings["LOG_FORMAT"] == "json" else text
    print(shown, file=sys.stderr, flush=True)


def _stop_with_parent() -> None:
    """Stop when `make` is killed, so that the port is free for the next start."""
    with contextlib.suppress(AttributeError):  # not Linux
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG
