"""What an author takes over from another one who is the same person."""

from __future__ import annotations

from app.merging import Record, united

from .schemas import AUTHORS


def unite(survivor: Record, old: Record) -> Record:
    """As `merging.united`; the other's names become alternate names."""
    names = [old["name"], *old["alternate_names"]]
    others = [name for name in names if name != survivor["name"]]
    return united(AUTHORS, survivor, {**old, "alternate_names": others})
