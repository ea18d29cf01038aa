"""A record that is being made: its values, and what was found to be wrong or was mended."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from app.fields import Field
from app.transfer.mending import texts
from app.transfer.records import DIGEST, Contributor, Flaw, Mend
from app.values.text import showable
from app.vocabulary import Faults, Identifiers

LONGEST_SHOWN = 200  # characters of a value that a warning or a flaw repeats

_digest = re.compile("[0-9a-f]{32}")


class Draft:
    """A record that is being made."""

    __slots__ = ("contributors", "fields", "flaws", "identifiers", "mends", "nobody", "values")

    def __init__(self, fields: dict[str, Field]) -> None:
        self.fields = fields
        self.values: dict[str, Any] = {}
        self.identifiers: dict[str, list[Any]] = {}
        self.contributors: list[Contributor] = []
        self.mends: list[Mend] = []
        self.flaws: list[Flaw] = []
        self.nobody = False

    def mend(self, kind: str, field: str, original: Any, *, keep: bool = False) -> None:
        """Note a warning; with `keep`, `identifiers` keep what stood there, too."""
        text = original if isinstance(original, str) else repr(original)
        self.mends.append(Mend(kind, field, shortened(text)))
        if keep:
            kept = " ".join(showable(texts.mended(text)[0], LONGEST_SHOWN).split())
            if kept:
                self.identify(f"original.{field}", kept)

    def identify(self, scheme: str, value: Any) -> None:
        values = self.identifiers.setdefault(scheme, [])
        if value not in values:
            values.append(value)

    def judge(self, field: Field, value: Any, raw: Any = None) -> Any:
        """The value by the field's own rule; what is wrong with it becomes flaws."""
        faults = Faults()
        read = field.kind.read(value, f"/{field.name}", faults)
        for fault in faults:
            self.flaw(fault.name[1:], value if raw is None else raw, fault.detail)
        return read if not faults else field.kind.empty

    def flaw(self, field: str, value: Any, reason: str) -> None:
        text = value if isinstance(value, str) else "" if value is None else repr(value)
        self.flaws.append(Flaw(field, showable(text, LONGEST_SHOWN), str(reason)))

    def text(self, field: str, raw: str, *, one_line: bool) -> str:
        """Text mended, each kind of mend noted; "" if nothing is left of it."""
        value, kinds = texts.mended(raw)
        for kind in kinds:
            self.mend(kind, field, raw)
        if one_line and texts.has_runs(value):
            self.mend("spaces", field, raw)
            value = " ".join(value.split())
        return value if texts.shows(value) else ""

    def finish(self, *, adds: bool) -> None:
        """What concerns the record as a whole: identifiers, and the fields that are required."""
        if self.identifiers:
            if len(self.identifiers) > Identifiers.MOST or not all(map(_plain_identifiers, self.identifiers.items())):
                self.identifiers = self.judge(self.fields["identifiers"], self.identifiers)
            self.values["identifiers"] = self.identifiers
        if adds:
            return
        for field in self.fields.values():
            if field.required and field.name not in self.values and not any(f.field == field.name for f in self.flaws):
                self.flaw(field.name, None, f"{field.name} is required, and there is none.")

    @property
    def digest(self) -> str:
        """The digest by which the record was known when it was exported; "" where it has none."""
        return next((value for value in self.identifiers.get(DIGEST, ()) if _digest.fullmatch(value)), "")


def shortened(text: str) -> str:
    """A value that a warning repeats, fit to be shown."""
    return text if len(text) <= LONGEST_SHOWN and text.isprintable() else showable(text, LONGEST_SHOWN)


def _plain_identifiers(item: tuple[str, list[Any]]) -> bool:
    """Whether a scheme and its values are in stored form, by a quick look; ISBNs have been read before."""
    scheme, values = item
    if len(values) > Identifiers.MOST or not _is_scheme(scheme):
        return False
    for value in values:
        if type(value) is not str or len(value) > Identifiers.value.longest:
            return False
        if not (value.isalnum() and value.isascii()) and not texts.is_clean(value):
            return False
    return True


@lru_cache(maxsize=1 << 10)
def _is_scheme(scheme: str) -> bool:
    return Identifiers.SCHEME.fullmatch(scheme) is not None
