"""The body of a category's whole order."""

from __future__ import annotations

from typing import Any, ClassVar

from app.core.fields import Faults, Field, FieldType, Id, items_of
from app.features.favorites.models import FAVORITES_MOST
from app.values.json_value import Json


class FavoriteIds(FieldType):
    """The ids of favorites, in an order. The same id twice is an error."""

    operators = ()
    empty: ClassVar[Json] = None
    id = Id()

    def read(self, value: Json, pointer: str, faults: Faults) -> list[int]:
        ids: list[int] = []
        first_index: dict[int, int] = {}
        for index, item_pointer, item in items_of(value, FAVORITES_MOST, pointer, faults):
            before = len(faults)
            favorite_id = self.id.read(item, item_pointer, faults)
            if len(faults) > before:
                continue
            assert isinstance(favorite_id, int)
            if favorite_id in first_index:
                detail = f"The item at index {first_index[favorite_id]} is the same. Remove one of them."
                faults.add(item_pointer, "duplicate", detail)
            first_index.setdefault(favorite_id, index)
            ids.append(favorite_id)
        return ids

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        items = self.id.json_schema(sent=sent)
        return {"type": "array", "maxItems": FAVORITES_MOST, "uniqueItems": True, "items": items}


ORDER = {
    "favorites": Field(
        FavoriteIds(), "The ids of all favorites in the category, in their new order", [3, 1, 2], True, name="favorites"
    )
}
