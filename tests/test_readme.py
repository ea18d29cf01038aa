"""The README is true: its commands run and answer what it shows, its tables say what the code says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.authors.schemas import AUTHORS
from app.books.schemas import BOOKS
from app.config import SETTINGS
from tests.conftest import ROOT, program

README = (ROOT / "README.md").read_text("utf-8")
NEW_BOOK = "215"  # the id that the tour's new book has on the sample catalog of the README
MARK = "=== the next answer ==="


def steps() -> list[tuple[str, str]]:
    """The commands of the tour, each with the answer that the README shows."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = step.splitlines()
            length = next(n for n in range(1, len(lines) + 1) if is_whole("\n".join(lines[:n])))
            found.append(("\n".join(lines[:length]), "\n".join(lines[length:])))
    return found


def is_whole(command: str) -> bool:
    """Whether a command needs no further line: its quotes are closed, and so is its document."""
    document = re.search(r"<<'(\w+)'", command)
    if document:
        return command.endswith(f"\n{document[1]}")
    return command.count("'") % 2 == 0


def section(title: str) -> str:
    return re.split(r"^## ", README.partition(f"\n## {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def table(title: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    rows = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


@pytest.fixture
def answers(start_server, new_database, make_app, tmp_path) -> list[str]:
    """What each command of the tour prints, on a fresh sample catalog behind a real server."""
    for tool in ("curl", "bash"):
        program(tool)
    url = new_database("readme")
    loaded = make_app(DATABASE_URL=url).test_cli_runner().invoke(args=["catalog", "sample"])
    assert loaded.exit_code == 0, loaded.output
    server = start_server(url)
    script = f"\necho; echo '{MARK}'\n".join(command for command, _ in steps())
    script = script.replace("http://127.0.0.1:8000", server.address).replace(NEW_BOOK, new_book())
    result = subprocess.run(
        ["bash", "-c", script.replace(".venv/bin/flask", f"{sys.executable} -m flask")],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": url,
            "INSTANCE_PATH": str(server.log.parent),
            "FLASK_SKIP_DOTENV": "1",
            "no_proxy": "127.0.0.1",
        },
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split(MARK)


def new_book() -> str:
    """The id of the first book after the sample catalog."""
    rows = (ROOT / "app/sample/books.csv").read_text("utf-8").splitlines()
    return str(len(rows))


def as_shown(text: str) -> str:
    """Text without white space: the README breaks long answers into lines."""
    return "".join(text.split())


def test_the_commands_of_the_tour_answer_what_the_readme_shows(answers):
    wrong = [
        f"{command}\n\n-- the README shows:\n{shown}\n\n-- it answered:\n{answer}"
        for (command, shown), answer in zip(steps(), answers, strict=True)
        if not re.fullmatch(pattern_of(shown), as_shown(answer))
    ]
    assert wrong == [], "\n\n".join(wrong)


def pattern_of(shown: str) -> str:
    return ".*".join(re.escape(as_shown(part)) for part in shown.replace(NEW_BOOK, new_book()).split("…"))


def test_the_tour_reads_writes_is_refused_and_deletes():
    shown = "\n".join(answer for _, answer in steps())
    assert {"201", "412", "204"} <= set(re.findall(r"^HTTP/1.1 (\d+)", shown, re.MULTILINE))
    assert {"400", "412", "422", "404"} <= set(re.findall(r'"status": (\d+)', shown))


def test_the_table_of_settings_is_that_of_the_code():
    said = [
        [f"`{setting.name}`", f"`{setting.default}`" if setting.default else "—", setting.help] for setting in SETTINGS
    ]
    assert table("Settings") == said


def test_the_table_of_filters_has_every_operator_and_no_other():
    named = {name for row in table("Filters") for name in re.findall(r"`(\w+)`", row[0])}
    filters = [*BOOKS.filters.values(), *AUTHORS.filters.values()]
    assert named == {operator for filter_ in filters for operator in filter_.operators}


@pytest.mark.parametrize("example", [row[2].strip("`") for row in table("Filters")])
def test_an_example_of_a_filter_is_taken(client, example):
    assert client.get(f"/books?{example}").status_code == 200


def test_a_translator_is_found_by_one_contribution(client, add_book):
    add_book(authors=[{"name": "Liu Cixin"}, {"name": "Ken Liu", "role": "translator"}])
    add_book(authors=[{"name": "Ken Liu"}])
    assert "`author=Ken Liu&role=translator`" in section("Filters")
    assert client.get("/books?author=Ken Liu&role=translator&total=exact").json["meta"]["total"] == 1


def mapped() -> list[Path]:
    """The paths that the map of the code names, folders resolved."""
    found, parents = [], [ROOT]
    for line in re.search(r"```\n(.*?)```", section("A map of the code"), re.DOTALL)[1].splitlines():
        name, depth = line.split()[0], (len(line) - len(line.lstrip())) // 2
        del parents[depth + 1 :]
        found.append(parents[depth] / name)
        parents.append(found[-1])
    return found


def test_everything_on_the_map_exists():
    assert len(mapped()) > 40
    assert [path for path in mapped() if not path.exists()] == []


@pytest.mark.parametrize("folder", ["app", "extensions"])
def test_every_module_is_on_the_map(folder):
    modules = {path for path in (ROOT / folder).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    modules.discard(ROOT / "extensions/__init__.py")
    assert modules - set(mapped()) == set()


def test_every_library_of_production_is_named_with_what_it_is_for():
    named_by_the_code = (ROOT / "requirements.txt").read_text("utf-8").split("\n\n")[0]
    assert [row[0] for row in table("Libraries")] == re.findall(r"^([\w-]+)==", named_by_the_code, re.MULTILINE)


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_target_of_make_that_is_named_exists(document):
    named = set(re.findall(r"(?:^    |`)make (\w+)", (ROOT / document).read_text("utf-8"), re.MULTILINE))
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {"test"} <= named <= targets


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/decisions.md"])
def test_every_file_that_a_document_links_to_exists(document):
    path = ROOT / document
    linked = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text("utf-8"))
    missing = [link for link in linked if not link.startswith("https://") and not (path.parent / link).exists()]
    assert missing == []
