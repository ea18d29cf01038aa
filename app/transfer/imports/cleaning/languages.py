"""Parsing language codes (MARC, ISO 639) and names into BCP 47 tags."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from schema import SchemaError

from app.values import language
from app.values.language import TWO_LETTERS

_NAMES = """
    afrikaans=af albanian=sq arabic=ar armenian=hy basque=eu belarusian=be bengali=bn bosnian=bs breton=br bulgarian=bg
    burmese=my catalan=ca chinese=zh croatian=hr czech=cs danish=da dutch=nl flemish=nl english=en esperanto=eo
    estonian=et faroese=fo farsi=fa persian=fa finnish=fi french=fr galician=gl georgian=ka german=de greek=el
    gujarati=gu hausa=ha hebrew=he hindi=hi hungarian=hu icelandic=is indonesian=id irish=ga italian=it japanese=ja
    javanese=jv kannada=kn kazakh=kk khmer=km korean=ko kurdish=ku lao=lo latin=la latvian=lv lithuanian=lt
    luxembourgish=lb macedonian=mk malay=ms malayalam=ml maltese=mt maori=mi marathi=mr mongolian=mn nepali=ne
    norwegian=no occitan=oc pashto=ps polish=pl portuguese=pt punjabi=pa romanian=ro russian=ru sanskrit=sa serbian=sr
    sinhala=si slovak=sk slovenian=sl somali=so spanish=es castilian=es swahili=sw swedish=sv tagalog=tl tamil=ta
    telugu=te thai=th tibetan=bo turkish=tr ukrainian=uk urdu=ur uzbek=uz vietnamese=vi welsh=cy yiddish=yi yoruba=yo
    zulu=zu deutsch=de englisch=en französisch=fr italienisch=it spanisch=es russisch=ru lateinisch=la français=fr
    anglais=en allemand=de español=es italiano=it português=pt nederlands=nl svenska=sv dansk=da norsk=no suomi=fi
    polski=pl русский=ru castellano=es inglés=en francés=fr alemán=de portugués=pt ruso=ru latín=la espagnol=es
    italien=it russe=ru portugais=pt néerlandais=nl latin=la inglese=en francese=fr tedesco=de spagnolo=es russo=ru
    latino=la niederländisch=nl schwedisch=sv dänisch=da norwegisch=no finnisch=fi polnisch=pl tschechisch=cs
    ungarisch=hu portugiesisch=pt griechisch=el altgriechisch=grc türkisch=tr chinesisch=zh japanisch=ja arabisch=ar
    hebräisch=he inglês=en francês=fr alemão=de espanhol=es engels=en frans=fr duits=de spaans=es engelska=en tyska=de
    franska=fr engelsk=en tysk=de fransk=fr magyar=hu čeština=cs türkçe=tr ελληνικά=el українська=uk 中文=zh 日本語=ja
    한국어=ko
"""
_names = dict(pair.split("=") for pair in _NAMES.split())
# ISO 639-2 codes that are not one language, and words for an unknown language.
_NO_LANGUAGE = frozenset(
    {"", "und", "mul", "zxx", "mis", "n/a", "none", "null", "unknown", "undetermined", "|||", "xxx"}
)
_several = re.compile(r"\s*(?:[/;,|&+]|\band\b)\s*")
_joined_codes = re.compile(r"[a-z]{6,}")

_MAX_LENGTH = 1_000  # characters; longer text is not a list of languages


class CleanedLanguage(NamedTuple):
    """A BCP 47 tag or None, and the code of its warning, if any."""

    value: str | None
    warning: str | None


@lru_cache(maxsize=1 << 14)
def parse_language(raw: str) -> CleanedLanguage:
    """Return the tag of the first language in a text.

    Replacing another code of the same language gives no warning.
    """
    text = raw.strip(" .,;[]()\t\r\n")
    if len(text) > _MAX_LENGTH:
        return CleanedLanguage(None, "language_unknown")
    if text.lower() in _NO_LANGUAGE:
        return CleanedLanguage(None, None)
    tag = _tag(text)
    if tag:
        return CleanedLanguage(tag, None)
    parts = [part for part in _several.split(text) if part]
    if len(parts) == 1 and _joined_codes.fullmatch(text) and len(text) % 3 == 0:  # "freengger", as in older MARC
        parts = [text[start : start + 3] for start in range(0, len(text), 3)]
        if parts[0] not in TWO_LETTERS:
            parts = []
    if len(parts) > 1:
        first = next((tag for part in parts if (tag := _tag(part))), None)
        return CleanedLanguage(first, "language_reduced" if first else "language_unknown")
    return CleanedLanguage(None, "language_unknown")


def _tag(text: str) -> str | None:
    word = text.lower()
    if word in _names:
        return _names[word]
    primary, mark, rest = text.replace("_", "-").partition("-")
    primary = TWO_LETTERS.get(primary.lower(), primary)
    try:
        return language.normalize(primary + mark + rest) if len(text) <= 100 else None
    except SchemaError:
        return None
