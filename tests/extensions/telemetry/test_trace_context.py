"""traceparent is taken up as W3C Trace Context defines it, or a new trace begins."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extensions.telemetry.trace_context import new_ids, take_up

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("header", "is_sampled"),
    [
        (f"00-{TRACE}-{PARENT}-01", True),
        (f"00-{TRACE}-{PARENT}-00", False),
        (f"00-{TRACE}-{PARENT}-ff", True),
        (f"cc-{TRACE}-{PARENT}-01", True),
        (f"cc-{TRACE}-{PARENT}-01-what-the-future-brings", True),
    ],
    ids=["sampled", "not sampled", "further flags", "later version", "later version with fields"],
)
def test_a_valid_header_is_taken_up(header: str, is_sampled: bool) -> None:
    context = take_up(header, "a=1")
    assert (context.trace_id, context.parent_id) == (TRACE, PARENT)
    assert (context.is_sampled, context.state) == (is_sampled, "a=1")
    assert context.span_id != PARENT


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-further",
        f"cc-{TRACE}-{PARENT}-01.further",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-1",
        f"00-{TRACE}-{PARENT}-0g",
        f" 00-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01,00-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01\n",
        f"00-{TRACE[:-1]}٣-{PARENT}-01",
    ],
)
def test_an_invalid_header_begins_a_new_trace(header: str) -> None:
    context = take_up(header, "a=1")
    assert context.trace_id != TRACE
    assert (context.parent_id, context.state) == ("", "")


@given(st.text())
def test_every_context_can_be_passed_on(header: str) -> None:
    context = take_up(header)
    following = take_up(context.header)
    assert (following.trace_id, following.parent_id) == (context.trace_id, context.span_id)


def test_ids_are_unique_across_a_fork() -> None:
    new_ids()  # further ones are kept
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, "".join(new_ids()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100).decode() != "".join(new_ids())
    os.close(reading)
    os.close(writing)
