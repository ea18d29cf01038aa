"""Books from MARC 21 bibliographic records (loc.gov/marc/bibliographic)."""

from __future__ import annotations

import re
from typing import Any

from app.transfer.imports.cleaning import isbns, roles, titles
from app.transfer.records import RawContributor, RawOutcome, RawRecord, Rejected, RejectReason, Skipped, SourceKey

MARC_SOURCE = "marc"

# Reasons to skip a record, by its type (leader/06) and bibliographic level (leader/07);
# see loc.gov/marc/bibliographic/bdleader.html.
_OTHER_MATERIALS = {
    "c": "music",
    "d": "music",
    "e": "map",
    "f": "map",
    "g": "film or projection",
    "i": "sound recording",
    "j": "music",
    "k": "picture",
    "m": "computer file",
    "o": "kit",
    "p": "mixed materials",
    "r": "object",
}
_OTHER_LEVELS = {
    "b": "part of a serial",
    "i": "integrating resource",
    "s": "serial",
    "c": "collection",
    "a": "part of a book",
}
_OTHER_RECORDS = {"z": "authority record", "q": "community information", "w": "classification record"}


def book_of(number: int, record: Any, original: Any, source: str | None = None) -> RawOutcome:
    """Return the raw record of a bibliographic record; `Skipped` if it is not a book.

    Its id is the control number (001). The scheme is `source`, or else the organisation in 003.
    """
    leader = str(record.leader)
    kind, level = leader[6:7], leader[7:8]
    reason = _OTHER_RECORDS.get(kind) or _OTHER_MATERIALS.get(kind) or _OTHER_LEVELS.get(level)
    if reason:
        return Skipped(number, reason)
    if kind not in ("a", "t", " "):
        detail = f"The leader has the record type {kind!r}, which MARC 21 does not define."
        return Rejected(number, original, [RejectReason("", leader, detail)])
    fields: dict[str, Any] = {}
    identifiers: dict[str, list[str]] = {}
    _title(record, fields)
    _numbers(record, fields, identifiers)
    _imprint(record, fields)
    _series(record, fields)
    fields["language"] = _language(record)
    fields["page_count"] = next(iter(_values(record, "300", "a")), "") if _pages(record) else ""
    fields["description"] = "\n\n".join(_values(record, "520", "a"))
    fields["subjects"] = _subjects(record)
    fields["authors"] = _contributors(record)
    editions = [titles.strip_isbd(text) for text in _values(record, "250", "a")]
    if editions:
        identifiers["edition"] = editions
    fields["identifiers"] = identifiers
    control = _control(record, "001").strip()
    scheme = source or re.sub(r"[^a-z0-9_.-]", "", _control(record, "003").lower())[:50] or MARC_SOURCE
    key = SourceKey(scheme, control) if control else None
    return RawRecord(number, "books", {name: value for name, value in fields.items() if value}, original, key)


def _control(record: Any, tag: str) -> str:
    return next((field.data or "" for field in record.get_fields(tag)), "")


def _values(record: Any, tag: str, *codes: str) -> list[str]:
    return [value for field in record.get_fields(tag) for value in _parts(field, *codes) if value.strip()]


def _parts(field: Any, *codes: str) -> list[str]:
    return list(field.get_subfields(*codes)) if not field.control_field else []


def _title(record: Any, fields: dict[str, Any]) -> None:
    for field in record.get_fields("245"):
        title = titles.strip_isbd(" ".join(part.strip() for part in _parts(field, "a", "n", "p", "k")))
        subtitle = titles.strip_isbd(" ".join(part.strip() for part in _parts(field, "b")))
        # The cataloguer opened a bracket in the title and closed it in the subtitle.
        if title.startswith("[") and "]" not in title:
            title, subtitle = (
                title[1:],
                subtitle.replace("]", "", 1) if subtitle.count("]") > subtitle.count("[") else subtitle,
            )
        fields["title"], fields["subtitle"] = title, subtitle
        return


def _numbers(record: Any, fields: dict[str, Any], identifiers: dict[str, list[str]]) -> None:
    # 020$a may have only a qualifier, such as the binding, without a number.
    fields["isbn"] = [value for value in _values(record, "020", "a") if any(map(str.isdigit, value))]
    cancelled = [number for value in _values(record, "020", "z") for number in isbns.find_numbers(value)]
    for scheme, values in (
        ("isbn.cancelled", cancelled),
        ("lccn", [value.strip() for value in _values(record, "010", "a")]),
        (
            "oclc",
            [value.partition(")")[2].strip() for value in _values(record, "035", "a") if value.startswith("(OCoLC)")],
        ),
    ):
        distinct = list(dict.fromkeys(value for value in values if value))
        if distinct:
            identifiers[scheme] = distinct


