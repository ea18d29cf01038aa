"""From a row to its outcome: every value mended, judged by the rule of its field, and put together.

A value that a quick look proves to be in stored form is taken as it stands; every other goes through the field's own
`Kind.read`, as a body of the API does. So nothing passes here that the API would refuse.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from app.transfer.mending import texts
from app.transfer.records import RESOURCES, Key, Outcome, Prepared, Rejected, Row, Skipped

from .draft import Draft
from .own import take_own
from .people import usable
from .restoring import Restoring
from .values import rules_of

__all__ = ["Preparing", "Restoring"]


class Preparing:
    """Makes outcomes of the rows of one file. `source` is the name under which records without any id are known;
    `sources` are schemes of identifiers of which each value is one record's.
    """

    def __init__(self, source: str, sources: Iterable[str] = ()) -> None:
        self.source, self.sources = source.encode(), sorted(sources)

    def __call__(self, row: Row) -> Outcome:
        """The outcome of a row. Raises nothing, whatever the row holds."""
        fields, lines, rules = rules_of(RESOURCES[row.kind])
        draft = Draft(fields)
        values = draft.values
        for name, raw in row.fields.items():
            # The way of nearly all values: a line of text that needs nothing.
            if name in lines and type(raw) is str and len(raw) <= lines[name] and texts.is_clean(raw):
                values[name] = raw
                continue
            if row.own and take_own(draft, name, raw):
                continue
            rule = rules.get(name)
            if rule is None:
                draft.mend("unknown_member", name, raw)
            else:
                rule[0](draft, rule[1], raw)
        if draft.nobody:
            return Skipped(row.place, "no person", row.rows)
        key = row.key
        if key:
            key = usable(key) or key  # what cannot be one is judged with the other identifiers
            draft.identify(key.scheme, key.value)
        draft.finish(adds=row.adds)
        if key is None and draft.identifiers and row.kind == "books":
            key = self._known_by(draft.values["identifiers"])
        if draft.flaws:
            return Rejected(row.place, row.original, draft.flaws, row.rows)
        digest = "" if key or draft.values.get("isbn") else draft.digest or self._digest(row.original)
        return Prepared(
            row.place,
            row.kind,
            draft.values,
            row.original,
            key,
            digest,
            draft.contributors,
            draft.mends,
            row.adds,
            {},
            row.rows,
            row.own,
        )

    def _known_by(self, identifiers: dict[str, list[str]]) -> Key | None:
        """The id by which a record of our own, or of somebody's table, is known that names no id of its row."""
        return next((Key(scheme, identifiers[scheme][0]) for scheme in self.sources if identifiers.get(scheme)), None)

    def _digest(self, original: Any) -> str:
        content = original if isinstance(original, bytes) else str(original).encode("utf-8", "surrogatepass")
        return blake2b(content, digest_size=16, key=self.source[:64]).hexdigest()
