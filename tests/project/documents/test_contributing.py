"""CONTRIBUTING is true: each recipe is followed literally on a copy of the project."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT

pytestmark = pytest.mark.slow(7)

PARTS = ("app", "extensions", "migrations", "wsgi.py")
COMMAND = ".venv/bin/flask "

USE_THE_FIELD = """
made = client.post("/books", json={"title": "Heavy", "weight": 900})
assert made.status_code == 201 and made.json["weight"] == 900, made.text
assert list(made.json).index("weight") + 1 == list(made.json).index("description")
client.post("/books", json={"title": "Light", "weight": 100})
client.post("/books", json={"title": "Unknown"})
assert titles("/books?weight[gte]=400") == ["Heavy"]
assert titles("/books?weight[null]=true") == ["Unknown"]
assert titles("/books?sort=weight") == ["Light", "Heavy", "Unknown"]
assert titles("/books?sort=-weight") == ["Heavy", "Light", "Unknown"]
refused = client.post("/books", json={"title": "Heavier than paper", "weight": 100_001})
assert refused.status_code == 422 and refused.json["errors"][0]["pointer"] == "/weight", refused.text
assert client.patch(made.headers["Location"], json={"weight": None}).json["weight"] is None
document = client.get("/openapi.json").json
assert document["components"]["schemas"]["NewBook"]["properties"]["weight"]["maximum"] == 100_000
assert "books.weight.gte" in document["components"]["parameters"]
rows = Path("rows.csv")
rows.write_text("title,weight\\nFrom a file,500\\n")
loaded = app.test_cli_runner().invoke(args=["catalog", "import", str(rows)])
assert loaded.exit_code == 0 and titles("/books?weight=500") == ["From a file"], loaded.output
"""

USE_THE_FILTERS = """
client.post("/authors", json=[{"name": "George Eliot", "alternate_names": ["Mary Ann Evans"]}, {"name": "Jane Austen"}])
assert names("/authors?alternate_names=Mary Ann Evans") == ["George Eliot"]
assert names("/authors?alternate_names[null]=true") == ["Jane Austen"]
client.post("/books", json=[{"title": "Middlemarch", "subtitle": "A Study of Provincial Life"}, {"title": "Emma"},
                            {"title": "Life: A User"}])
assert titles("/books?heading[contains]=LIFE") == ["Middlemarch", "Life: A User"]
assert titles("/books?heading[starts]=a study") == ["Middlemarch"]
assert titles("/books?heading=Emma") == ["Emma"]
assert titles("/books?heading[in]=Emma,Middlemarch") == ["Middlemarch", "Emma"]
parameters = client.get("/openapi.json").json["components"]["parameters"]
assert {"authors.alternate_names.has", "books.heading.contains"} <= parameters.keys()
"""

USE_THE_ENTITY = """
made = client.post("/publishers", json={"name": "Ace  Books"})
address, tag = made.headers["Location"], made.headers["ETag"]
assert (made.status_code, made.json["name"], made.json["city"]) == (201, "Ace Books", None), made.text
assert client.get(address).json == made.json
changed = client.patch(address, json={"city": "New York"}, headers={"If-Match": tag})
assert changed.status_code == 200 and changed.json["updated_at"] > made.json["updated_at"], changed.text
assert client.patch(address, json={"city": "Boston"}, headers={"If-Match": tag}).status_code == 412
assert client.put(address, json={"name": "Ace"}).json["city"] is None
assert client.put(address, json={"city": "New York"}).status_code == 422
batch = client.post("/publishers", json=[{"name": "Éditions Gallimard", "city": "Paris"}, {"name": "Daw"}])
assert batch.status_code == 201, batch.text
assert names("/publishers?sort=-name&limit=2") == ["Éditions Gallimard", "Daw"]
assert names("/publishers?name[contains]=editions&city=Paris") == ["Éditions Gallimard"]
page = client.get("/publishers?limit=2&sort=name&total=exact").json
assert page["meta"]["total"] == 3 and names(page["links"]["next"]) == ["Éditions Gallimard"]
assert client.get("/publishers?naem=Ace").status_code == 400
assert client.delete(address).status_code == 204 and client.get(address).status_code == 404
assert client.get("/").json["links"]["publishers"] == "/publishers"
from openapi_spec_validator import validate
document = client.get("/openapi.json").json
validate(document)
assert {"get", "post"} == document["paths"]["/publishers"].keys()
"""

AROUND = """
from pathlib import Path
from app import create_app
app = create_app({{"CACHE_DEFAULT_TIMEOUT": 0}})
assert Path(create_app.__code__.co_filename).is_relative_to(Path.cwd()), "not the copy"
client = app.test_client()
def titles(target): return [book["title"] for book in client.get(target).json["data"]]
def names(target): return [record["name"] for record in client.get(target).json["data"]]
{}
from flask_migrate import downgrade
with app.app_context():
    downgrade()
