"""The request header Prefer (RFC 7240): how long a client is ready to wait for a result."""

from __future__ import annotations

import re

PREFER, PREFERENCE_APPLIED = "Prefer", "Preference-Applied"

_wait = re.compile(r'\s*wait\s*=\s*(?:([0-9]+)|"([0-9]+)")\s*(?:;.*)?', re.ASCII | re.IGNORECASE)


def preferred_wait(sent: str, longest: int) -> int:
    """Return the seconds of the first preference `wait`, at most `longest`; 0 without a valid one, which is ignored."""
    for preference in sent.split(","):
        match = _wait.fullmatch(preference)
        if match:
            return min(int((match[1] or match[2])[:9]), longest)
    return 0
