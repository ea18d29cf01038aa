"""MARCXML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.app.transfer.conftest import read_file
from tests.app.transfer.marc_records import POOH, collection


@pytest.mark.parametrize(
    ("content", "prepared", "words"),
    [
        (collection(POOH, POOH)[:-30], 1, "damaged at line 1"),
        (collection(POOH).replace(b"</collection>", b"<broken"), 1, "damaged at line 1"),
        (b'<!DOCTYPE c [<!ENTITY a "aaaa">]>' + collection(POOH), 0, "DOCTYPE"),
        (collection(POOH).replace(b"A bear.", b"x" * 2_000_000), 0, "more than 1,048,576 characters"),
        (b'<?xml version="1.0" encoding="klingon"?>' + collection(POOH), 0, "unknown encoding"),
    ],
)
def test_damaged_xml_is_aborted_with_its_position(read, content, prepared, words):
    result = read(content, format="marcxml")
    assert result.counts.prepared == prepared
    assert words in result.aborted


@pytest.mark.parametrize(
    "broken",
    [
        "<record/>",
        "<record><leader>short</leader></record>",
        "<record><controlfield>1</controlfield></record>",
        '<record><datafield tag="245" ind1="1" ind2="0"><subfield>A</subfield></datafield></record>',
    ],
)
def test_records_around_an_invalid_one_are_read(read, broken):
    content = collection(POOH, POOH).replace(b"</record><record>", b"</record>" + broken.encode() + b"<record>")
    result = read(content)
    assert [type(outcome).__name__ for outcome in result.outcomes] == ["Prepared", "Rejected", "Prepared"]


@given(st.data())
def test_changed_bytes_raise_nothing(tmp_path_factory, data):
    content = bytearray(collection(POOH))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.mktemp("marc") / "file.xml"
    file.write_bytes(bytes(content))
    result = read_file(file, format="marcxml")
    assert result.counts.read == 1 or result.aborted
