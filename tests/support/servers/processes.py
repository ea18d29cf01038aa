"""The programs that tests start, and the ports that these listen on."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket

import pytest

ADMIN_FOLDERS = ("/usr/sbin", "/sbin")  # of nginx; cron, `su` and `env -i` leave them out of PATH


def require_program(name: str) -> str:
    """The path of a program.

    Where it is missing the test is skipped, but fails in CI.
    """
    path = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *ADMIN_FOLDERS]))
    if path is None:
        message = f"This test needs {name}; install it to run the test (Debian: apt-get install {name})."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    return str(path)


def free_port() -> int:
    """A port that no process listens on.

    It lies below those that outgoing connections get, so that a server that is killed and started again finds it free.
    """
    while True:
        port = random.SystemRandom().randrange(15_000, 32_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
