"""How gunicorn serves the catalog: right for a small machine, every setting with its reason.

`PREPARE=1` in the environment (`make run`) migrates the database and fills an empty catalog before the workers start.
"""

import contextlib
import ctypes
import gc
import multiprocessing
import os
import signal
import sys
from typing import Any

from flask.cli import ScriptInfo

from app.config import BadSetting, database_url, from_environment
from extensions.embedded import EmbeddedUnavailable
from extensions.server import framing

try:
    settings = from_environment()
except BadSetting as error:
    sys.exit(str(error))

wsgi_app = "wsgi:app"
framing.BODY_BYTES = min(framing.BODY_BYTES, settings["MAX_CONTENT_LENGTH"])  # what is over the cap is not waited for
bind = f"{settings['HOST']}:{settings['PORT']}"

# Threads, because a request waits for Postgres more than it computes. None of these waits for a slow client; half as
# many more read long bodies.
worker_class = "extensions.server.worker.PatientWorker"
workers = settings["WEB_CONCURRENCY"]
# More than there are connections: health, 404 and hits of the cache do not wait behind a database that hangs.
threads = 3 * settings["CONNECTIONS"] + 8
worker_connections = 512  # open connections of a worker, idle ones included
# Each worker makes the application itself, so that nothing it opens is shared over fork.
preload_app = False

keepalive = 5  # seconds that an idle connection stays open
timeout = 60  # a worker whose main loop shows no sign of life for so long is replaced; no limit for a request
graceful_timeout = 20  # requests under way may finish when the server stops
# Signs of life are written to a file; on a disk that could block.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None

# The application answers 414 past 4,096 bytes, so gunicorn's own limit, which answers in HTML, is as far as it goes.
limit_request_line = framing.HEAD_BYTES
limit_request_fields = 100
limit_request_field_size = 8190

# A proxy on this machine may say that the client speaks https; FORWARDED_ALLOW_IPS names others.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS") or "127.0.0.1,::1"

forwarder_headers = ""  # nobody may say by a header where the application stands

# Each thread would get memory of its own to allocate from, of which much lies idle; under one interpreter lock they
# gain nothing by that. And what is as large as an answer of megabytes is given back when it is freed: left to itself,
# the allocator would keep it as soon as it has seen some.
M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3
with contextlib.suppress(AttributeError, OSError):  # glibc alone has it
    ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)
    ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 1024 * 1024)

accesslog = None  # the application logs its requests, with their ids
errorlog = "-"
loglevel = settings["LOG_LEVEL"].lower()
control_socket_disable = True


def when_ready(server: Any) -> None:
    """The port is ours and no worker runs yet: have a database before they start."""
    try:
        database_url(settings)  # an embedded Postgres starts here, once, and outlives the workers
    except (BadSetting, EmbeddedUnavailable) as error:
        sys.exit(str(error))
    if os.environ.get("PREPARE"):
        _stop_with_parent()
        # In a child, which has the code already: half a second less, and no connection stays for the workers.
        child = multiprocessing.get_context("fork").Process(target=_prepare)
        child.start()
        child.join()
        if child.exitcode:
            sys.exit("The catalog could not be prepared; see above.")


def post_worker_init(worker: Any) -> None:
    """What is loaded now stays, and requests leave few cycles behind: look for garbage less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _prepare() -> None:
    """Do what ``flask --app wsgi catalog prepare`` does."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    from wsgi import app

    app.cli.main(["catalog", "prepare"], prog_name="flask", obj=ScriptInfo(create_app=lambda: app))


def _stop_with_parent() -> None:
    """Stop when `make` is killed, which cannot tell us; the next `make run` finds the port free."""
    with contextlib.suppress(AttributeError):  # Linux alone has it
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG
