"""Preparing names: the contributors of a book, and the name of an author record."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from app.books.contributors.field import MOST_CONTRIBUTORS
from app.core.fields import Faults, Field, Identifiers, Line
from app.transfer.imports.cleaning import dates, names, roles, texts
from app.transfer.records import PreparedContributor, RawContributor, RecordWarning, RejectReason, SourceKey
from app.values.text import showable

from .builder import MAX_EXCERPT, RecordBuilder, excerpt

_name_rule = Line()


def prepare_contributors(builder: RecordBuilder, field: Field, raw: Any) -> None:
    """Add contributors, each once per role."""
    if not isinstance(raw, list | tuple):
        builder.validate(field, raw)
        return
    known = set()
    for item in raw:
        if type(item) is not RawContributor:
            builder.validate(field, raw)
            if not builder.reasons:
                builder.reject(field.name, raw, "Give each author a `name`: ids of another catalog are not used.")
            return
        contributor, warnings, reason = clean_contributor(item)
        if warnings:
            builder.warnings.extend(warnings)
        if reason:
            builder.reasons.append(reason)
        if contributor is None:
            continue
        identity = (contributor.key or contributor.name, contributor.role)
        if identity in known:
            builder.warn("duplicate", field.name, contributor.name or str(contributor.key))
        else:
            known.add(identity)
            builder.contributors.append(contributor)
    if len(builder.contributors) > MOST_CONTRIBUTORS:
        count = len(builder.contributors)
        builder.reject(
            field.name, None, f"The book has {count:,} contributors; at most {MOST_CONTRIBUTORS} are allowed."
        )


def prepare_person(builder: RecordBuilder, _: Field, raw: RawContributor) -> None:
    """Set the name of an author record, with dates and other names of the heading."""
    contributor, warnings, reason = clean_contributor(raw)
    builder.warnings.extend(warning for warning in warnings if warning.code != "no_person")
    builder.is_no_person = any(warning.code == "no_person" for warning in warnings)
    if reason:
        builder.reasons.append(RejectReason("name", reason.value, reason.detail))
    if contributor is None or contributor.name is None:
        return
    builder.values["name"] = contributor.name
    for name in ("sort_name", "birth_date", "death_date"):
        value = getattr(contributor, name)
        if value:
            builder.values.setdefault(name, value)
    if contributor.alternate_names:
        builder.values["alternate_names"] = list(contributor.alternate_names)


class CleanedContributor(NamedTuple):
    """The result of cleaning a contributor."""

    contributor: PreparedContributor | None  # None if it is not a person, or invalid
    warnings: tuple[RecordWarning, ...] = ()
    reason: RejectReason | None = None


@lru_cache(maxsize=1 << 16)
def clean_contributor(raw: RawContributor) -> CleanedContributor:
    """Return the cleaned contributor, with its name in usual order."""
    warnings: tuple[RecordWarning, ...] = ()
    role = "author"
    if raw.role:
        known = roles.find_role(raw.role)
        if known == "":
            return CleanedContributor(None, (_warning("no_contributor", f"{raw.name} ({raw.role})"),))
        if known is None:
            warnings = (_warning("role_unknown", showable(raw.role, MAX_EXCERPT)),)
        role = known or "contributor"
    key = usable_key(raw.key)
    if raw.name is None:
        return _clean_keyed(raw, role, key, warnings)
    is_plain = not (raw.is_inverted or raw.credited_as or raw.sort_name or raw.life_dates)
    if is_plain and len(raw.name) <= _name_rule.longest and texts.is_clean_line(raw.name):
        if names.is_placeholder(raw.name):
            return CleanedContributor(None, (*warnings, _warning("no_person", excerpt(raw.name))))
        return CleanedContributor(PreparedContributor(raw.name, role, key), warnings)
    return _clean_name(raw, raw.name, role, key, warnings)


def _clean_keyed(
    raw: RawContributor, role: str, key: SourceKey | None, warnings: tuple[RecordWarning, ...]
) -> CleanedContributor:
    """Return a contributor that has only a key."""
    faults = Faults()
    credited_as = _name_rule.read(raw.credited_as, "/authors", faults) if raw.credited_as else None
    if key is None:
        detail = f"An author needs a name, or an id of 1 to {Identifiers.value.longest} characters."
        return CleanedContributor(None, warnings, _reason(raw.key.value if raw.key else "", detail))
    if faults:
        return CleanedContributor(None, warnings, _reason(raw.credited_as or "", faults[0].detail))
    return CleanedContributor(PreparedContributor(None, role, key, credited_as), warnings)


def _clean_name(
    raw: RawContributor, name: str, role: str, key: SourceKey | None, warnings: tuple[RecordWarning, ...]
) -> CleanedContributor:
    """Return a contributor whose name needs cleaning, inverting or validating."""
    original = showable(name, MAX_EXCERPT)
    text, codes = texts.clean_text(name)
    warnings += tuple(_warning(code, original) for code in codes)
    text = " ".join(text.split())
    if names.is_placeholder(text) or not texts.is_visible(text):
        return CleanedContributor(None, (*warnings, _warning("no_person", original)))
    parsed = names.parse_heading(text) if raw.is_inverted else names.ParsedName(text)
    if raw.life_dates:
        birth_date, death_date = dates.parse_life_dates(raw.life_dates)
    else:
        birth_date, death_date = parsed.birth_date, parsed.death_date
    faults = Faults()
    validated = _name_rule.read(parsed.name, "/authors", faults)
    sort_name = raw.sort_name or parsed.sort_name
    if sort_name:
        sort_name = _name_rule.read(sort_name, "/authors", faults)
    credited_as = _name_rule.read(raw.credited_as, "/authors", faults) if raw.credited_as else None
    if faults:
        return CleanedContributor(None, warnings, _reason(name, faults[0].detail))
    alternate_names = [_name_rule.read(other, "/authors", faults) for other in parsed.alternate_names]
    if faults:  # the fuller name may be too long
        alternate_names = []
        warnings += (_warning("items_left_out", original),)
    contributor = PreparedContributor(
        validated, role, key, credited_as, sort_name or None, birth_date, death_date, tuple(alternate_names)
    )
    return CleanedContributor(contributor, warnings)


def _warning(code: str, original: str) -> RecordWarning:
    return RecordWarning(code, "authors", original)


def _reason(value: str, detail: str) -> RejectReason:
    return RejectReason("authors", showable(value, MAX_EXCERPT), str(detail))


def usable_key(key: SourceKey | None) -> SourceKey | None:
    """Return a key in stored form; None if it cannot be an identifier."""
    if key is None or (len(key.value) <= Identifiers.value.longest and key.value.isalnum() and key.value.isascii()):
        return key
    faults = Faults()
    value = Identifiers.value.read(key.value, "", faults)
    return None if faults else SourceKey(key.scheme, value)
