"""Records of MARC 21 for tests."""

from __future__ import annotations

import pymarc
from pymarc import Field, Indicators, Leader, Subfield
from pymarc.marcxml import record_to_xml

LEADER = "00000nam a2200000 a 4500"
FIXED = "110922s2010    enk           000 0 eng  "


def record(*fields: tuple[str, ...], leader: str = LEADER, fixed: str = FIXED) -> pymarc.Record:
    """A record; a field is its tag, its two indicators and its subfields ("aText"), or its tag and its data."""
    made = pymarc.Record()
    made.leader = Leader(leader)
    made.add_field(Field("008", data=fixed))
    for tag, first, *rest in fields:
        if tag < "010":
            made.add_field(Field(tag, data=first))
        else:
            parts = [Subfield(part[0], part[1:]) for part in rest]
            made.add_field(Field(tag, Indicators(*first), parts))
    return made


POOH = record(
    ("001", "ocm123"),
    ("003", "OCoLC"),
    ("010", "  ", "a  2010525222"),
    ("020", "  ", "a0439023483 (pbk.) :", "c$5.00"),
    ("020", "  ", "a9780439023481"),
    ("020", "  ", "a(paperback)"),
    ("020", "  ", "z0441478123 (hbk.)"),
    ("035", "  ", "a(OCoLC)123"),
    ("041", "1 ", "aeng", "hger"),
    ("100", "1 ", "aMilne, A. A.", "q(Alan Alexander),", "d1882-1956."),
    ("245", "10", "aWinnie-the-Pooh :", "bthe stories /", "cA. A. Milne."),
    ("250", "  ", "a2nd ed."),
    ("260", "  ", "aLondon :", "bMethuen,", "cc1926."),
    ("300", "  ", "axv, 239 p. :", "bill."),
    ("490", "1 ", "aPooh books ;", "vv. 5"),
    ("520", "  ", "aA bear."),
    ("650", " 0", "aBears", "zEngland", "vFiction."),
    ("650", " 0", "aBears", "zEngland", "vFiction."),
    ("700", "1 ", "aShepard, Ernest H.", "eill.", "0(DE-588)118797204"),
    ("700", "1 ", "aOwner, An.", "eformer owner."),
    ("700", "1 ", "aOther, Another.", "tAnother work."),
    ("710", "2 ", "aMethuen & Co.", "4pbl"),
)


def collection(*records: pymarc.Record) -> bytes:
    body = b"".join(record_to_xml(record) for record in records)
    return b'<collection xmlns="http://www.loc.gov/MARC21/slim">' + body + b"</collection>"
