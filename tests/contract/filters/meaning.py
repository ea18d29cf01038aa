"""The meaning of each filter, in plain Python on representations."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time

from flask.testing import FlaskClient

from tests.support.catalogs.varied import Row, VariedCatalog, date_key, fold, identity

# A condition: the name of a filter, an operator or "", and a value for each occurrence of the parameter.
Condition = tuple[str, str, tuple[str, ...]]

TEXTS = {"title", "subtitle", "publisher", "language", "series", "name", "sort_name"}

DATES = {"published", "birth_date", "death_date"}

NUMBERS = {"id", "page_count", "series_position"}

MOMENTS = {"created_at", "updated_at"}

OF_CONTRIBUTION = {"author_id", "author", "role"}


class FilteredCatalog(VariedCatalog):
    """A catalog whose records can be filtered twice: by the service, and by the contract."""

    def __init__(self, client: FlaskClient) -> None:
        super().__init__(client)
        self.names = {author["id"]: [author["name"], *author["alternate_names"]] for author in self.rows["authors"]}

    def matching(self, path: str, conditions: list[Condition]) -> list[int]:
        """The ids of the rows that the service returns."""
        sent = [
            (f"{name}[{operator}]" if operator else name, value)
            for name, operator, values in conditions
            for value in values
        ]
        response = self.client.get(f"/{path}", query_string=[*sent, ("limit", "100"), ("fields", "id")])
        assert response.status_code == 200, f"{sent}: {response.text}"
        return [row["id"] for row in response.json["data"]]

    def expected(self, resource: str, conditions: list[Condition]) -> list[int]:
        """The ids of the rows that meet the conditions as the contract describes them."""
        of_row = [condition for condition in conditions if condition[0] not in OF_CONTRIBUTION]
        of_contribution = [condition for condition in conditions if condition[0] in OF_CONTRIBUTION]
        return [
            row["id"]
            for row in self.rows[resource]
            if all(meets(row, *condition) for condition in of_row) and self.contributed(row, of_contribution)
        ]

    def contributed(self, book: Row, conditions: list[Condition]) -> bool:
        """Whether a single contribution to a book meets all conditions."""
        if not conditions:
            return True
        contributions = book["authors"]
        others = []
        for name, operator, values in conditions:
            if operator == "null":
                if (not contributions) != (values[0] == "true"):
                    return False
            else:
                others.append((name, operator, values))
        if all(operator == "ne" for _, operator, _ in others):
            return not any(
                self.credits(contribution, name, "", values)
                for contribution in contributions
                for name, _, values in others
            )
        return any(
            all(
                self.credits(contribution, name, "", values) is False
                if operator == "ne"
                else self.credits(contribution, name, operator, values)
                for name, operator, values in others
            )
            for contribution in contributions
        )

    def credits(self, contribution: Row, name: str, operator: str, values: tuple[str, ...]) -> bool:
        """Whether a contribution meets one condition."""
        if name == "author_id":
            return meets({"id": contribution["id"]}, "id", operator, values)
        if name == "role":
            return contribution["role"] in alternatives(operator, values)
        names = [known for known in (*self.names[contribution["id"]], contribution["credited_as"]) if known]
        folded = fold if operator in ("contains", "starts") else identity
        return any(
            like(folded(known), operator, folded(value)) for known in names for value in alternatives(operator, values)
        )


def alternatives(operator: str, values: tuple[str, ...]) -> list[str]:
    """The values that match.

    Commas separate the values of a single `in`, but not those of a repeated parameter.
    """
    if operator == "in" and len(values) == 1:
        return [value.strip().replace("\\,", ",") for value in re.split(r"(?<!\\),", values[0])]
    return [value if operator in ("contains", "starts") else " ".join(value.split()) for value in values]


def like(text: str, operator: str, value: str) -> bool:
    return {"contains": value in text, "starts": text.startswith(value)}.get(operator, text == value)


def meets(row: Row, name: str, operator: str, values: tuple[str, ...]) -> bool:
    """Whether a row meets a condition on one of its own fields."""
    stored = row["identifiers" if name == "identifier" else name]
    if operator == "null":
        return (stored is None or stored == []) == (values[0] == "true")
    if operator == "ne":
        return not meets(row, name, "", values)
    wanted = alternatives(operator, values)
    if name == "subjects":
        return (
            all(value in stored for value in wanted) if operator == "has" else any(value in stored for value in wanted)
        )
    if name == "identifier":
        pairs = [value.split(":", 1) for value in wanted]
        return any(
            (plain_isbn(value) if scheme == "isbn" else value) in stored.get(scheme, []) for scheme, value in pairs
        )
    if name == "name" and operator in ("contains", "starts"):
        return any(like(fold(known), operator, fold(values[0])) for known in (stored, *row["alternate_names"]))
    if stored is None:
        return False
    if name in TEXTS:
        if operator in ("contains", "starts"):
            return like(fold(stored), operator, fold(values[0]))
        return stored.lower() in [value.lower() for value in wanted] if name == "language" else stored in wanted
    if name == "isbn":
        return stored in [plain_isbn(value) for value in wanted]
    if name in DATES:
        if operator in ("", "in"):
            return any(within(stored, value) for value in wanted)
        key, first, last = date_key(stored), date_key(wanted[0]), last_of(wanted[0])
        return {"lt": key < first, "lte": key <= last, "gt": key > last, "gte": key >= first}[operator]
    if name in MOMENTS:
        value, spans = datetime.fromisoformat(stored), [span(text) for text in wanted]
        if operator in ("", "in"):
            return any(first <= value <= last for first, last in spans)
        first, last = spans[0]
        return {"lt": value < first, "lte": value <= last, "gt": value > last, "gte": value >= first}[operator]
    read = float if name == "series_position" else int
    value, others = stored, [read(text) for text in wanted]
    if operator in ("", "in"):
        return value in others
    return {"lt": value < others[0], "lte": value <= others[0], "gt": value > others[0], "gte": value >= others[0]}[
        operator
    ]


def within(stored: str, period: str) -> bool:
    """Whether a partial date lies within the period of another one."""
    return stored == period or stored.startswith(f"{period}-")


def last_of(partial: str) -> tuple[int, int, int]:
    """The last day of a period, or one after it."""
    year, month, day = date_key(partial)
    return (year, 0, 0) if year < 0 else (year, month or 12, day or 31)


def span(text: str) -> tuple[datetime, datetime]:
    """The first and the last moment of a timestamp, or of a day in UTC."""
    read = datetime.fromisoformat(text)
    if read.tzinfo:
        return read, read
    return read.replace(tzinfo=UTC), datetime.combine(read, time.max, UTC)


def plain_isbn(text: str) -> str:
    """The 13 digits of a valid ISBN."""
    digits = text.replace("-", "").replace(" ", "")
    if len(digits) == 13:
        return digits
    first = "978" + digits[:9]
    return first + str(-sum(int(digit) * (1, 3)[index % 2] for index, digit in enumerate(first)) % 10)
