"""Sample favorites of an account: two categories, with books of the sample catalog."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.books.models import Book

from .attributes.definitions import Definitions
from .models import Category, Favorite

MOOD: dict[str, Any] = {"key": "mood", "label": "Mood", "type": "enum", "values": ["hopeful", "funny", "dark"]}
READ_ON: dict[str, Any] = {"key": "read_on", "label": "Read on", "type": "date"}

# Category, its attributes, and its favorites by rank: title and attributes.
SAMPLE: tuple[tuple[str, list[dict[str, Any]], tuple[tuple[str, dict[str, Any]], ...]], ...] = (
    (
        "Classics",
        [MOOD, READ_ON],
        (
            ("Don Quixote", {"mood": "funny", "read_on": "2021-08"}),
            ("The Odyssey", {"mood": "hopeful", "read_on": "2023"}),
            ("The Tale of Genji", {"mood": "dark"}),
            ("Meditations", {"mood": "hopeful", "read_on": "2024-02-11"}),
            ("A novel that I could not find again", {"read_on": "2009"}),
        ),
    ),
    ("To read", [], (("The Pillow Book", {}), ("The Arabian Nights", {}))),
)


def add_sample(session: Session, account_id: int) -> int:
    """Add the sample favorites of an account; return their number, 0 if it has categories already.

    A favorite is a book of the catalog if one has its title.
    """
    if session.scalar(select(func.count()).select_from(Category).where(Category.account_id == account_id)):
        return 0
    added = 0
    for name, attributes, favorites in SAMPLE:
        definitions = Definitions().received_example(attributes)
        category = Category(account_id=account_id, name=name, attributes=definitions)
        session.add(category)
        session.flush()
        for ranking, (title, values) in enumerate(favorites, 1):
            book_id = session.scalar(select(func.min(Book.id)).where(Book.title == title))
            place = {"account_id": account_id, "category_id": category.id, "ranking": ranking}
            session.add(Favorite(**place, title=title, book_id=book_id, attributes=values))
            added += 1
    return added
