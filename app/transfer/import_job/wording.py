"""Messages of the import, which name the options of the command line, for readers of a response."""

from __future__ import annotations

import re

# Options of the command line, and the parameters of ``POST /imports`` that replace them.
_REPLACEMENTS = (
    (re.compile("--map '([^']*)'"), r"map.\1"),
    (re.compile("--map "), "map."),
    (re.compile("--(source|format) (NAME|csv)"), r"\1=\2"),
    (re.compile("--([a-z]+)-([a-z]+)"), r"\1_\2"),
    (re.compile("--([a-z])"), r"\1"),
)


def for_http(message: str) -> str:
    """Return a message with query parameters in place of options: "--on-conflict" becomes "on_conflict".

    >>> for_http("Omit --encoding to detect it, or map it: --map 'title=COLUMN'.")
    'Omit encoding to detect it, or map it: map.title=COLUMN.'
    """
    for option, parameter in _REPLACEMENTS:
        message = option.sub(parameter, message)
    return message
