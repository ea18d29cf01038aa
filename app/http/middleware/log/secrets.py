"""What the log does not show: tokens, passwords and e-mail addresses."""

from __future__ import annotations

import re
from typing import NamedTuple

from app.http.access.audience import first_segment
from app.http.urls import target

SECRET_MARK, EMAIL_MARK = "[secret]", "[e-mail]"

_id = re.compile("[0-9]{0,19}", re.ASCII)
# Each character of a token may be percent-encoded, since the log has query strings as they were sent.
_secret = re.compile(
    "(?:c|%63)(?:a|%61)(?:t|%74)(?:_|%5[Ff])(?:[a-z]|%[67][0-9A-Fa-f])(?:_|%5[Ff])(?:[0-9A-Za-z]|%[3-7][0-9A-Fa-f])+"
)
# An @, perhaps percent-encoded once or several times, between characters of an address. The part before it begins where
# no such character precedes, so that the time does not grow with the square of the line's length.
_BESIDE_EMAILS = r"\s/?&=<>\"(),:;\[\]\\"
_email = re.compile(
    rf"(?<![^{_BESIDE_EMAILS}])(?:[^{_BESIDE_EMAILS}@%]|%(?!(?:25)*40))+(?:@|%(?:25)*40)[^{_BESIDE_EMAILS}]+"
)


def without_secrets(line: str) -> str:
    """Return text of the log with marks for tokens and e-mail addresses."""
    if "cat_" in line or "%" in line:
        line = _secret.sub(SECRET_MARK, line)
    if "@" in line or ("%" in line and "40" in line):
        line = _email.sub(EMAIL_MARK, line)
    return line


class PersonalPaths(NamedTuple):
    """The paths whose URLs may contain secrets: mistyped tokens, passwords in a query."""

    first_segments: frozenset[str]
    words: frozenset[str]  # the literal segments of all paths

    def logged(self, script_name: str, path: str, query: str) -> tuple[str, str]:
        """Return path and query string of a request for the log, without what may be a secret."""
        if first_segment(path) not in self.first_segments:
            sent = target({"SCRIPT_NAME": script_name, "PATH_INFO": path, "QUERY_STRING": query})
            shown, _, shown_query = sent.partition("?")
            return without_secrets(shown), without_secrets(shown_query)
        segments = (
            segment if segment in self.words or _id.fullmatch(segment) else SECRET_MARK for segment in path.split("/")
        )
        return f"{script_name}{'/'.join(segments)}", SECRET_MARK if query else ""
