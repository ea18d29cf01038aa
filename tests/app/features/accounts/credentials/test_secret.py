"""Secrets: their form, their checksum, their digest."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.accounts.credentials.secret import (
    ALPHABET,
    RANDOM_LENGTH,
    Kind,
    base62,
    digest_of,
    is_well_formed,
    new_secret,
    secret_of,
)

LENGTH = 55
KINDS = st.sampled_from(list(Kind))
NUMBERS = st.integers(0, 2**256 - 1)
# Computed with `binascii.crc32` and a base 62 of another program.
KNOWN = [
    (Kind.SESSION, 0, "cat_s_00000000000000000000000000000000000000000003Er1ZU"),
    (Kind.SESSION, 2**256 - 1, "cat_s_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp10V7jTI"),
    (Kind.KEY, 62**20, "cat_k_00000000000000000000001000000000000000000000BSE8B"),
    (Kind.RESET, 10**76, "cat_r_5F2f2Z76XHZ5lAhcs2aYuT0SEZmDNFtmwGrQnF1OAHA3fcr7E"),
    (Kind.SETUP, 12345678901234567890, "cat_f_00000000000000000000000000000000EhzL6HwZ5ow3Jm1WH"),
]
GOOD = KNOWN[2][2]


@pytest.mark.parametrize(("kind", "number", "text"), KNOWN)
def test_a_secret_has_a_known_text(kind: Kind, number: int, text: str) -> None:
    assert secret_of(kind, number).text == text
    assert is_well_formed(text, [kind])


@pytest.mark.parametrize(
    ("number", "length", "digits"), [(0, 1, "0"), (61, 1, "z"), (62, 2, "10"), (3843, 4, "00zz"), (35, 2, "0Z")]
)
def test_a_number_has_known_digits(number: int, length: int, digits: str) -> None:
    assert base62(number, length) == digits


def test_a_number_with_more_digits_is_refused() -> None:
    with pytest.raises(OverflowError):
        base62(62**2, 2)


@pytest.mark.parametrize("kind", Kind)
def test_new_secrets_differ_and_are_well_formed(kind: Kind) -> None:
    made = [new_secret(kind) for _ in range(100)]
    assert len({secret.text for secret in made}) == 100
    assert {len(secret.text) for secret in made} == {LENGTH}
    assert all(is_well_formed(secret.text, [kind]) and secret.text.startswith(kind.value) for secret in made)


def test_a_secret_is_stored_as_its_sha_256() -> None:
    secret = new_secret(Kind.SESSION)
    assert secret.digest == digest_of(secret.text) == hashlib.sha256(secret.text.encode()).digest()
    assert secret.hint == secret.text[-4:]


def test_a_secret_hides_its_text_when_printed() -> None:
    secret = new_secret(Kind.KEY)
    assert secret.text not in repr(secret)


@given(KINDS, NUMBERS)
def test_a_secret_is_well_formed_for_its_kind_alone(kind: Kind, number: int) -> None:
    text = secret_of(kind, number).text
    assert [other for other in Kind if is_well_formed(text, [other])] == [kind]
    assert is_well_formed(text, list(Kind))
    assert not is_well_formed(text, [])


@given(KINDS, NUMBERS, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_a_secret_with_another_character_is_refused(kind: Kind, number: int, index: int, other: str) -> None:
    text = secret_of(kind, number).text
    changed = text[:index] + other + text[index + 1 :]
    assert is_well_formed(changed, list(Kind)) == (changed == text)


@given(KINDS, NUMBERS, st.integers(6, LENGTH - 2))
def test_a_secret_with_swapped_neighbors_is_refused(kind: Kind, number: int, index: int) -> None:
    text = secret_of(kind, number).text
    swapped = text[:index] + text[index + 1] + text[index] + text[index + 2 :]
    assert is_well_formed(swapped, [kind]) == (swapped == text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cat_s_",
        GOOD[:-1],
        f"{GOOD}0",
        f"{GOOD}\n",
        f" {GOOD}",
        f"Bearer {GOOD}",
        GOOD.upper(),
        GOOD.replace("cat_", "cat-"),
        GOOD.replace("cat_k", "cat_x"),
        GOOD.replace("cat_k", "cat_s"),
        GOOD.replace("0", "٠"),
        GOOD.replace("0", "０"),
        GOOD[:-1] + "\0",
        GOOD[:-1] + "\ud800",
        "cat_k_" + "0" * 49,
        "cat_k_" + "é" * 49,
        "a" * 1_000_000,
    ],
)
def test_other_text_is_not_well_formed(text: str) -> None:
    assert not is_well_formed(text, list(Kind))


@given(st.text(st.characters(codec=None)))
def test_any_text_has_a_digest_and_a_form(text: str) -> None:
    assert len(digest_of(text)) == 32
    assert not is_well_formed(text, list(Kind))


def test_the_random_part_holds_256_bits() -> None:
    assert 62 ** (RANDOM_LENGTH - 1) < 2**256 <= 62**RANDOM_LENGTH