"""


@pytest.mark.parametrize(
    ("recipe", "use"),
    [
        ("Add a field", USE_THE_FIELD),
        ("Add a filter", USE_THE_FILTERS),
        ("Add an entity", USE_THE_ENTITY),
    ],
)
def test_a_recipe_of_contributing_works(recipe, use, tmp_path, new_database):
    project = copy_of_the_project(tmp_path / "project")
    environment = {
        **os.environ,
        "DATABASE_URL": new_database(recipe.lower().replace(" ", "_")),
        "INSTANCE_PATH": str(tmp_path),
        "REDIS_URL": "",
        "LOG_LEVEL": "WARNING",
        "FLASK_SKIP_DOTENV": "1",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # the commands of a recipe compile the copy once
    for language, text in steps(recipe):
        if language == "diff":
            apply(text, project)
        elif language == "python":
            write(text, project)
        else:
            assert text.startswith(COMMAND), f"What is {text!r}? Commands of the recipes begin with {COMMAND}"
            run([sys.executable, "-m", "flask", *shlex.split(text.removeprefix(COMMAND))], project, environment)
    run([sys.executable, "-c", AROUND.format(use)], project, environment)


def steps(recipe: str) -> list[tuple[str, str]]:
    """The blocks of a recipe in their order: (language, text); a command has none."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition(f"\n## {recipe}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$|^    (\S[^\n]*)$", text, re.MULTILINE | re.DOTALL)
    found = [(language, block) if language else ("", command) for language, block, command in blocks]
    assert found, f"CONTRIBUTING has no section {recipe!r}"
    return found


def copy_of_the_project(target: Path) -> Path:
    target.mkdir()
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target)
    return target


def write(text: str, project: Path) -> None:
    """Write a block of Python to the file of its first line; a generated migration keeps its head."""
    first, _, rest = text.partition("\n")
    path = first.removeprefix("# ")
    if "*" in path:
        (made,) = project.glob(path)
        made.write_text(made.read_text("utf-8").partition("def upgrade()")[0] + rest, "utf-8")
    else:
        (project / path).parent.mkdir(exist_ok=True)
        (project / path).write_text(rest, "utf-8")


def apply(diff: str, project: Path) -> None:
    """Apply a diff to a file; the old text must occur there exactly once."""
    first, _, rest = diff.partition("\n")
    path = project / first.removeprefix("+++ ")
    text = path.read_text("utf-8")
    for hunk in rest.split("@@\n"):
        lines = hunk.splitlines()
        if all(line[:1] in "-+" for line in lines):  # within a line
            old, new = (next(line[1:] for line in lines if line[0] == sign) for sign in "-+")
        else:
            old = "".join(f"{line[1:]}\n" for line in lines if line[:1] != "+")
            new = "".join(f"{line[1:]}\n" for line in lines if line[:1] != "-")
        assert text.count(old) == 1, f"{path.name} holds this {text.count(old)} times, not once:\n{old}"
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


def run(command: list[str], project: Path, environment: dict[str, str]) -> None:
    result = subprocess.run(command, cwd=project, env=environment, capture_output=True, encoding="utf-8", timeout=240)
    assert result.returncode == 0, f"{command[:4]}\n{result.stdout}\n{result.stderr}"
