"""Bodies are parsed like other JSON, and refused as the contract demands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.http.body import parse_json
from app.http.problems import InvalidJson

STRICT = settings(deadline=None, max_examples=200)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8")),
)
names = st.text(st.characters(codec="utf-8"), max_size=8)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=20
)


def refused(data: bytes) -> str:
    """The code with which a body is refused."""
    with pytest.raises(InvalidJson) as error:
        parse_json(data)
    return error.value.faults[0].code


def nested(levels: int, opening: str = "[", closing: str = "]") -> bytes:
    return (opening * levels + "1" + closing * levels).encode()


@STRICT
@given(documents, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_valid_json_is_parsed_like_json_loads(document: Any, ascii_only: bool, indent: Any) -> None:
    data = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode()
    read = parse_json(data)
    assert read == json.loads(data) == document
    assert type(read) is type(document)


@STRICT
@given(
    st.one_of(
        st.binary(max_size=40),
        st.text(' {}[]:,"\\01.eE+-truefalsnu\ufeff', max_size=30).map(lambda text: text.encode()),
    )
)
def test_any_bytes_are_parsed_like_json_loads_or_refused(data: bytes) -> None:
    try:
        read = parse_json(data)
    except InvalidJson as error:
        code = error.faults[0].code
        assert code in ("invalid", "invalid_character", "duplicate", "too_deep")
    else:
        assert read == json.loads(data.decode())


@STRICT
@given(documents, st.binary(min_size=1, max_size=3), st.data())
def test_broken_json_never_raises_anything_else(document: Any, noise: bytes, data: st.DataObject) -> None:
    whole = json.dumps(document).encode()
    index = data.draw(st.integers(0, len(whole)))
    for broken in (whole[:index], whole[index:], whole[:index] + noise + whole[index:]):
        try:
            parse_json(broken)
        except InvalidJson as error:
            faults = error.faults
            assert faults


@STRICT
@given(st.dictionaries(names, scalars, min_size=1, max_size=5), st.data())
def test_a_repeated_key_is_refused(members: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(members)))
    inner = json.dumps(members)[1:-1]
    twice = f"{{{inner}, {json.dumps(name)}: 1}}"
    assert refused(twice.encode()) == "duplicate"
    assert refused(f'[{{"a": {twice}}}]'.encode()) == "duplicate"


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", '{"a": NaN}', "[1, -Infinity]"])
def test_a_constant_outside_json_is_refused(word: str) -> None:
    assert refused(word.encode()) == "invalid"


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbf{}", b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"', "{}".encode("utf-16")]
)
def test_other_encodings_than_utf_8_are_refused(data: bytes) -> None:
    assert refused(data) == "invalid_character"


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_nesting_is_limited_to_32_levels(opening: str, closing: str) -> None:
    each = opening.count("[") + opening.count("{")
    assert parse_json(nested(32 // each, opening, closing)) == json.loads(nested(32 // each, opening, closing))
    for levels in (32 // each + 1, 1_000, 100_000):
        assert refused(nested(levels, opening, closing)) == "too_deep"


@pytest.mark.parametrize("digits", ["9" * 5_000, "-" + "9" * 100_000, "1" + "0" * 4_300])
def test_a_number_of_any_length_is_parsed(digits: str) -> None:
    assert abs(parse_json(digits.encode())) > 2**63
