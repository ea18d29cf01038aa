"""Languages as BCP 47 tags."""

from __future__ import annotations

import pytest

from app.transfer.imports.cleaning import languages


@pytest.mark.parametrize(
    ("written", "value", "kind"),
    [
        ("en", "en", None),
        ("eng", "en", None),
        ("English", "en", None),
        ("PT-br", "pt-BR", None),
        ("en_US", "en-US", None),
        ("fre", "fr", None),
        ("fra", "fr", None),
        ("gla", "gd", None),
        ("grc", "grc", None),
        ("enm", "enm", None),
        ("zh-Hant", "zh-Hant", None),
        ("", None, None),
        ("und", None, None),
        ("mul", None, None),
        ("en/fr", "en", "language_reduced"),
        ("English, French", "en", "language_reduced"),
        ("freengger", "fr", "language_reduced"),
        ("Klingon", None, "language_unknown"),
    ],
)
def test_parse_language_returns_a_tag(written, value, kind):
    assert languages.parse_language(written) == (value, kind)
