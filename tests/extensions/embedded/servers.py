"""Processes that use an embedded server, and queries to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests import ROOT

QUICK = {"fsync": "off", "shared_buffers": "16MB"}

PROGRAM = """
import os, sys
from pathlib import Path
from extensions.embedded import shared as embedded
print(embedded.start(Path(sys.argv[1]), {"fsync": "off", "shared_buffers": "16MB"}), flush=True)
for line in sys.stdin:
    if line == "fork\\n":
        child = os.fork()
        if not child:
            sys.exit()
        os.waitpid(child, 0)
    print("done", flush=True)
"""


class User:
    """Another process that uses the server in `directory`, until `leave` or `kill`."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, directory],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def url(self) -> str:
        """The URL that `start` returned there."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def send(self, line: str) -> None:
        """Send a command and wait until it is done."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def leave(self) -> None:
        """End the process normally."""
        self.process.communicate(timeout=30)

    def kill(self) -> None:
        """End the process with `kill -9`."""
        self.process.kill()
        self.process.communicate(timeout=30)


def query(url: str, *statements: str) -> Any:
    """Run statements; return the first value of the last result."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        return [connection.execute(sa.text(statement)) for statement in statements][-1].scalar()


def postmaster(directory: Path) -> int:
    return int((directory / "postmaster.pid").read_text().split()[0])


def stopped(directory: Path) -> bool:
    return not (directory / "postmaster.pid").exists()
