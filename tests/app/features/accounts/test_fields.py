"""The values of accounts: e-mail addresses, passwords."""

from __future__ import annotations

import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schema import SchemaError

from app.core.fields import Faults, FieldType
from app.features.accounts.fields import AnyPassword, Email, Password, ascii_email, email_key
from app.http.problems import CODES
from app.values.error_detail import detail_in

ANY_TEXT = st.text(st.characters(codec=None))
LABEL = "d" * 61


def read(kind: FieldType, value: Any) -> tuple[Any, list[str]]:
    """The value to store, and the codes of its faults."""
    faults = Faults()
    stored = kind.read(value, "/value", faults)
    assert all(fault.code in CODES and fault.detail.endswith(".") for fault in faults)
    return stored, [fault.code for fault in faults]


@pytest.mark.parametrize(
    "email",
    [
        "ann@example.com",
        "ann@shop.example",
        "ann@catalog.test",
        "ann@test",
        "ann@localhost",
        "ann@printer.local",
        "Ann.O'Brien+books@Example.COM",
        "İpek@example.com",
        "straße@straße.example",
        "ann@bücher.example",
        "ann@xn--bcher-kva.example",
        "書@例え.example",
        "a" * 64 + f"@{LABEL}.{LABEL}.{LABEL}.com",
    ],
)
def test_an_address_is_kept_as_it_is_written(email: str) -> None:
    assert read(Email(), email) == (email, [])


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("  ann@example.com\n", "ann@example.com"),
        ("rene\u0301@example.com", "ren\u00e9@example.com"),
        ("ann@bu\u0308cher.example", "ann@b\u00fccher.example"),
    ],
    ids=["white space", "decomposed letter", "decomposed domain"],
)
def test_an_address_is_stored_composed_and_trimmed(written: str, stored: str) -> None:
    assert read(Email(), written) == (stored, [])


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "blank"),
        (" ", "blank"),
        ("ann", "invalid_email"),
        ("@", "invalid_email"),
        ("ann@", "invalid_email"),
        ("@example.com", "invalid_email"),
        ("ann@example", "invalid_email"),
        ("ann@@example.com", "invalid_email"),
        ("ann@example.com, bob@example.com", "invalid_email"),
        ("Ann <ann@example.com>", "invalid_email"),
        ('"ann"@example.com', "invalid_email"),
        ("an n@example.com", "invalid_email"),
        ("ann@exa mple.com", "invalid_email"),
        ("ann@example.com\nBcc: bob@example.com", "invalid_email"),
        ("ann@example.com%0ABcc:bob@example.com", "invalid_email"),
        ("ann..smith@example.com", "invalid_email"),
        (".ann@example.com", "invalid_email"),
        ("ann@[127.0.0.1]", "invalid_email"),
        ("ann@127.0.0.1", "invalid_email"),
        ("ann@shop.invalid", "invalid_email"),
        ("ann@-shop.example", "invalid_email"),
        ("a" * 64 + f"@{LABEL}.{LABEL}.{LABEL}.info", "too_long"),
        ("書" * 81 + "@example.com", "too_long"),
        ("a" * 1_000_000 + "@example.com", "too_long"),
        ("an\0n@example.com", "invalid_character"),
        ("an\ud800n@example.com", "invalid_character"),
        ("an\u202en@example.com", "invalid_character"),
        (None, "type"),
        (7, "type"),
        (True, "type"),
        (["ann@example.com"], "type"),
        ({"email": "ann@example.com"}, "type"),
    ],
)
def test_a_value_that_is_no_address_is_refused(value: Any, code: str) -> None:
    assert read(Email(), value)[1] == [code]


@given(st.one_of(ANY_TEXT, st.builds("{}@{}".format, ANY_TEXT, ANY_TEXT), st.builds("{}@example.com".format, ANY_TEXT)))
def test_any_text_is_an_address_or_a_fault(value: str) -> None:
    email, codes = read(Email(), value)
    if not codes:
        assert len(email.encode()) <= 254
        assert read(Email(), email) == (email, [])
        assert email_key(email) == email_key(email_key(email))


def test_a_filter_takes_an_address() -> None:
    assert Email().parse("Ann@example.com", "eq") == "Ann@example.com"
    with pytest.raises(SchemaError) as error:
        Email().parse("ann", "eq")
    assert detail_in(error.value) == "This must be an e-mail address such as ann@example.com."


@pytest.mark.parametrize(
    ("email", "key"),
    [
        ("Ann@Example.COM", "ann@example.com"),
        ("ＡＮＮ@example.com", "ann@example.com"),
        ("İpek@example.com", "i\u0307pek@example.com"),
        ("STRAẞE@example.com", "straße@example.com"),
        ("strasse@example.com", "strasse@example.com"),
        ("\u212aate@example.com", "kate@example.com"),
        ("re\u0301ne@example.com", "réne@example.com"),
        ("ﬁne@example.com", "fine@example.com"),
    ],
)
def test_addresses_of_one_account_have_one_key(email: str, key: str) -> None:
    assert email_key(email) == key


def test_the_key_of_every_letter_is_its_own_key() -> None:
    letters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    assert [letter for letter in letters if email_key(letter) != email_key(email_key(letter))] == []


@given(ANY_TEXT)
def test_the_key_of_a_key_is_the_key(text: str) -> None:
    key = email_key(text)
    assert email_key(key) == key
    assert unicodedata.is_normalized("NFKC", key)


@pytest.mark.parametrize(
    ("email", "in_ascii"),
    [
        ("ann@example.com", "ann@example.com"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@straße.example", "ann@xn--strae-oqa.example"),
        ("書@example.com", None),
    ],
)
def test_a_domain_has_an_ascii_form(email: str, in_ascii: str | None) -> None:
    assert ascii_email(email) == in_ascii


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("short", "too_short"),
        ("a" * 1_000_000, "too_long"),
        ("1qaz2wsx3edc", "too_common"),
        ("correct horse\0battery", "invalid_character"),
        (None, "type"),
        (123456789012, "type"),
        (["correct horse battery"], "type"),
    ],
)
def test_a_password_that_breaks_a_rule_is_refused(value: Any, code: str) -> None:
    assert read(Password(), value)[1] == [code]


@pytest.mark.parametrize("value", ["correct horse battery", " twelve chars ", "📚" * 12, "e\u0301" * 256])
def test_an_allowed_password_is_kept_as_it_is(value: str) -> None:
    assert read(Password(), value) == (value, [])


@pytest.mark.parametrize("value", ["", "short", "1qaz2wsx3edc", "\0", "\ud800", "a" * 1_000_000])
def test_a_sign_in_takes_any_text_as_password(value: str) -> None:
    assert read(AnyPassword(), value) == (value, [])


@pytest.mark.parametrize("value", [None, 1, ["a"], {}, False])
def test_a_sign_in_takes_only_text_as_password(value: Any) -> None:
    assert read(AnyPassword(), value)[1] == ["type"]


def test_the_schema_of_a_password_has_its_length() -> None:
    expected = {"type": "string", "format": "password", "minLength": 12, "maxLength": 256}
    assert Password().json_schema(sent=True) == expected
