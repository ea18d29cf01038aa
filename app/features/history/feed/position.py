"""Positions that clients send, and the problems with them."""

from __future__ import annotations

import re

from app.core.resource import Resource
from app.features.history.positions import last_position
from app.features.history.tables import CATALOG_RESOURCES
from app.http.problems import BadRequest, Fault, InvalidQuery, PositionExpired, Problem
from app.http.responses import Header

from .read import PositionAhead, PositionPruned

CHANGE_POSITION = "X-Change-Position"
CONTINUE = f"meta.last of a page, or the header {CHANGE_POSITION} of an export"
# More digits than bigint has, so that a larger number is reported as above the last position.
_plain = re.compile(r"0|[1-9][0-9]{0,30}", re.ASCII)


def parse_position(text: str) -> int | None:
    """Return the position in plain decimal digits, None if it is not one."""
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
        f"catalog again, and continue from the header {CHANGE_POSITION} of the export."
    )
    return PositionExpired.from_fault(Fault(where, name, "out_of_range", detail))


def position_header(resource: Resource) -> list[Header]:
    """Return the position to continue from after a snapshot that is opened later.

    Every change up to it is in the snapshot. Later changes may be in it as well, and then come once more.
    """
    return [(CHANGE_POSITION, str(last_position()))] if resource.name in CATALOG_RESOURCES else []
