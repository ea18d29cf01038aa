"""`catalog import`: its options, its output, and its exit status."""

from __future__ import annotations

import csv
import gzip
import re

import pytest

from app.transfer.imports.formats.registry import FORMAT_LABELS
from tests.app.transfer.conftest import contributors_of, everything


def test_corrected_rejects_are_imported(load, client, tmp_path):
    rejects = tmp_path / "rejects.csv"
    result = load("title,page_count\nA,1\n,2\nC,3,4\nD,5\n", options=("--rejects", str(rejects)))
    assert (result.exit_code, result.counts) == (1, (2, 0, 0, 0, 2))
    rows = list(csv.reader(rejects.open(encoding="utf-8")))
    assert [row[:2] for row in rows[1:]] == [["3", "title"], ["4", ""]]
    rows[1][4], rows[2][4:] = "B", ["C", "3"]
    with rejects.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    assert load(rejects).counts == (2, 0, 0, 0, 0)
    assert sorted(book["title"] for book in everything(client)) == ["A", "B", "C", "D"]


def test_rejected_rows_are_printed_with_their_lines(load):
    result = load("title,page_count\nA,1\n,2\nC,3,4\n")
    assert result.exit_code == 1
    lines = [line for line in result.output.splitlines() if ", line " in line]
    assert [re.findall(r"line (\d+)", line) for line in lines] == [["3"], ["4"]]
    assert "--rejects FILE" in result.output


def test_warnings_are_printed_with_an_example(load):
    result = load("title,published\nA,March 1999\nB,2000\nC,1/2/2001\nD,May 1990\n")
    assert "2 dates rewritten (`March 1999` → `1999-03`): rows 2, 5\n" in result.output
    [warning] = [each for each in result.report["warnings"] if each["code"] == "date_rewritten"]
    assert warning == {
        "code": "date_rewritten",
        "count": 2,
        "detail": "2 dates rewritten (`March 1999` → `1999-03`)",
        "rows": [2, 5],
    }


def test_a_warning_names_its_first_ten_rows(load):
    result = load("title,published\n" + "A,May 1990\n" * 3 + "".join(f"{n},May 1990\n" for n in range(12)))
    [warning] = result.report["warnings"]
    assert (warning["count"], warning["rows"]) == (15, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    assert "15 dates rewritten (`May 1990` → `1990-05`): rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …" in result.output


def test_reasons_count_skipped_and_rejected_records(load):
    result = load("title,page_count\nA,1\n,2\n,\n,3\nB,4,5\n")
    assert result.report["reasons"] == {
        "title is required, but missing.": 2,
        "empty row": 1,
        "Row has 3 cells, expected 2.": 1,
    }
    assert "2 rejected: title is required, but missing." in result.output
    assert "1 skipped: empty row" in result.output


def test_different_reasons_are_bounded(load):
    rows = "".join("x" + ",1" * cells + "\n" for cells in range(3, 90))
    reasons = load("title,page_count\n" + rows).report["reasons"]
    assert reasons == {
        "Row has … cells, expected ….": 84,
        "Row has 4 cells, expected 2.": 1,
        "Row has 5 cells, expected 2.": 1,
        "Row has 6 cells, expected 2.": 1,
    }


def test_the_path_of_the_rejects_is_printed(load, tmp_path):
    rejects = tmp_path / "rejects.csv"
    result = load("title,subtitle\n,x\nA,y\n,z\n", options=("--rejects", str(rejects)))
    assert f"2rejectedrecordsarein{rejects}." in "".join(result.output.split())
    assert "rejected record" not in load("title\nB\n", options=("--rejects", str(rejects))).output


def test_rejects_of_an_earlier_import_are_removed(load, tmp_path):
    rejects = tmp_path / "rejects.csv"
    assert load("title,page_count\nA,1\n,2\n", options=("--rejects", str(rejects))).exit_code == 1
    assert "title is required" in rejects.read_text()
    assert load("title\nA\n", options=("--rejects", str(rejects))).exit_code == 0
    assert not rejects.exists()


def test_a_dry_run_changes_nothing(load, client, add_author):
    add_author(name="Homer")
    content = "title,isbn,authors\nIliad,9780441478125,Homer\nIliad again,9780441478125,Virgil\n,,Ovid\n"
    dry = load(content, options=("--dry-run",))
    assert everything(client) == []
    assert len(everything(client, "authors")) == 1
    real = load(content)
    assert (dry.counts, dry.exit_code) == (real.counts, real.exit_code) == ((1, 1, 0, 0, 1), 1)
    assert {**dry.report, "dry_run": False} == real.report


def test_the_detection_is_printed_and_columns_can_be_mapped(load, client):
    content = "Was;Wer\nDie Göttin;Homer\n".encode("cp1252")
    assert load(content).exit_code == 2
    result = load(content, options=("--map", "title=Was", "--map", "authors=Wer"))
    assert result.exit_code == 0
    assert "semicolon-separated" in result.output
    assert "Windows-1252" in result.output
    assert "title=Was" in result.output
    assert everything(client)[0]["title"] == "Die Göttin"
    assert contributors_of(everything(client)[0]) == [("Homer", "author")]


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (b"", (), ["empty"]),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), (), ["picture"]),
        (b"first,second\n1,2\n", (), ["--map"]),
        (b"title\nA\n", ("--map", "titel=title"), ["title"]),
        (b"title\nA\n", ("--map", "title"), ["FIELD=COLUMN"]),
        (b"title\nA\n", ("--format", "xlsx"), ["Formats", "csv"]),
        (b"title\nA\n", ("--encoding", "utf-99"), ["utf-8"]),
        (b"title\nA\n", ("--source", "My Shop"), ["--source"]),
        (b"title\nA\n", ("--source", "isbn"), ["--source"]),
        (b"title\nA\n", ("--rejects", "/nowhere/at/all.csv"), ["folder"]),
    ],
)
def test_a_wrong_file_or_option_writes_nothing(load, client, content, options, words):
    result = load(content, options=options)
    assert result.exit_code == 2
    assert all(word in result.output for word in words), result.output
    assert everything(client) == []


