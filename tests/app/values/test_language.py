"""Language tags: the examples of RFC 5646, and their canonical case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schema import SchemaError

from app.values import language
from app.values.error_detail import detail_in

# RFC 5646, appendix A, and section 2.1.1; grandfathered tags aside.
WELL_FORMED = [
    "de",
    "fr",
    "ja",
    "zh-Hant",
    "zh-Hans",
    "sr-Cyrl",
    "sr-Latn",
    "zh-cmn-Hans-CN",
    "cmn-Hans-CN",
    "zh-yue-HK",
    "yue-HK",
    "zh-Hans-CN",
    "sr-Latn-RS",
    "sl-rozaj",
    "sl-rozaj-biske",
    "sl-nedis",
    "de-CH-1901",
    "sl-IT-nedis",
    "hy-Latn-IT-arevela",
    "de-DE",
    "en-US",
    "es-419",
    "de-CH-x-phonebk",
    "az-Arab-x-aze-derbend",
    "x-whatever",
    "qaa-Qaaa-QM-x-southern",
    "de-Qaaa",
    "sr-Latn-QM",
    "sr-Qaaa-RS",
    "en-US-u-islamcal",
    "zh-CN-a-myext-x-private",
    "en-a-myext-b-another",
    "mn-Cyrl-MN",
    "mN-cYrL-Mn",
    "en-CA-x-ca",
    "az-Latn-x-latn",
    "pt-BR",
    "grc",
    "la",
    "und",
    "mul",
    "zxx",
    "ca-valencia",
    "de-1996",
    "en-GB-oxendict",
    "art-x-lojban",
]
CASES = [
    ("EN", "en"),
    ("PT-br", "pt-BR"),
    ("ZH-hANT", "zh-Hant"),
    ("mN-cYrL-mN", "mn-Cyrl-MN"),
    ("MN-CYRL-MN", "mn-Cyrl-MN"),
    ("EN-ca-X-CA", "en-CA-x-ca"),
    ("AZ-latn-X-LATN", "az-Latn-x-latn"),
    ("ES-419", "es-419"),
    ("de-ch-1901", "de-CH-1901"),
    ("SL-IT-NEDIS", "sl-IT-nedis"),
    ("en-us-U-ISLAMCAL", "en-US-u-islamcal"),
    ("X-WHATEVER", "x-whatever"),
    ("zh-CMN-hans-cn", "zh-cmn-Hans-CN"),
    ("de-CH-X-PhoneBK", "de-CH-x-phonebk"),
]
MALFORMED = [
    "",
    " ",
    "e",
    "english",
    "english-us",
    "en_US",
    "en-",
    "-en",
    "en--US",
    "en-U",
    "de-419-DE",
    "a-DE",
    "en us",
    "en\n",
    " en",
    "en ",
    "ën",
    "en-é",
    "12",
    "1en",
    "x",
    "x-",
    "en-x",
    "en-x-",
    "en-abcdefghi",
    "en-u",
    "zh-Hant-Hans-TW-Hk-CN-",
    "en-US-GB",
    "en-US-Latn",
    "en,fr",
    "en;q=0.5",
    "*",
    "en-*",
    "ｅn",
    "en\0",
    "en-x-abcdefghi",
]


@pytest.mark.parametrize("tag", WELL_FORMED)
def test_the_examples_of_rfc_5646_are_accepted(tag: str) -> None:
    assert language.normalize(tag).lower() == tag.lower()


@pytest.mark.parametrize(("tag", "stored"), CASES)
def test_a_tag_is_stored_in_canonical_case(tag: str, stored: str) -> None:
    assert language.normalize(tag) == stored
    assert language.normalize(stored) == stored


@pytest.mark.parametrize("tag", WELL_FORMED)
def test_the_case_of_a_tag_does_not_matter(tag: str) -> None:
    assert language.normalize(tag.upper()) == language.normalize(tag.lower()) == language.normalize(tag)


@pytest.mark.parametrize("tag", MALFORMED)
def test_a_bad_tag_is_refused(tag: str) -> None:
    with pytest.raises(SchemaError) as error:
        language.normalize(tag)
    assert detail_in(error.value).code == "invalid_language"


subtags = st.sampled_from(["en", "ABC", "latn", "US", "419", "1901", "x", "u", "rozaj", "a", "12345678", "", "é"])


@given(st.one_of(st.text(), st.text("abXx1-", max_size=20), st.lists(subtags, max_size=6).map("-".join)))
def test_any_text_is_a_language_or_refused(text: str) -> None:
    try:
        stored = language.normalize(text)
    except SchemaError as error:
        code = detail_in(error).code
        assert code == "invalid_language"
    else:
        assert stored.lower() == text.lower()
        assert language.normalize(stored) == stored
