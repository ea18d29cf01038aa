"""Rejects: in the format of their file, with the reason beside them; mended, they can be read again."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from .conftest import read_file
from .test_marc import POOH, collection, record

UNTITLED = record(("001", "9"), ("245", "10", "bnothing"))


def rejects_of(tmp_path: Path, content: str | bytes, **wishes: object) -> Path:
    file, rejects = tmp_path / "file", tmp_path / "rejects"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    found = read_file(file, rejects, **wishes)
    assert found.rejected
    return rejects


def test_rows_of_a_csv_have_the_reason_in_front_and_can_be_mended(tmp_path):
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
    mended = read_file(rejects)
    assert mended.counts.rejected == 0
    assert [one.values["title"] for one in mended.prepared] == ["Mended", "Short", "Open", "More"]


def test_a_row_that_was_mended_is_known_as_the_same(tmp_path, read):
    rejects = rejects_of(tmp_path, "title,publisher\n,House\n")
    rejects.write_text(rejects.read_text("utf-8").replace(",,House", ",A,House").replace('""', ""), "utf-8")
    lines = rejects.read_text("utf-8").splitlines()
    cells = next(csv.reader([lines[1]]))
    cells[4] = "A"
    rejects.write_text(f"{lines[0]}\n{','.join(json.dumps(cell) for cell in cells)}\n", "utf-8")
    assert read_file(rejects).only.digest == read("title,publisher\nA,House\n").only.digest


def test_all_rows_of_a_record_are_written(tmp_path):
    content = "gutenberg_id,title,author,gutenberg_author_id\n1,,A,7\n1,,B,8\n2,Good,,\n"
    rejects = rejects_of(tmp_path, content)
    assert [line.split(",")[-4:] for line in rejects.read_text("utf-8").splitlines()[1:]] == [
        ["1", "", "A", "7"],
        ["1", "", "B", "8"],
    ]
    assert read_file(rejects).counts.rows == 2


@pytest.mark.parametrize("form", ["ndjson", "json"])
def test_json_has_the_reason_as_a_member_and_can_be_mended(tmp_path, form):
    records = ['{"title": "Good"}', '{"title": null, "isbn": "0441478123"}', '{"title" "A"}']
    content = "\n".join(records) if form == "ndjson" else "[" + ",\n".join(records) + "]"
    rejects = rejects_of(tmp_path, content, format=form)
    text = rejects.read_text("utf-8")
    found = [json.loads(line) for line in text.splitlines()] if form == "ndjson" else json.loads(text)
    assert [one["rejected"]["line" if form == "ndjson" else "record"] for one in found] == [2, 3]
    assert found[0]["isbn"] == "0441478123"
    assert found[0]["rejected"]["field"] == "title"
    assert found[1]["rejected"]["original"] == records[2]
    again = read_file(rejects)
    assert (again.counts.prepared, again.counts.rejected) == (0, 2)
    rejects.write_text(text.replace('"title": null', '"title": "B"').replace('\\"title\\" ', '\\"title\\": '), "utf-8")
    assert [one.values["title"] for one in read_file(rejects).prepared] == ["B", "A"]


@pytest.mark.parametrize("form", ["ndjson", "json"])
def test_half_a_surrogate_pair_stays_what_it_was(tmp_path, form):
    record = r'{"title": ["\ud800"], "identifiers": {"\udfff": []}}'
    text = rejects_of(tmp_path, f"[{record}]" if form == "json" else record, format=form).read_text("utf-8")
    [found] = json.loads(text) if form == "json" else [json.loads(text)]
    del found["rejected"]
    assert found == json.loads(record)


def test_lines_of_a_dump_have_the_reason_behind_them_and_can_be_mended(tmp_path):
    content = "/type/work\t/works/OL1W\t1\t2020\t{}\n/type/work\t/works/OL2W\n"
    rejects = rejects_of(tmp_path, content)
    first, second = rejects.read_text("utf-8").splitlines()
    assert first.startswith('/type/work\t/works/OL1W\t1\t2020\t{}\t# rejected: {"line": 1, "field": "title"')
    assert second.startswith('/type/work\t/works/OL2W\t# rejected: {"line": 2')
    rejects.write_text(first.replace("\t{}\t", '\t{"title": "A"}\t') + "\n", "utf-8")
    assert read_file(rejects).only.values["title"] == "A"


def test_records_of_marc_are_written_as_they_were_with_a_report_beside_them(tmp_path):
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


def test_records_of_marcxml_have_the_reason_in_a_comment_and_can_be_mended(tmp_path):
    rejects = rejects_of(tmp_path, collection(POOH, UNTITLED))
    text = rejects.read_text("utf-8")
    assert "<!-- record 2: title '': title: title is required, and there is none. -->" in text
    assert read_file(rejects).counts.rejected == 1
    rejects.write_text(text.replace('code="b">nothing', 'code="a">Something'), "utf-8")
    assert read_file(rejects).only.values["title"] == "Something"


def test_a_file_without_rejects_makes_none(tmp_path):
    file = tmp_path / "file.csv"
    file.write_text("title\nA\n")
    read_file(file, tmp_path / "rejects")
    assert sorted(tmp_path.iterdir()) == [file]
