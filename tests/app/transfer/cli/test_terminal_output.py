"""What files and arguments bring along is shown escaped on a terminal."""

from __future__ import annotations

import pytest

CLEAR = "\x1b[2J"  # would clear the screen
SHOWN = r"\x1b[2J"


@pytest.fixture
def run(app):
    return lambda *arguments: app.test_cli_runner().invoke(args=["catalog", *map(str, arguments)])


@pytest.fixture
def hostile_file(tmp_path):
    file = tmp_path / f"books{CLEAR}\n[bold].csv"
    file.write_text(f"title,note{CLEAR}\nKindred,x\n,y\n{CLEAR},z\n", "utf-8")
    return file


def assert_harmless(output: str) -> None:
    assert CLEAR not in output
    assert SHOWN in output


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_names_of_files_and_columns_are_escaped(run, hostile_file, options):
    output = run("import", hostile_file, *options).output
    assert_harmless(output)
    assert r"\n[bold].csv" in output


def test_names_in_messages_are_escaped(run, hostile_file, tmp_path):
    assert_harmless(run("import", hostile_file, "--rejects", tmp_path / f"rejects{CLEAR}.csv").output)
    assert_harmless(run("import", tmp_path / f"missing{CLEAR}.csv").output)
    assert_harmless(run("import", hostile_file, "--map", f"title={CLEAR}").output)


def test_arguments_of_an_export_are_escaped(run, tmp_path):
    assert_harmless(run("export", tmp_path / f"x{CLEAR}.csv", "--filter", f"{CLEAR}=1").output)
    assert_harmless(run("export", tmp_path / f"none{CLEAR}" / "x.csv").output)
    assert_harmless(run("export", tmp_path / f"x{CLEAR}.csv").output)
