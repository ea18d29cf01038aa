"""`docs/operations.md` names the fields of the log that the service writes."""

from __future__ import annotations

import json
import re
from pathlib import Path

from app.http.access.identity import IDENTITY, Identity
from app.http.access.rights import Role
from app.http.middleware.log.access import AccessLog
from app.http.middleware.log.secrets import PersonalPaths
from app.http.middleware.request_record import CACHE_RESULTS, RequestRecord
from app.http.wsgi import REQUEST_ID
from extensions.telemetry.timing import Timing
from tests import ROOT
from tests.support.documents import Document

TABLE = Document("docs/operations.md").table("Logs, Server-Timing and traces")
DOCUMENTED = {row[0].strip("`"): row[1] for row in TABLE}


def test_the_table_has_the_fields_of_a_line() -> None:
    lines: list[str] = []
    environ = {
        "PATH_INFO": "/books",
        "QUERY_STRING": "limit=1",
        REQUEST_ID: "1",
        IDENTITY: Identity(Role.READER, account_id=5),
    }
    record = RequestRecord(environ, "GET", 1.0, "200 OK", "/books", "catalog; fwd=bypass", streamed="whole")
    record.timing = Timing(environ)
    AccessLog(PersonalPaths(frozenset(), frozenset()), "json", lines.append)(record)
    assert json.loads(lines[0]).keys() == DOCUMENTED.keys()


def test_the_table_names_every_result_of_the_cache() -> None:
    assert tuple(re.findall(r"`(\w+)`", DOCUMENTED["catalog.cache"])) == CACHE_RESULTS


def test_fields_of_events_are_documented() -> None:
    code = Path(ROOT, "app/http/middleware/log/formats.py").read_text("utf-8")
    names = set(re.findall(r'fields\["([\w.]+)"\]', code)) - DOCUMENTED.keys()
    section = Document("docs/operations.md").section("Logs, Server-Timing and traces")
    assert names
    assert [name for name in names if f"`{name}`" not in section] == []
