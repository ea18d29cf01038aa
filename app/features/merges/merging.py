"""The base of merging: computes the survivor's values from two records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from app.core.fields import Identifiers, Lines, fields_of
from app.core.resource import Resource
from app.http.problems import Conflict
from app.values.json_value import Json

MergedRow = dict[str, Any]  # a row of the table: its fields by name, as JSON


class Merging:
    """Merges records of one resource into a survivor, and undoes it."""

    resource: ClassVar[Resource]
    shows_moved: ClassVar[bool] = True  # whether the survivor's representation shows what was moved

    def unite(self, survivor: MergedRow, old: MergedRow) -> MergedRow:
        """Return the values that change in the survivor. Raises `Conflict`."""
        return united(self.resource, survivor, old)

    def lock(self, session: Session, survivor_id: int, old_ids: Sequence[int], moved: Sequence[Json]) -> set[int]:
        """Lock what must be locked before the records; return its ids.

        This is what refers to these records, and what was `moved`.
        """
        return set()

    def lock_rest(self, session: Session, old_ids: Sequence[int], locked: set[int]) -> bool:
        """Lock what came to refer to the old records before they were locked; return whether that was possible."""
        return True

    def move(self, session: Session, old_id: int, survivor_id: int, merged_at: str) -> Json:
        """Move the references to the old record, and return what `restore` needs."""
        raise NotImplementedError

    def restore(self, session: Session, old_id: int, survivor_id: int, merged_at: str, moved: Json) -> None:
        """Undo `move`, given what it returned. Raises `Conflict` if the references have changed since."""
        raise NotImplementedError

    def refuse(self, session: Session, old: MergedRow) -> None:
        """Raise `Conflict` if an old record can no longer be stored."""


def united(resource: Resource, survivor: MergedRow, old: MergedRow) -> MergedRow:
    """Return the changes to the survivor: values of `old` that it lacks.

    Lists and identifiers are united. Raises `Conflict` if a list gets too long.
    """
    changes: MergedRow = {}
    for name, field in fields_of(resource.model).items():
        mine, other = survivor[name], old[name]
        if field.read_only or not other:
            continue
        if isinstance(field.type, Lines):
            value: Any = distinct(resource, name, [*mine, *other], field.type.most)
        elif isinstance(field.type, Identifiers):
            most = field.type.MOST
            schemes = distinct(resource, name, [*mine, *other], most)
            value = {
                scheme: distinct(resource, f"{name}.{scheme}", [*mine.get(scheme, ()), *other.get(scheme, ())], most)
                for scheme in schemes
            }
        else:
            value = other if mine is None else mine
        if value != mine:
            changes[name] = value
    return changes


def distinct(resource: Resource, name: str, values: Sequence[str], most: int) -> list[str]:
    """Return the distinct values in order. Raises `Conflict` if there are more than `most`."""
    items = list(dict.fromkeys(values))
    if len(items) > most:
        raise Conflict(
            f"The merged {resource.noun} would have {len(items):,} {name}, but {most:,} are allowed. "
            f"Remove some before you merge.",
        )
    return items
