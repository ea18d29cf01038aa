"""The matrix of routes and clients as a table of `docs/access.md`.

``python -m tests.contract.access.matrix`` writes it there.
"""

from __future__ import annotations

import re

from tests import ROOT

from .rules import AUTO, AUTO_WITHOUT_ADMIN, EDITOR, LET_IN, NONE, READER, ROUTES, expected

DOCUMENT = ROOT / "docs/access.md"
SECTION = "All routes"

# The columns: a heading, and the caller and the setting that each of its cells holds for. Callers with a token get the
# same under every setting.
COLUMNS = (
    ("no token, `none`", (("anonymous", NONE),)),
    ("no token, `reader`", (("anonymous", READER), ("anonymous", AUTO))),
    ("no token, `editor`", (("anonymous", EDITOR), ("anonymous", AUTO_WITHOUT_ADMIN))),
    (
        "invalid token",
        tuple((caller, NONE) for caller in ("wrong token", "expired token", "revoked token", "disabled account")),
    ),
    ("reader", (("reader", NONE),)),
    ("editor", (("editor", NONE), ("session cookie", NONE))),
    ("admin", (("admin", NONE),)),
    ("key without the scope", (("key without the scope", NONE),)),
    ("key with the scope", (("key with all scopes", NONE),)),
)
YES = "yes"


def matrix() -> list[list[str]]:
    """Return the rows of the table: a route, and a cell for each column."""
    return [[f"`{route}`", *(_cell(route, cases) for _, cases in COLUMNS)] for route in ROUTES]


def table() -> str:
    """Return the whole table in Markdown."""
    head = ["request", *(heading for heading, _ in COLUMNS)]
    lines = [head, ["---"] * len(head), *matrix()]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines).replace("| --- ", "|---")


def _cell(route: str, cases: tuple[tuple[str, str], ...]) -> str:
    (status,) = {expected(route, caller, setting) for caller, setting in cases}
    return YES if status == LET_IN else str(status)


if __name__ == "__main__":
    text = DOCUMENT.read_text("utf-8")
    written, replaced = re.subn(r"^\| request \|.*?\n(?!\|)", lambda _: table(), text, count=1, flags=re.M | re.S)
    assert replaced, f"{DOCUMENT} has no table that begins with the column `request`"
    DOCUMENT.write_text(written, "utf-8")
