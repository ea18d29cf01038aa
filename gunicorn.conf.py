"""How gunicorn serves the catalog: right for a small machine, every setting with its reason.

`PREPARE=1` in the environment (`make run`) migrates the database and fills an empty catalog before the workers start.
"""

import contextlib
import ctypes
import os
import signal
import socket
import struct
import subprocess
import sys
from typing import Any

from app.config import BadSetting, database_url, from_environment
from extensions.embedded import EmbeddedUnavailable

try:
    settings = from_environment()
except BadSetting as error:
    sys.exit(str(error))

wsgi_app = "wsgi:app"
bind = f"{settings['HOST']}:{settings['PORT']}"

# Threads, because a request waits for Postgres more than it computes, and because only they keep connections alive.
worker_class = "gthread"
workers = settings["WEB_CONCURRENCY"]
threads = settings["THREADS"]
worker_connections = 512  # open connections of a worker, idle ones included
# Each worker makes the application itself, so that nothing it opens is shared over fork.
preload_app = False

keepalive = 5  # seconds that an idle connection stays open
timeout = 60  # a worker whose main loop shows no sign of life for so long is replaced; no limit for a request
graceful_timeout = 20  # requests under way may finish when the server stops
# Signs of life are written to a file; on a disk that could block.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None

# The application answers 414 past 4,096 bytes, so gunicorn's own limit, which answers in HTML, is as far as it goes.
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

# A proxy on this machine may say that the client speaks https; FORWARDED_ALLOW_IPS names others.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS") or "127.0.0.1,::1"

accesslog = None  # the application logs its requests, with their ids
errorlog = "-"
loglevel = settings["LOG_LEVEL"].lower()
control_socket_disable = True

# gunicorn reads from its clients without a limit of time, in a thread of its pool, so that a few dozen silent clients
# would hold all threads for ever. The kernel keeps the time instead; connections inherit it from the listener.
FIRST_BYTE_SECONDS = 5  # a connection is handed over when its first bytes are there
READ_SECONDS = 10  # then no read waits longer for the rest of the headers or of the body


def when_ready(server: Any) -> None:
    """The port is ours and no worker runs yet: set up the socket, and have a database before they start."""
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", READ_SECONDS, 0))
        if hasattr(socket, "TCP_DEFER_ACCEPT"):
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, FIRST_BYTE_SECONDS)
    try:
        database_url(settings)  # an embedded Postgres starts here, once, and outlives the workers
    except (BadSetting, EmbeddedUnavailable) as error:
        sys.exit(str(error))
    if os.environ.get("PREPARE"):
        _stop_with_parent()
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "catalog", "prepare"]
        if subprocess.run(command).returncode:
            sys.exit("The catalog could not be prepared; see above.")


def _stop_with_parent() -> None:
    """Stop when `make` is killed, which cannot tell us; the next `make run` finds the port free."""
    with contextlib.suppress(AttributeError):  # Linux alone has it
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG
