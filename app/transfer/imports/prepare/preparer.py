"""The preparer of imports other than restores."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from app.transfer.imports.cleaning import texts
from app.transfer.records import RESOURCES, Outcome, Prepared, RawRecord, Rejected, Skipped, SourceKey

from .builder import RecordBuilder
from .contributors import usable_key
from .own_export import keep_exported
from .rules import rules_of


class Preparer:
    """Turns the raw records of one file into outcomes.

    Values that pass a quick test for the stored form are kept. All others are validated by their field type, like those
    of a request body, so the import stores nothing that the API would refuse.
    """

    def __init__(self, source: str, unique_schemes: Iterable[str] = ()) -> None:
        """`source` is part of the digests; identifiers of `unique_schemes` belong to one record each."""
        self._source = source.encode()
        self._unique_schemes = sorted(unique_schemes)

    def prepare(self, record: RawRecord) -> Outcome:
        """Return the outcome of a raw record. Raises no errors for invalid records."""
        rules = rules_of(RESOURCES[record.kind])
        max_lengths, by_name = rules.max_line_lengths, rules.by_name
        builder = RecordBuilder(rules.fields)
        values = builder.values
        for name, raw in record.fields.items():
            # The fast path of most values: a line of text in stored form.
            if name in max_lengths and type(raw) is str and len(raw) <= max_lengths[name] and texts.is_clean_line(raw):
                values[name] = raw
                continue
            if record.own_export and keep_exported(builder, name, raw):
                continue
            rule = by_name.get(name)
            if rule is None:
                builder.warn("unknown_member", name, raw)
            else:
                rule.prepare(builder, rule.field, raw)
        if builder.is_no_person:
            return Skipped(record.number, "no person", record.rows)
        key = record.key
        if key:
            key = usable_key(key) or key  # an unusable key is rejected together with the identifiers
            builder.add_identifier(key.scheme, key.value)
        builder.finish(adds=record.adds)
        if key is None and builder.identifiers and record.kind == "books":
            key = self._unique_key(builder.values["identifiers"])
        if builder.reasons:
            return Rejected(record.number, record.original, builder.reasons, record.rows)
        digest = ""
        if not key and not values.get("isbn"):
            digest = builder.exported_digest or self._digest(record.original)
        return Prepared(
            record.number,
            record.kind,
            values,
            record.original,
            key,
            digest,
            builder.contributors,
            builder.warnings,
            record.adds,
            {},
            record.rows,
            record.own_export,
        )

    def _unique_key(self, identifiers: dict[str, list[str]]) -> SourceKey | None:
        """Return an identifier that can match a record without a key."""
        return next(
            (SourceKey(scheme, identifiers[scheme][0]) for scheme in self._unique_schemes if identifiers.get(scheme)),
            None,
        )

    def _digest(self, original: Any) -> str:
        content = original if isinstance(original, bytes) else str(original).encode("utf-8", "surrogatepass")
        return blake2b(content, digest_size=16, key=self._source[:64]).hexdigest()
