"""Parses the query of the feed: a position, a limit, and filters."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.fields import Choice, Filter
from app.core.parameters import LIMIT_MOST
from app.core.query.pairs import Pairs
from app.core.query.reader import ParameterReader
from app.features.history.tables import CATALOG_RESOURCES, OPS
from app.http.problems import unknown_name
from app.values.error_detail import reject

from .position import CONTINUE, parse_position

NOW = "now"  # a value of `since`: the last position


class Name(Choice):
    """One of a few words. An error names the nearest one."""

    def __init__(self, noun: str, *words: str) -> None:
        super().__init__(*words)
        self.noun = noun

    def parse(self, value: str, operator: str) -> str:
        if value not in self.words:
            reject("not_allowed", unknown_name(value, self.words, self.noun))
        return value


FILTERS = {
    "resource": Filter("resource", Name("resource", *CATALOG_RESOURCES), ("eq", "in"), "The resource", "books"),
    "op": Filter("op", Name("op", *OPS), ("eq", "in"), "What happened to the record", "deleted"),
}


@dataclass(frozen=True)
class FeedQuery:
    """The parsed query string of the feed."""

    since: int | None  # None: now
    limit: int
    resources: tuple[str, ...]
    ops: tuple[str, ...]  # empty: all
    sent: tuple[tuple[str, str], ...]  # all parameters, sorted


def parse_feed(pairs: Pairs) -> FeedQuery:
    """Return the query of the feed, which begins with the first change by default.

    Raises `InvalidQuery` with every fault.
    """
    reader = ParameterReader(sorted(pairs))
    text = reader.single("since")
    since = None if text == NOW else parse_position("0" if text is None else text)
    if since is None and text != NOW:
        detail = f"since must be a position, an integer such as {CONTINUE}; 0 for all changes; or {NOW}."
        reader.add_fault("since", "invalid", detail)
    limit = reader.integer("limit", 1, LIMIT_MOST)
    conditions = {condition.name: condition.values for condition in reader.conditions(FILTERS)}
    reader.refuse_rest(("since", "limit"), FILTERS)
    reader.raise_faults()
    resources = conditions.get("resource", CATALOG_RESOURCES)
    return FeedQuery(since, limit or LIMIT_MOST, resources, conditions.get("op", ()), tuple(reader.pairs))
