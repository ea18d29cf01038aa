"""Project Gutenberg's catalogue as two files that `flask --app wsgi catalog import` takes.

::

    python -m benchmarks.gutenberg FOLDER TARGET
    flask --app wsgi catalog import TARGET/authors.csv
    flask --app wsgi catalog import TARGET/books.csv

FOLDER holds books.csv.gz (a row per book *and author*), authors.csv.gz and subjects.csv.gz. Names stay as the
catalogue files them ("Twain, Mark"). The loader links authors by name alone, so people who share a name are told apart
by their years, as libraries do it ("Adam, Paul, 1849-1931"). What else had to be mended is counted.
"""

from __future__ import annotations

import csv
import gzip
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from .database import flask
from .report import clock

Row = dict[str, str]

NO_PERSON = frozenset({"Anonymous", "Unknown", "Various"})
AUTHOR_COLUMNS = ("name", "sort_name", "alternate_names", "birth_date", "death_date", "identifiers")
BOOK_COLUMNS = ("title", "language", "subjects", "identifiers", "authors")

_c1_control = re.compile("[\x80-\x84\x86-\x9f]")  # U+0085 is a line break, thus white space


def convert(source: Path, target: Path) -> Counter[str]:
    """Write `target`/authors.csv and `target`/books.csv; returns how often each thing was mended, and the rows."""
    counts: Counter[str] = Counter()
    people = {row["gutenberg_author_id"]: row for row in _rows(source / "authors.csv.gz")}
    names = _names(people, counts)
    authors = (_author(people[key], name, counts) for key, name in names.items())
    counts["authors"] = _write(target / "authors.csv", AUTHOR_COLUMNS, authors)
    books = _books(source, names, people, counts)
    counts["books"] = _write(target / "books.csv", BOOK_COLUMNS, books)
    return counts


def load(source: Path, target: Path, environment: Mapping[str, str]) -> None:
    """Convert the catalogue in `source` by way of `target`, and load it into the database of `environment`."""
    with clock("convert"):
        counts = convert(source, target)
    print_counts(counts)
    with clock("load authors"):
        flask(environment, "catalog", "import", str(target / "authors.csv"))
    with clock("load books"):
        flask(environment, "catalog", "import", str(target / "books.csv"))


def _rows(path: Path) -> Iterator[Row]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream, strict=True)


def _write(path: Path, columns: tuple[str, ...], rows: Iterator[Row]) -> int:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        return sum(1 for row in rows if writer.writerow(row))


def _names(people: dict[str, Row], counts: Counter[str]) -> dict[str, str]:
    """The name of each person by id, no two alike as the service stores them."""
    names = {
        key: _name(person["author"], counts) for key, person in people.items() if person["author"] not in NO_PERSON
    }
    for tell_apart, mend in ((_with_years, "homonym told apart by years"), (_with_id, "homonym told apart by id")):
        bearers = Counter(names.values())
        for key, name in names.items():
            if bearers[name] > 1:
                names[key] = tell_apart(name, people[key])
                counts[mend] += names[key] != name
    return names


def _name(text: str, counts: Counter[str]) -> str:
    """A name that the loader takes neither for several names nor for one with a role."""
    name = _line(text, counts).translate(str.maketrans("[];", "(),"))
    counts["brackets or semicolon in a name"] += any(mark in text for mark in "[];")
    return name


def _line(text: str, counts: Counter[str]) -> str:
    """Text as the service stores it, so that what is alike there is alike here."""
    mended = _text(text, counts)
    line = " ".join(unicodedata.normalize("NFC", mended).split())
    counts["name not in NFC, or with stray white space"] += line != mended
    return line


def _with_years(name: str, person: Row) -> str:
    years = [f"{year[1:]} BC" if year.startswith("-") else year for year in (person["birthdate"], person["deathdate"])]
    return f"{name}, {'-'.join(years)}" if any(years) else name


def _with_id(name: str, person: Row) -> str:
    return f"{name} (Gutenberg author {person['gutenberg_author_id']})"


def _author(person: Row, name: str, counts: Counter[str]) -> Row:
    aliases = dict.fromkeys(_line(alias, counts).replace(";", ",") for alias in person["aliases"].split("/"))
    return {
        "name": name,
        "sort_name": name,
        "alternate_names": ";".join(alias for alias in aliases if alias not in ("", name)),
        "birth_date": _year(person["birthdate"], counts),
        "death_date": _year(person["deathdate"], counts),
        "identifiers": f"gutenberg:{person['gutenberg_author_id']}",
    }


def _year(text: str, counts: Counter[str]) -> str:
    """The year in four digits, after a minus if it is BC."""
    if not text:
        return ""
    year = int(text)
    counts["year BC written in four digits"] += year < 0
    counts["year AD written in four digits"] += 0 <= year < 1000
    return f"{year:05}" if year < 0 else f"{year:04}"


def _books(source: Path, names: dict[str, str], people: dict[str, Row], counts: Counter[str]) -> Iterator[Row]:
    subjects: dict[str, list[str]] = {}
    for row in _rows(source / "subjects.csv.gz"):
        if row["subject_type"] == "lcsh":
            subjects.setdefault(row["gutenberg_id"], []).append(row["subject"])
    rows: dict[str, list[Row]] = {}
    for row in _rows(source / "books.csv.gz"):
        counts["rows"] += 1
        rows.setdefault(row["gutenberg_id"], []).append(row)
    for key, of_book in rows.items():
        book, authors = of_book[0], []
        for row in of_book:
            author_id = row["gutenberg_author_id"]
            if author_id in names:
                authors.append(names[author_id])
                counts["author named otherwise than among the authors"] += row["author"] != people[author_id]["author"]
            else:
                counts["no person: " + (row["author"] or "(no author)")] += 1
        counts["book of several rows"] += len(of_book) > 1
        language, *further = book["language"].split("/")
        counts["first of several languages kept"] += bool(further)
        yield {
            "title": _title(book["title"], counts),
            "language": language,
            "subjects": ";".join(subjects.get(key, ())),
            "identifiers": f"gutenberg:{key}",
            "authors": ";".join(authors),
        }


def _title(text: str, counts: Counter[str]) -> str:
    """The title; the service itself makes one line of several."""
    counts["title of several lines (joined by the service)"] += "\n" in text
    counts["no title"] += not text.strip()
    return _text(text, counts) if text.strip() else "[Untitled]"


def _text(text: str, counts: Counter[str]) -> str:
    """Text whose C1 control characters are read as what they were before: Windows-1252."""
    mended = _c1_control.sub(lambda found: found[0].encode("latin-1").decode("cp1252", "replace"), text)
    counts["C1 control character read as Windows-1252"] += mended != text
    return mended


def main() -> None:
    """Convert FOLDER into TARGET, and print the counts."""
    if len(sys.argv) != 3:
        sys.exit("usage: python -m benchmarks.gutenberg FOLDER TARGET")
    source, target = map(Path, sys.argv[1:])
    target.mkdir(parents=True, exist_ok=True)
    print_counts(convert(source, target))


def print_counts(counts: Counter[str]) -> None:
    """What was read, mended and written, the most frequent first."""
    for what, count in counts.most_common():
        print(f"{count:10,}  {what}")


if __name__ == "__main__":
    main()