def _imprint(record: Any, fields: dict[str, Any]) -> None:
    imprints = [field for field in record.get_fields("260", "264") if not field.control_field]
    # The second indicator of 264 is 1 for the publication, 3 for the printing, 4 for the copyright.
    imprints.sort(key=lambda field: field.tag == "264" and field.indicators.second != "1")
    names = [name for field in imprints for name in _parts(field, "b") if name.strip()]
    for name in names[:1]:
        publisher = titles.strip_isbd(name).strip("[] ")
        if publisher.lower().rstrip(".") not in ("s.n", "sn", "publisher not identified", "n.pub"):
            fields["publisher"] = publisher
    dates = [date for field in imprints for date in _parts(field, "c") if date.strip()]
    coded = _control(record, "008")[7:11]
    fields["published"] = dates[0] if dates else coded if coded.isascii() and coded.isdigit() else ""


def _series(record: Any, fields: dict[str, Any]) -> None:
    for field in record.get_fields("490", "830", "440"):
        if field.control_field:
            continue
        name = titles.strip_isbd(" ".join(part.strip() for part in _parts(field, "a", "p")))
        if not name:
            continue
        fields["series"] = name
        volumes = [re.findall(r"\d+(?:\.\d+)?", volume) for volume in _parts(field, "v")]
        if len(volumes) == 1 and len(volumes[0]) == 1:
            fields["series_position"] = volumes[0][0]
        return


def _language(record: Any) -> str:
    stated = _values(record, "041", "a")
    if stated:
        return "/".join(code.strip() for code in stated)
    return _control(record, "008")[35:38].strip(" |0")


def _pages(record: Any) -> bool:
    return any(re.search(r"\d\s*(p|pp|pages|s|seiten)\b", value, re.I) for value in _values(record, "300", "a")[:1])


def _subjects(record: Any) -> list[str]:
    headings = []
    for field in record.get_fields("600", "610", "611", "630", "650", "651"):
        if field.control_field:
            continue
        main = " ".join(part.strip() for part in _parts(field, *"abcdefgklmnopqrst"))
        subdivisions = [titles.strip_isbd(part.strip()) for part in _parts(field, "x", "y", "z", "v")]
        ordered = [part.value for part in field.subfields if part.code in "vxyz"]
        if len(ordered) == len(subdivisions):
            subdivisions = [titles.strip_isbd(part.strip()) for part in ordered]
        heading = " -- ".join(part for part in (titles.strip_isbd(main), *subdivisions) if part)
        if heading:
            headings.append(heading)
    return list(dict.fromkeys(headings))


# Authority ids in $0, and their schemes.
_AUTHORITIES = (
    (re.compile(r"\(DE-588\)\s*(?P<id>[0-9X-]+)"), "gnd"),
    (re.compile(r"https?://d-nb\.info/gnd/(?P<id>[0-9X-]+)"), "gnd"),
    (re.compile(r"https?://(?:www\.)?viaf\.org/viaf/(?P<id>[0-9]+)/?"), "viaf"),
    (re.compile(r"\((?:viaf|VIAF)\)\s*(?P<id>[0-9]+)"), "viaf"),
    (re.compile(r"https?://id\.loc\.gov/authorities/names/(?P<id>[a-z]+[0-9]+)"), "lcnaf"),
)


def _contributors(record: Any) -> list[RawContributor]:
    contributors = []
    for field in record.get_fields("100", "110", "111", "700", "710", "711"):
        # With a title ($t) the field names another work, not a contributor to this one.
        if field.control_field or field.get_subfields("t"):
            continue
        name, is_inverted = _name(field)
        if name:
            dates = field.get_subfields("d")
            contributors.append(
                RawContributor(
                    name,
                    _role(field),
                    _authority(field),
                    is_inverted,
                    # A corporate body, or a name such as "Elizabeth II", sorts by its usual form.
                    sort_name=None if is_inverted else name,
                    life_dates=dates[0] if dates else None,
                )
            )
    return contributors


def _name(field: Any) -> tuple[str, bool]:
    """Return the name in a heading, and whether it is inverted (first indicator 1)."""
    if field.tag[1:] != "00":
        return titles.strip_isbd(" ".join(part.strip() for part in _parts(field, "a", "b"))), False
    is_inverted = field.indicators.first == "1"
    name = " ".join(part.strip() for part in _parts(field, "a", "b"))
    fuller = " ".join(part.strip() for part in _parts(field, "q")).rstrip(" ,")
    titled = " ".join(part.strip() for part in _parts(field, "c")).rstrip(" ,.")
    if is_inverted:
        name = name.rstrip(" ,")
        name = f"{name} {fuller}" if fuller else name
        return (f"{name}, {titled}" if titled else name), True
    return titles.strip_isbd(name), False


def _role(field: Any) -> str | None:
    """Return the first relator that is a role of the catalog.

    Without relators, a main entry is an author and an added entry a contributor.
    """
    terms = field.get_subfields("4", "j" if field.tag.endswith("11") else "e")
    for term in terms:
        if roles.find_role(term):
            return str(term)
    if terms:
        return str(terms[0])
    return None if field.tag.startswith("1") else "contributor"


def _authority(field: Any) -> SourceKey | None:
    """Return the id of a person in an authority file, from $0."""
    for value in field.get_subfields("0"):
        for pattern, scheme in _AUTHORITIES:
            match = pattern.fullmatch(value.strip())
            if match:
                return SourceKey(scheme, match["id"])
    return None
