"""Rejects: in the format of their file, with notes; corrected, they can be imported again."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.app.transfer.conftest import read_file
from tests.app.transfer.marc_records import POOH, collection, record

UNTITLED = record(("001", "9"), ("245", "10", "bnothing"))


def rejects_of(tmp_path: Path, content: str | bytes, **options: object) -> Path:
    file, rejects = tmp_path / "file", tmp_path / "rejects"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    result = read_file(file, rejects, **options)
    assert result.rejected
    return rejects


def test_csv_rejects_have_notes_in_front(tmp_path):
    content = 'title;subtitle;year\nGood;;1999\n;"Line\n""two""";2000\nShort\n"Open;x;2001\nMore;x;y;z\n'
    rejects = rejects_of(tmp_path, content)
    with rejects.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream, delimiter=";"))
    assert rows[0] == ["reject_line", "reject_field", "reject_value", "reject_reason", "title", "subtitle", "year"]
    assert [(row[0], row[1], row[4:]) for row in rows[1:]] == [
        ("3", "title", ["", 'Line\n"two"', "2000"]),
        ("5", "", ["Short"]),
        ("6", "", ["Open;x;2001\n"]),
        ("7", "", ["More", "x", "y", "z"]),
    ]
    again = read_file(rejects)
    assert (again.counts.prepared, again.counts.rejected) == (0, 4)
    rows[1][4] = "Mended"
    rows[2][5:] = ["", "2002"]
    rows[3][4:] = ["Open", "x", "2001"]
    del rows[4][7:]
    with rejects.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows(rows)
    cleaned = read_file(rejects)
    assert cleaned.counts.rejected == 0
    assert [record.values["title"] for record in cleaned.prepared] == ["Mended", "Short", "Open", "More"]


def test_a_corrected_row_keeps_its_digest(tmp_path, read):
    rejects = rejects_of(tmp_path, "title,publisher\n,House\n")
    rejects.write_text(rejects.read_text("utf-8").replace(",,House", ",A,House").replace('""', ""), "utf-8")
    lines = rejects.read_text("utf-8").splitlines()
    cells = next(csv.reader([lines[1]]))
    cells[4] = "A"
    rejects.write_text(f"{lines[0]}\n{','.join(json.dumps(cell) for cell in cells)}\n", "utf-8")
    assert read_file(rejects).only.digest == read("title,publisher\nA,House\n").only.digest


def test_all_rows_of_a_rejected_record_are_written(tmp_path):
    content = "gutenberg_id,title,author,gutenberg_author_id\n1,,A,7\n1,,B,8\n2,Good,,\n"
    rejects = rejects_of(tmp_path, content)
    assert [line.split(",")[-4:] for line in rejects.read_text("utf-8").splitlines()[1:]] == [
        ["1", "", "A", "7"],
        ["1", "", "B", "8"],
    ]
    assert read_file(rejects).counts.rows == 2


@pytest.mark.parametrize("form", ["ndjson", "json"])
def test_json_rejects_have_a_note_as_member(tmp_path, form):
    records = ['{"title": "Good"}', '{"title": null, "isbn": "0441478123"}', '{"title" "A"}']
    content = "\n".join(records) if form == "ndjson" else "[" + ",\n".join(records) + "]"
    rejects = rejects_of(tmp_path, content, format=form)
    text = rejects.read_text("utf-8")
    result = [json.loads(line) for line in text.splitlines()] if form == "ndjson" else json.loads(text)
    assert [document["rejected"]["line" if form == "ndjson" else "record"] for document in result] == [2, 3]
    assert result[0]["isbn"] == "0441478123"
    assert result[0]["rejected"]["field"] == "title"
    assert result[1]["rejected"]["original"] == records[2]
    again = read_file(rejects)
    assert (again.counts.prepared, again.counts.rejected) == (0, 2)
    rejects.write_text(text.replace('"title": null', '"title": "B"').replace('\\"title\\" ', '\\"title\\": '), "utf-8")
    assert [record.values["title"] for record in read_file(rejects).prepared] == ["B", "A"]


@pytest.mark.parametrize("form", ["ndjson", "json"])
def test_lone_surrogates_stay_escaped(tmp_path, form):
    record = r'{"title": ["\ud800"], "identifiers": {"\udfff": []}}'
    text = rejects_of(tmp_path, f"[{record}]" if form == "json" else record, format=form).read_text("utf-8")
    [result] = json.loads(text) if form == "json" else [json.loads(text)]
    del result["rejected"]
    assert result == json.loads(record)


def test_dump_rejects_have_notes_at_the_end(tmp_path):
    content = "/type/work\t/works/OL1W\t1\t2020\t{}\n/type/work\t/works/OL2W\n"
    rejects = rejects_of(tmp_path, content)
    first, second = rejects.read_text("utf-8").splitlines()
    assert first.startswith('/type/work\t/works/OL1W\t1\t2020\t{}\t# rejected: {"line": 1, "field": "title"')
    assert second.startswith('/type/work\t/works/OL2W\t# rejected: {"line": 2')
    rejects.write_text(first.replace("\t{}\t", '\t{"title": "A"}\t') + "\n", "utf-8")
    assert read_file(rejects).only.values["title"] == "A"


def test_marc_rejects_have_notes_in_a_csv_beside_them(tmp_path):
    good, untitled = POOH.as_marc(), UNTITLED.as_marc()
    wrong = b"00123" + good[5:]
    rejects = rejects_of(tmp_path, good + untitled + wrong)
    assert rejects.read_bytes() == untitled + wrong
    with (tmp_path / "rejects.report.csv").open(encoding="utf-8", newline="") as stream:
        report = list(csv.DictReader(stream))
    assert [(row["record"], row["field"]) for row in report] == [("2", "title"), ("3", "")]
    assert all(row["reason"] for row in report)
    rejects.write_bytes(good)
    assert read_file(rejects).only.values["title"] == "Winnie-the-Pooh"


def test_marcxml_rejects_have_notes_as_comments(tmp_path):
    rejects = rejects_of(tmp_path, collection(POOH, UNTITLED))
    text = rejects.read_text("utf-8")
    assert "<!-- record 2: title '': title: title is required, but missing. -->" in text
    assert read_file(rejects).counts.rejected == 1
    rejects.write_text(text.replace('code="b">nothing', 'code="a">Something'), "utf-8")
    assert read_file(rejects).only.values["title"] == "Something"


def test_a_valid_file_writes_no_rejects(tmp_path):
    file = tmp_path / "file.csv"
    file.write_text("title\nA\n")
    read_file(file, tmp_path / "rejects")
    assert sorted(tmp_path.iterdir()) == [file]