def test_a_header_alone_is_no_error(load):
    assert (load("title,authors\n").exit_code, load("title,authors\n").counts) == (0, (0, 0, 0, 0, 0))


def test_one_unreadable_file_of_several_stops_all(load, client):
    assert load("title\nA\n", b"").exit_code == 2
    assert everything(client) == []


def test_a_truncated_file_fails_after_its_records(load, client):
    rows = "".join(f"Book {number},{number}\n" for number in range(1, 20_000))
    whole = gzip.compress(f"title,page_count\n{rows}".encode())
    result = load(whole[: len(whole) * 3 // 4], name="file.csv.gz")
    assert result.exit_code == 2
    assert "cut off" in result.output
    assert result.report["created"] > 1_000
    assert client.get("/books?total=exact").json["meta"]["total"] == result.report["created"]
    again = load(whole, name="file.csv.gz")
    assert again.counts[0] + result.report["created"] == 19_999


def test_an_output_file_is_no_input_file(load, tmp_path):
    file = tmp_path / "books.csv"
    file.write_text("title\nA\n")
    assert load(file, options=("--rejects", str(file))).exit_code == 2
    assert file.read_text() == "title\nA\n"


def test_rejects_and_report_overwrite_nothing(load, tmp_path):
    first, second, rejects = tmp_path / "first.csv", tmp_path / "rejects.2.csv", tmp_path / "rejects.csv"
    first.write_text("title,subtitle\n,x\n")
    second.write_text("title,subtitle\n,y\nA,z\n")
    result = load(first, second, options=("--rejects", str(rejects)))
    assert (result.exit_code, second.read_text()) == (2, "title,subtitle\n,y\nA,z\n")
    assert "rejects.2.csvisaninputfile" in "".join(result.output.split())
    assert load(first, options=("--rejects", str(tmp_path / "report.json"))).exit_code == 2
    assert not (tmp_path / "report.json").exists()


def test_an_unavailable_database_is_reported(make_app, tmp_path):
    file = tmp_path / "file.csv"
    file.write_text("title\nIliad\n")
    away = make_app(DATABASE_URL=f"postgresql://postgres@/catalog?host={tmp_path}")
    result = away.test_cli_runner().invoke(args=["catalog", "import", str(file)])
    assert result.exit_code == 2
    assert "database does not respond" in result.output


def test_the_help_names_every_format(app):
    output = app.test_cli_runner().invoke(args=["catalog", "import", "--help"]).output
    assert [name for name in FORMAT_LABELS if not re.search(rf"\b{name}\b", output)] == []
