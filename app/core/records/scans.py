"""Refuses filters that would look through every record of a large catalog.

`contains` uses an index of trigrams: runs of three characters, where a word begins with two spaces and ends with one.
A shorter value has none, so each record would be folded and compared.
"""

from __future__ import annotations

import re
import unicodedata

from flask import current_app

from app.core.fields import Line
from app.core.query.query import Condition, Query
from app.core.resource import Resource
from app.http.problems import Fault, InvalidQuery
from extensions.database import Statement, fetch

SHORTEST = 3  # letters or digits in a row
EQUALITY = ("eq", "in")
FEW_RECORDS = ("id", "author_id", "isbn", "identifier")  # filters whose equality leaves few records to look through

_word = re.compile(r"[^\W_]+")
# In these scripts a character or two may be a word: Han, kana, bopomofo, Hangul.
_word_characters = re.compile("[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_estimate = Statement("SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = to_regclass(%(table)s)")


def refuse_scans(resource: Resource, query: Query) -> None:
    """Raise `InvalidQuery` if a `contains` of the query is too short for a catalog of this size.

    It is allowed up to CONTAINS_SCAN_MAX_ROWS records, as the planner estimates them, beside a filter that leaves few
    records, and among the records of one account.
    """
    if resource.owner:
        return
    short = [condition for condition in query.conditions if _is_too_short(resource, condition)]
    if not short or any(each.name in FEW_RECORDS and each.operator in EQUALITY for each in query.conditions):
        return
    [[records]] = fetch(_estimate, {"table": resource.table.name})
    if records <= current_app.config["CONTAINS_SCAN_MAX_ROWS"]:
        return
    faults = [
        Fault(
            "query",
            f"{condition.name}[contains]",
            "too_short",
            f"{condition.name}[contains] needs at least {SHORTEST} letters or digits in a row, "
            f"because the catalog is large. Use more letters, or {condition.name}[starts].",
        )
        for condition in short
    ]
    raise InvalidQuery.from_faults(faults)


def has_trigram(value: str) -> bool:
    """Whether the index finds texts that contain a value, whatever stands before and after it."""
    folded = "".join(letter for letter in unicodedata.normalize("NFKD", value) if not unicodedata.combining(letter))
    return any(
        len(run[0]) + 2 * (run.start() > 0) + (run.end() < len(folded)) >= SHORTEST for run in _word.finditer(folded)
    )


def _is_too_short(resource: Resource, condition: Condition) -> bool:
    if condition.operator != "contains" or not isinstance(resource.filters[condition.name].type, Line):
        return False
    value = condition.values[0]
    return not has_trigram(value) and not _word_characters.search(value)
