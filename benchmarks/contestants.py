"""The contestants: this service, its peers on the same rows, and upper limits such as nginx."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from flask import Flask, Response

from .database import ROOT, Cluster

WORKERS, POOL = 2, 8
PEERS = Path(__file__).with_name("peers")


@dataclass(frozen=True)
class Service:
    """A running service: its name in tables, its address, and its parent process."""

    name: str
    address: str
    pid: int


@contextlib.contextmanager
def this(
    cluster: Cluster, database: str, name: str = "this service", *, root: Path = ROOT, **settings: str
) -> Iterator[Service]:
    """Run this service on a database, with additional `settings` in its environment.

    `root` is the folder of the code, by default of this version.
    """
    environment = cluster.environment(database) | {
        "WEB_CONCURRENCY": str(WORKERS),
        "CONNECTIONS": str(POOL),
        "CACHE_DEFAULT_TIMEOUT": "0",
        **settings,
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "asgi:app"]
    with _running(name, command, root, environment) as service:
        yield service


def peers() -> dict[str, list[str]]:
    """Return the commands of the installed peers by name. They read PORT, DATABASE_URL and POOL."""
    gunicorn = [*_python("gunicorn"), "--worker-class=gthread", f"--workers={WORKERS}", f"--threads={POOL}"]
    gunicorn += ["--no-control-socket", "--bind=127.0.0.1:{port}"]
    found = {}
    if _installed("fastapi"):
        found = {
            "Flask, ORM, jsonify": [*gunicorn, "flask_orm:app"],
            "FastAPI, async ORM": [
                *_python("uvicorn"),
                *("--host=127.0.0.1", "--port={port}", f"--workers={WORKERS}", "--no-access-log", "fastapi_async:app"),
            ],
            "Django REST framework": [*gunicorn, "django_rest.wsgi"],
        }
    else:
        print("(the Python peers are not installed: skipped)", flush=True)
    if shutil.which("node") and (PEERS / "fastify" / "node_modules").exists():
        found["Fastify, pg"] = ["node", "fastify/server.js"]
    else:
        print("(Node.js or Fastify is not installed: skipped)", flush=True)
    return found


@contextlib.contextmanager
def peer(name: str, command: Sequence[str], url: str, **settings: str) -> Iterator[Service]:
    """Run a peer on the database at `url`."""
    environment = {**os.environ, "DATABASE_URL": url, "POOL": str(POOL), "CACHE": "off", **settings}
    with _running(name, command, PEERS, environment) as service:
        yield service


@contextlib.contextmanager
def constant_view(body: Path) -> Iterator[Service]:
    """Run a Flask view that returns the bytes of a file, in gunicorn with threads."""
    command = [*_python("gunicorn"), "--worker-class=gthread", f"--workers={WORKERS}", f"--threads={POOL}"]
    command += [
        "--no-control-socket",
        "--bind=127.0.0.1:{port}",
        "--config=/dev/null",
        "benchmarks.contestants:constant()",
    ]
    with _running("a constant Flask view", command, ROOT, {**os.environ, "CONSTANT": str(body)}) as service:
        yield service


def constant() -> Flask:
    """Return the application of `constant_view`."""
    body = Path(os.environ["CONSTANT"]).read_bytes()
    app = Flask(__name__)
    app.add_url_rule("/<path:_>", "constant", lambda _: Response(body, mimetype="application/json"))
    return app


@contextlib.contextmanager
def nginx(body: Path, folder: Path) -> Iterator[Service]:
    """Run nginx, which sends the same file for any request."""
    configuration = folder / "nginx.conf"
    port = free_port()
    configuration.write_text(
        f"worker_processes {WORKERS}; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; "
        "events { worker_connections 256; } "
        "http { access_log off; keepalive_requests 1000000000; default_type application/json; "
        f"client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; "
        f"uwsgi_temp_path {folder}; scgi_temp_path {folder}; "
        f"server {{ listen 127.0.0.1:{port}; root {body.parent}; location / {{ rewrite ^ /{body.name} break; }} }} }}"
    )
    body.chmod(0o644)
    command = ["nginx", "-c", str(configuration), "-p", str(folder)]
    with _running("nginx, a file", command, folder, dict(os.environ), port) as service:
        yield service


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Run a Redis, and yield its URL."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


def get(address: str, target: str) -> bytes:
    """Return the body of the response to a GET."""
    connection = HTTPConnection(address.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", target)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{address}{target}: {response.status}")
        return body
    finally:
        connection.close()


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _running(
    name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str], port: int | None = None
) -> Iterator[Service]:
    """Run a server until the block ends, which begins when the server responds."""
    port = port or free_port()
    arguments = [argument.format(port=port) for argument in command]
    environment = {**environment, "PORT": str(port)}
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(arguments, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            ends = time.monotonic() + 30
            while not _responds(port):
                if process.poll() is not None or time.monotonic() > ends:
                    log.seek(0)
                    raise RuntimeError(f"{name} does not respond:\n{log.read().decode(errors='replace')}")
                time.sleep(0.1)
            yield Service(name, address, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _responds(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/health/live")
        connection.getresponse().read()
        return True
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def _installed(package: str) -> bool:
    return subprocess.run([sys.executable, "-c", f"import {package}"], capture_output=True).returncode == 0
