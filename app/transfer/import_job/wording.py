"""Messages of the import, which name the options of the command line, for readers of a response."""

from __future__ import annotations

import re

_map = re.compile(r"--map '?([^=' ]+)=")
_option = re.compile(r"--([a-z][a-z-]*)")


def for_http(message: str) -> str:
    """Return a message with the query parameters of ``POST /imports``: "--on-conflict" becomes "on_conflict".

    >>> for_http("Omit --encoding to detect it, or map it: --map 'title=COLUMN'.")
    "Omit encoding to detect it, or map it: map.title='COLUMN'."
    """
    named = _map.sub(lambda match: f"map.{match[1]}=" + ("'" if "'" in match[0] else ""), message)
    return _option.sub(lambda match: match[1].replace("-", "_"), named)
