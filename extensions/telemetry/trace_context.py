"""Trace context: the ids of a request in a trace of several services (W3C Trace Context, level 1)."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

NO_TRACE, NO_SPAN = "0" * 32, "0" * 16  # both are invalid
SAMPLED = 1  # flag: the caller may have recorded the trace
_HEADER = re.compile("([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)


class TraceContext(NamedTuple):
    """The trace of a request, its own span, and the span of its caller."""

    trace_id: str  # 32 hexadecimal digits
    span_id: str  # 16 of them
    parent_id: str = ""  # "" if the trace begins here
    is_sampled: bool = True
    state: str = ""  # value of the header `tracestate`

    @property
    def header(self) -> str:
        """The value of `traceparent` for whatever the request causes."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.is_sampled else '00'}"


def take_up(traceparent: str, tracestate: str = "") -> TraceContext:
    """Return the context of a request that came with these headers.

    A missing or invalid `traceparent` begins a new trace, and then `tracestate` has no meaning.
    """
    match = _HEADER.fullmatch(traceparent) if traceparent else None
    if match is not None:
        version, trace_id, parent_id, flags, rest = match.groups()
        # A later version may have further fields; version 00 has none, and ff is invalid.
        if version != "ff" and not (version == "00" and rest) and trace_id != NO_TRACE and parent_id != NO_SPAN:
            return TraceContext(trace_id, new_ids()[1], parent_id, bool(int(flags, 16) & SAMPLED), tracestate)
    return TraceContext(*new_ids())


def new_ids() -> tuple[str, str]:
    """Return random ids of a trace and of a span.

    Many are made at once, because each call of ``os.urandom`` is a system call.
    """
    try:
        ids = _ids.pop()
    except IndexError:
        digits = os.urandom(ID_BYTES * MADE_AT_ONCE).hex()
        ids, *further = (digits[start : start + 2 * ID_BYTES] for start in range(0, len(digits), 2 * ID_BYTES))
        _ids.extend(further)
    return ids[:32], ids[32:]


ID_BYTES, MADE_AT_ONCE = 24, 256
_ids: list[str] = []
os.register_at_fork(after_in_child=_ids.clear)  # else two processes would use the same ids
