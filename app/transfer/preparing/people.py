"""People: the contributor of a credit, by how the source writes names."""

from __future__ import annotations

from functools import lru_cache

from app.transfer.mending import dates, names, roles, texts
from app.transfer.records import Contributor, Credit, Flaw, Mend
from app.values.text import showable
from app.vocabulary import Faults, Line

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
    if name is None:
        return Contributor(None, catalog_role, key, credited_as), mends, None
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
    made = Contributor(
        checked,
        catalog_role,
        key,
        credited,
        sorted_as,
        born,
        died,
        tuple(kind.read(other, "/authors", faults) for other in person.alternate_names),
    )
    return made, mends, None
