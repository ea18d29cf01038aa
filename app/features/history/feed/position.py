"""Positions that clients send, and the problems with them."""

from __future__ import annotations

import re

from app.http.problems import BadRequest, Fault, InvalidQuery, PositionExpired, Problem

from .read import PositionAhead, PositionPruned

CONTINUE = "meta.last of a page, or the header X-Change-Position of an export"
# More digits than any position has, so that a number beyond bigint is one that was never given.
_plain = re.compile(r"0|[1-9][0-9]{0,30}", re.ASCII)


def parse_position(text: str) -> int | None:
    """Return the position in plain decimal digits, None if it is damaged."""
    return int(text) if _plain.fullmatch(text) else None


def position_problem(error: PositionAhead | PositionPruned, where: str, name: str) -> Problem:
    """Return the problem with the position in a parameter or header. `where` is "query" or "header"."""
    if isinstance(error, PositionAhead):
        detail = (
            f"{name} must be at most {error.last}, the last position. Continue from {CONTINUE}; "
            "if the catalog was restored from a backup, export it again."
        )
        kind = InvalidQuery if where == "query" else BadRequest
        return kind.from_fault(Fault(where, name, "out_of_range", detail))
    detail = (
        f"{name} must be at least {error.pruned}: the changes up to this position are no longer kept. Export the "
        "catalog again, and continue from the header X-Change-Position of the export."
    )
    return PositionExpired.from_fault(Fault(where, name, "out_of_range", detail))
