"""People: the contributor of a credit, by how the source writes names."""

from __future__ import annotations

from functools import lru_cache

from app.transfer.mending import dates, names, roles, texts
from app.transfer.records import Contributor, Credit, Flaw, Key, Mend
from app.values.text import showable
from app.vocabulary import Faults, Identifiers, Line

from .draft import LONGEST_SHOWN, shortened

_name_rule = Line()


@lru_cache(maxsize=1 << 16)
def contributor_of(credit: Credit) -> tuple[Contributor | None, list[Mend], Flaw | None]:
    """The contributor of a credit, or None if it is nobody's; the mends, and what is wrong with the name."""
    name, role, key, filed, credited_as, sort_name, life = credit
    mends: list[Mend] = []
    catalog_role = "author"
    if role:
        found = roles.of(role)
        if found == "":
            return None, [Mend("no_contributor", "authors", f"{name} ({role})")], None
        if found is None:
            mends.append(Mend("role_unknown", "authors", showable(role, LONGEST_SHOWN)))
        catalog_role = found or "contributor"
    held = usable(key)
    if name is None:
        faults = Faults()
        credited = _name_rule.read(credited_as, "/authors", faults) if credited_as else None
        if held is None:
            reason = f"An author is named by an id of 1 to {Identifiers.value.longest} characters of text, or by name."
            return None, mends, Flaw("authors", showable(key.value if key else "", LONGEST_SHOWN), reason)
        if faults:
            return None, mends, Flaw("authors", showable(credited_as or "", LONGEST_SHOWN), str(faults[0].detail))
        return Contributor(None, catalog_role, held, credited), mends, None
    key = held
    if not (filed or credited_as or sort_name or life) and len(name) <= _name_rule.longest and texts.is_clean(name):
        if names.is_nobody(name):
            return None, [*mends, Mend("no_person", "authors", shortened(name))], None
        return Contributor(name, catalog_role, key), mends, None
    text, kinds = texts.mended(name)
    mends += [Mend(kind, "authors", showable(name, LONGEST_SHOWN)) for kind in kinds]
    text = " ".join(text.split())
    if names.is_nobody(text) or not texts.shows(text):
        return None, [*mends, Mend("no_person", "authors", showable(name, LONGEST_SHOWN))], None
    person = names.filed(text) if filed else names.Person(text)
    born, died = dates.lifetime(life) if life else (person.birth_date, person.death_date)
    faults = Faults()
    kind = _name_rule
    checked = kind.read(person.name, "/authors", faults)
    sorted_as = kind.read(sort_name or person.sort_name, "/authors", faults) if sort_name or person.sort_name else None
    credited = kind.read(credited_as, "/authors", faults) if credited_as else None
    if faults:
        return None, mends, Flaw("authors", showable(name, LONGEST_SHOWN), str(faults[0].detail))
    others = [kind.read(other, "/authors", faults) for other in person.alternate_names]
    if faults:  # a fuller name may be longer than a name may be
        others = []
        mends.append(Mend("items_left_out", "authors", showable(name, LONGEST_SHOWN)))
    made = Contributor(
        checked,
        catalog_role,
        key,
        credited,
        sorted_as,
        born,
        died,
        tuple(others),
    )
    return made, mends, None


def usable(key: Key | None) -> Key | None:
    """A key in stored form; None where it can be no identifier."""
    if key is None or (len(key.value) <= Identifiers.value.longest and key.value.isalnum() and key.value.isascii()):
        return key
    faults = Faults()
    value = Identifiers.value.read(key.value, "", faults)
    return None if faults else Key(key.scheme, value)
