"""The settings of the server that ``make run`` started, for the commands in another terminal.

The server writes them to a file in the checkout, readable by its user alone, because DATABASE_URL has a password.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from pathlib import Path

from app.config import SETTINGS

CATALOG_SETTINGS = ("DATABASE_URL", "INSTANCE_PATH")  # which catalog it is
FILE = Path(__file__).parents[2] / ".running-server"


def publish_settings() -> None:
    """Write the settings of this process's environment. They are valid until it ends, even if it is killed."""
    given = {setting.name: os.environ[setting.name] for setting in SETTINGS if os.environ.get(setting.name)}
    with contextlib.suppress(OSError):  # a read-only checkout: its commands need the same environment as the server
        descriptor = os.open(FILE, os.O_RDWR | os.O_CREAT, 0o600)  # stays open for as long as this process lives
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(given).encode())


def use_settings() -> str:
    """Add the settings of the running server to the environment, except those that it has already.

    Return a description of the server's catalog, "" if it is the default one. An environment that names another
    catalog keeps its own settings.
    """
    with contextlib.suppress(OSError, ValueError), FILE.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.truncate()  # the server that wrote it has ended
        except BlockingIOError:  # the server holds its lock
            settings = json.load(file)
            if all(os.environ.get(name) in (None, "", settings.get(name)) for name in CATALOG_SETTINGS):
                os.environ.update({name: value for name, value in settings.items() if not os.environ.get(name)})
                if "DATABASE_URL" in settings:
                    return "the database of the running server"
                if "INSTANCE_PATH" in settings:
                    return f"that of the running server, in {settings['INSTANCE_PATH']}"
    return ""
