"""Binary records of MARC 21."""

from __future__ import annotations

import pymarc
from hypothesis import given
from hypothesis import strategies as st
from pymarc import Field, Indicators, Leader, Subfield

from tests.app.transfer.conftest import read_file
from tests.app.transfer.marc_records import POOH, record


def test_encodings_are_read_despite_a_wrong_leader(read):
    utf8 = record(("245", "10", "aÉté à Łódź")).as_marc()
    mislabelled = utf8[:9] + b" " + utf8[10:]
    made = pymarc.Record()
    made.leader = Leader("00000nam  2200000 a 4500")
    made.add_field(Field("245", Indicators("1", "0"), [Subfield("a", "Et\xe2e")]))
    marc8 = made.as_marc().replace("â".encode(), b"\xe2")
    marc8 = b"%05d" % len(marc8) + marc8[5:9] + b" " + marc8[10:]
    result = read(utf8 + mislabelled + marc8)
    assert [record.values["title"] for record in result.prepared[:2]] == ["Été à Łódź"] * 2
    assert len(result.outcomes) == 3


def test_records_around_one_of_wrong_length_are_read(read):
    good = POOH.as_marc()
    content = good + b"00123" + good[5:] + good + b"00999nam" + b"x" * 50 + b"\x1d" + good[:-40]
    result = read(content)
    assert [type(outcome).__name__ for outcome in result.outcomes] == [
        "Prepared",
        "Rejected",
        "Prepared",
        "Rejected",
        "Rejected",
    ]
    assert [rejected.number for rejected in result.rejected] == [2, 4, 5]
    assert f"has {len(good):,} bytes, but its leader states 123" in result.rejected[0].reasons[0].detail
    assert "cut off" in result.rejected[2].reasons[0].detail


def test_an_endless_record_is_skipped_in_bounded_memory(read):
    good = POOH.as_marc()
    result = read(good + b"9" * 3_000_000 + b"\x1d" + good + b"8" * 3_000_000)
    assert [type(outcome).__name__ for outcome in result.outcomes] == ["Prepared", "Rejected", "Prepared", "Rejected"]
    assert all(len(rejected.original) <= 1 << 21 for rejected in result.rejected)


BYTES = st.binary(max_size=300)

PIECES = st.lists(st.sampled_from([POOH.as_marc(), b"\x1d", b"\x1e", b"\x1fa", b"00024", b"\n"]) | BYTES, max_size=8)


@given(PIECES)
def test_all_bytes_belong_to_a_record(tmp_path_factory, pieces):
    file = tmp_path_factory.mktemp("marc") / "file.mrc"
    content = b"".join(pieces)
    file.write_bytes(POOH.as_marc() + content)
    result = read_file(file, format="marc")
    assert result.aborted is None
    originals = b"".join(outcome.original for outcome in result.outcomes)
    assert originals.translate(None, b"\r\n \t\x0b\x0c") == (POOH.as_marc() + content).translate(
        None, b"\r\n \t\x0b\x0c"
    )


@given(st.data())
def test_changed_bytes_raise_nothing(tmp_path_factory, data):
    content = bytearray(POOH.as_marc())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.mktemp("marc") / "file.mrc"
    file.write_bytes(bytes(content))
    assert read_file(file, format="marc").counts.read >= 1
