"""Formats results as Markdown tables, and prints them."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from .load import Sample


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with aligned columns."""
    lines = [list(titles), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]

    def formatted(line: Sequence[str]) -> str:
        cells = [
            cell.ljust(width) if not place else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        return f"| {' | '.join(cells)} |"

    ruler = ["-" * (width + 1) + ":" if place else ":" + "-" * (width + 1) for place, width in enumerate(widths)]
    return "\n".join([formatted(lines[0]), f"|{'|'.join(ruler)}|", *map(formatted, lines[1:])])


def samples(found: Mapping[str, Sample]) -> str:
    """Return a table of samples; `x` is the rate of the first one divided by that of the row."""
    first = next(iter(found.values()))
    rows = [
        (
            name,
            f"{sample.rate:,.0f}",
            "" if sample is first else f"{first.rate / sample.rate:.2f} x",
            f"{sample.service * 1e6:,.0f}",
            f"{sample.postgres * 1e6:,.0f}",
            f"{sample.p50 * 1e3:.1f}",
            f"{sample.p99 * 1e3:.1f}",
        )
        for name, sample in found.items()
    ]
    titles = ("", "requests/s", "ours/theirs", "CPU µs", "of Postgres", "p50 ms", "p99 ms")
    return table(titles, rows)


def percentiles(seconds: Iterable[float]) -> tuple[str, str, str]:
    """Return the median and the 95th and 99th percentile in milliseconds."""
    ordered = sorted(seconds)
    if not ordered:
        return "", "", ""
    at = [ordered[math.ceil(len(ordered) * share) - 1] for share in (0.5, 0.95, 0.99)]
    return f"{at[0] * 1e3:.1f}", f"{at[1] * 1e3:.1f}", f"{at[2] * 1e3:.1f}"


@contextlib.contextmanager
def clock(what: str) -> Iterator[None]:
    """Print the time of the block."""
    started = time.perf_counter()
    yield
    say(f"{what}: {time.perf_counter() - started:.1f} s")


def say(text: str) -> None:
    """Print, and flush the output."""
    print(text, flush=True)
