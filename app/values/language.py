"""Language tags (BCP 47, RFC 5646): well-formed ones, in the letter case that section 2.1.1 recommends."""

from __future__ import annotations

import re
from functools import lru_cache

from .flaw import reject

# Primary languages of four letters are reserved and none of five to eight was ever registered; leaving them
# out makes "english" an error. Extended subtags, script, region, variants, extensions and private use follow.
PATTERN = (
    r"^[A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
    r"(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(-[0-9A-WYZa-wyz](-[A-Za-z0-9]{2,8})+)*(-[xX](-[A-Za-z0-9]{1,8})+)?$"
    r"|^[xX](-[A-Za-z0-9]{1,8})+$"
)

_tag = re.compile(PATTERN)


@lru_cache(maxsize=1000)
def normalize(value: str) -> str:
    """A language tag in canonical case (``PT-br`` becomes ``pt-BR``); refuses others with ``invalid_language``."""
    if not _tag.match(value) or value.endswith("\n"):
        reject("invalid_language", "A language is a BCP 47 tag such as en, pt-BR or zh-Hant.")
    subtags: list[str] = []
    after_singleton = False
    for subtag in value.lower().split("-"):
        if subtags and not after_singleton:
            if len(subtag) == 2:
                subtag = subtag.upper()
            elif len(subtag) == 4 and subtag.isalpha():
                subtag = subtag.title()
        after_singleton = after_singleton or len(subtag) == 1
        subtags.append(subtag)
    return "-".join(subtags)
