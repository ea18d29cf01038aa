"""Sentences about unknown names, with the nearest allowed one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from app.values.text import showable

SIMILARITY = 0.6  # of a name to the nearest one, from 0 to 1
LONGEST_GUESSED = 40  # characters of an unknown name that the nearest allowed one is looked for


def unknown_name(name: str, allowed: Iterable[str], noun: str, owner: str = "", likely: str = "") -> str:
    """Return the sentence about an unknown name, with the allowed names, nearest first.

    The nearest one is looked for only if the name is short, because the time grows with its length.
    `owner` is the parameter that an operator belongs to; `likely` is a name that is meant by this one.
    """
    names = sorted(allowed)
    near = get_close_matches(name, names, n=1, cutoff=SIMILARITY) if len(name) <= LONGEST_GUESSED else []
    near = [likely] if likely in names else near
    nearest = f" Did you mean {near[0]}?" if near else ""
    unknown = f"There is no {noun} {showable(name)!r}" + (f" for {owner}" if owner else "")
    return f"{unknown}.{nearest} Allowed: {', '.join(names)}." if names else f"{unknown}; leave it out."
