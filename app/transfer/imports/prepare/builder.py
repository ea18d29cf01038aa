"""The record in preparation: its values, warnings, and reasons to reject it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from app.core.fields import Faults, Field, Identifiers
from app.transfer.imports.cleaning import texts
from app.transfer.records import DIGEST, PreparedContributor, RecordWarning, RejectReason
from app.values.text import showable

MAX_EXCERPT = 200  # characters of a value in a warning or reason

_digest = re.compile("[0-9a-f]{32}")


class RecordBuilder:
    """Collects the values, warnings and reject reasons of a record."""

    __slots__ = ("contributors", "fields", "identifiers", "is_no_person", "reasons", "values", "warnings")

    def __init__(self, fields: dict[str, Field]) -> None:
        self.fields = fields
        self.values: dict[str, Any] = {}
        self.identifiers: dict[str, list[Any]] = {}
        self.contributors: list[PreparedContributor] = []
        self.warnings: list[RecordWarning] = []
        self.reasons: list[RejectReason] = []
        self.is_no_person = False  # whether an author is called "Anonymous" or the like

    def warn(self, code: str, field: str, original: Any, *, keep: bool = False, result: str = "") -> None:
        """Add a warning; with `keep`, also keep the original in `identifiers`. `result`: the stored value, if short."""
        text = original if isinstance(original, str) else repr(original)
        self.warnings.append(RecordWarning(code, field, excerpt(text), result))
        if keep:
            kept = " ".join(showable(texts.clean_text(text)[0], MAX_EXCERPT).split())
            if kept:
                self.add_identifier(f"original.{field}", kept)

    def reject(self, field: str, value: Any, detail: str) -> None:
        """Add a reason to reject the record."""
        text = value if isinstance(value, str) else "" if value is None else repr(value)
        self.reasons.append(RejectReason(field, showable(text, MAX_EXCERPT), str(detail)))

    def add_identifier(self, scheme: str, value: Any) -> None:
        """Add an identifier, unless the record has it already."""
        values = self.identifiers.setdefault(scheme, [])
        if value not in values:
            values.append(value)

    def validate(self, field: Field, value: Any, raw: Any = None) -> Any:
        """Return the value in stored form; faults reject the record."""
        faults = Faults()
        validated = field.type.read(value, f"/{field.name}", faults)
        for fault in faults:
            self.reject(fault.name[1:], value if raw is None else raw, fault.detail)
        return validated if not faults else field.type.empty

    def clean_line(self, field: str, raw: str) -> str:
        """Return a clean line, with a warning for each change; "" if nothing is visible."""
        text = self._clean(field, raw)
        if texts.has_repeated_spaces(text):
            self.warn("spaces", field, raw)
            text = " ".join(text.split())
        return text if texts.is_visible(text) else ""

    def clean_paragraphs(self, field: str, raw: str) -> str:
        """Return clean text of several lines, with a warning for each change."""
        text = self._clean(field, raw)
        return text if texts.is_visible(text) else ""

    def _clean(self, field: str, raw: str) -> str:
        text, codes = texts.clean_text(raw)
        for code in codes:
            self.warn(code, field, raw)
        return text

    def finish(self, *, adds: bool) -> None:
        """Validate the identifiers, and check for required fields."""
        if self.identifiers:
            if len(self.identifiers) > Identifiers.MOST or not all(map(_are_stored_form, self.identifiers.items())):
                self.identifiers = self.validate(self.fields["identifiers"], self.identifiers)
            self.values["identifiers"] = self.identifiers
        if adds:
            return
        for field in self.fields.values():
            if field.required and field.name not in self.values and not self._is_rejected(field.name):
                self.reject(field.name, None, f"{field.name} is required, but missing.")

    def _is_rejected(self, field: str) -> bool:
        return any(reason.field == field for reason in self.reasons)

    @property
    def exported_digest(self) -> str:
        """The digest of the record in the exported catalog; "" if it had none."""
        return next((value for value in self.identifiers.get(DIGEST, ()) if _digest.fullmatch(value)), "")


def excerpt(text: str) -> str:
    """Return the beginning of a value in printable form."""
    return text if len(text) <= MAX_EXCERPT and text.isprintable() else showable(text, MAX_EXCERPT)


def _are_stored_form(item: tuple[str, list[Any]]) -> bool:
    """Return whether a scheme and its values are certainly in stored form (a quick test)."""
    scheme, values = item
    if len(values) > Identifiers.MOST or not _is_scheme(scheme):
        return False
    for value in values:
        if type(value) is not str or len(value) > Identifiers.value.longest:
            return False
        if not (value.isalnum() and value.isascii()) and not texts.is_clean_line(value):
            return False
    return True


@lru_cache(maxsize=1 << 10)
def _is_scheme(scheme: str) -> bool:
    return Identifiers.SCHEME.fullmatch(scheme) is not None
