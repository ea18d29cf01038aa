"""`make bench`: this service beside its peers and its limits, on an embedded Postgres of its own.

    python -m benchmarks [PART…] [--quick] [--books N] [--folder FOLDER] [--seed N] [--queries N] [--show N]

The parts are named below; all of them run unless some are named. `--quick` is done in two minutes: fewer books, fewer
and shorter rounds, and neither filters, writes nor memory. In FOLDER the made catalogs stay for the next run. What is
searched for is drawn by the seed; `--show` shows so many of the misses, and the plans of the slowest queries.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg2

from extensions.database import SESSION

from . import contestants, depth, endurance, export, filters, gutenberg, imports, quality, reads, report, search, writes
from .database import Cluster
from .load import available, by_wrk, in_turns
from .reads import Bench
from .report import say
from .traced import Traced
from .walk import SORTS, walk

QUICK_PARTS = ("pages", "books", "hits", "depth")
PARTS = (
    *QUICK_PARTS,
    "isbn",
    "growth",
    "filters",
    "writes",
    "memory",
    "import",
    "gutenberg",
    "search",
    "quality",
    "export",
)


@dataclass(frozen=True)
class Plan:
    """How much is measured: the size of the catalog, rounds, seconds of each measure."""

    books: int
    rounds: int
    seconds: float
    small: int = 10_000
    requests: int = 100_000
    seed: int = 1
    queries: int | None = None  # of each kind, where not the usual number
    show: int = 0


def main() -> None:
    """Run the parts asked for, printing tables as they are done."""
    asked = _arguments()
    plan = Plan(asked.books or 10_000, 3, 1) if asked.quick else Plan(asked.books or 1_000_000, 7, 3)
    plan = replace(plan, seed=asked.seed, queries=asked.queries, show=asked.show)
    parts = asked.parts or (QUICK_PARTS if asked.quick else PARTS)
    if not available("wrk"):
        raise SystemExit("Without wrk nothing can be measured (on Debian: apt install wrk).")
    with contextlib.ExitStack() as stack:
        folder = asked.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="catalog-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        cluster = Cluster(folder.resolve())
        stack.callback(cluster.stop)
        say(f"{plan.books:,} books; {machine()}; {time.strftime('%Y-%m-%d')}")
        beside_peers(cluster, plan, parts, folder.resolve())
        alone(cluster, plan, parts, folder.resolve())


def beside_peers(cluster: Cluster, plan: Plan, parts: tuple[str, ...], folder: Path) -> None:
    """What is measured beside others."""
    measures = {
        "pages": ("A page of 20 books with their authors, from a random place", reads.pages),
        "books": ("A book by its id", reads.single_books),
        "isbn": ("A book by its ISBN", reads.books_by_isbn),
        "hits": ("A page that the cache holds", reads.hits),
    }
    if set(parts) & set(measures):
        with contextlib.ExitStack() as stack:
            bench = Bench(cluster, plan.books, folder, stack)
            for part, (title, measure) in measures.items():
                if part in parts:
                    say(f"\n### {title}\n\n{report.samples(measure(bench, plan.rounds, plan.seconds))}")
    if "writes" in parts:
        found = writes.creations(cluster, plan.books, folder, plan.rounds, plan.seconds)
        say(f"\n### A book created with two authors, found by their names\n\n{report.samples(found)}")


def alone(cluster: Cluster, plan: Plan, parts: tuple[str, ...], folder: Path) -> None:
    """What is measured of this service alone."""
    if {"depth", "filters"} & set(parts):
        with as_the_service_connects(cluster, plan.books) as cursor:
            if "depth" in parts:
                show_depths(cursor)
            if "filters" in parts:
                show_filters(cursor)
    if "growth" in parts:
        show_growth(cluster, plan, folder)
    if "memory" in parts:
        rows = [
            (f"{measured.requests:,}", *(f"{size:.1f}" for size in measured.workers))
            for measured in endurance.memory(cluster, plan.books, folder, plan.requests)
        ]
        titles = ("requests", *(f"worker {number}, MB" for number in range(1, len(rows[0]))))
        say(f"\n### Memory (PSS) under requests of all kinds\n\n{report.table(titles, rows)}")
    if "import" in parts:
        show_import(cluster, plan, folder)
    if "search" in parts:
        show_search(cluster, plan, folder)
    if "export" in parts:
        show_export(cluster, plan, folder)
    source = os.environ.get("GUTENBERG")
    if not source and {"gutenberg", "quality"} & set(parts):
        say("\n(GUTENBERG does not name the folder of Project Gutenberg's catalogue: what needs it is left out)")
    elif source and "gutenberg" in parts:
        load_and_walk(cluster, Path(source))
    if source and "quality" in parts:
        show_quality(quality.measure(cluster, Path(source), plan.seed, plan.queries or quality.QUERIES), plan)


def show_depths(cursor: Any) -> None:
    singles = [
        (one.sort, str(one.first), str(one.deep), f"{one.deep / one.first:.2f}", f"{one.seconds * 1e3:.1f}")
        for one in depth.single_keys(cursor)
    ]
    titles = ("sort", "buffers, first page", "near the end", "ratio", "ms")
    say(f"\n### A cursor near the end\n\n{report.table(titles, singles)}")
    pairs = sorted(depth.two_keys(cursor), key=lambda one: -one.seconds)
    middle = statistics.median(pair.seconds for pair in pairs)
    say(f"\n{len(pairs)} sorts by two keys near the end: {middle * 1e3:.1f} ms (median); the slowest:")
    say("\n".join(f"- {pair.sort}: {pair.seconds * 1e3:.1f} ms, {pair.deep:,} buffers" for pair in pairs[:5]))


def show_filters(cursor: Any) -> None:
    timings = list(filters.measure(cursor))
    shares = sorted({filters.nearest_share(one.asked.share) for one in timings})
    rows = []
    for share in shares:
        of_share = [one for one in timings if filters.nearest_share(one.asked.share) == share]
        slowest = sorted(one.p99 for one in of_share)
        rows.append(
            (
                f"{share * 100:g} %",
                str(len(of_share)),
                f"{statistics.median(one.p50 for one in of_share) * 1e3:.1f}",
                f"{slowest[int(len(slowest) * 0.99)] * 1e3:.1f}",
                str(sum(one.p99 > filters.BOUND for one in of_share)),
            )
        )
    titles = ("finds about", "filters x sorts", "median ms", "99 % of them within ms", "over 50 ms")
    say(f"\n### Every filter, alone and with each sort\n\n{report.table(titles, rows)}")
    for one in sorted(timings, key=lambda one: -one.p99):
        if one.p99 > filters.BOUND:
            asked = f"{one.asked.parameter}={one.asked.value[:60]} sort={one.sort or '(id)'}"
            say(f"\n{asked}: {one.p99 * 1e3:.0f} ms, finds {one.asked.share * 100:.3g} %")
            say("\n".join(f"    {line}" for line in one.plan.splitlines()[:12]))


def show_growth(cluster: Cluster, plan: Plan, folder: Path) -> None:
    """Buffers and CPU of a page and a book in a small catalog and in the large one."""
    sizes = (plan.small, plan.books)
    buffers: dict[int, dict[str, float]] = {}
    with contextlib.ExitStack() as stack:
        measures = {}
        for books in sizes:
            with as_the_service_connects(cluster, books) as cursor:
                buffers[books] = depth.growth(cursor, books)
            service = stack.enter_context(contestants.this(cluster, cluster.catalog(books)))
            for what, path in (("page of 20", reads.cursor_path), ("book", lambda book: f"/books/{book}")):
                file = folder / f"growth_{books}_{what.replace(' ', '_')}.txt"
                file.write_text("".join(f"GET\t{path(1 + place * (books - 30) // 5000)}\n" for place in range(5000)))
                measures[f"{what} {books}"] = by_wrk(service.address, file, service.pid, cluster.pid)
        found = in_turns(measures, plan.rounds, plan.seconds)
    rows = []
    for what in ("page of 20", "book"):
        small, large = buffers[sizes[0]][what], buffers[sizes[1]][what]
        rows.append((f"{what}, buffers", f"{small:g}", f"{large:g}", f"{large / small:.2f}"))
        less, more = (found[f"{what} {books}"].cpu for books in sizes)
        rows.append((f"{what}, CPU µs", f"{less * 1e6:.0f}", f"{more * 1e6:.0f}", f"{more / less:.2f}"))
    titles = ("", f"{sizes[0]:,} books", f"{sizes[1]:,} books", "ratio")
    say(f"\n### Growth\n\n{report.table(titles, rows)}")


def show_import(cluster: Cluster, plan: Plan, folder: Path) -> None:
    """An import beside what could be used instead."""
    found = imports.measure(cluster, plan.books, folder)
    ours = found["import"]
    rows = [
        (
            what,
            f"{one.seconds:,.1f}",
            f"{one.rate:,.0f}",
            f"{ours.rate / one.rate:.2f} x",
            f"{one.memory:,.0f}" if one.memory else "",
        )
        for what, one in found.items()
    ]
    titles = ("", "seconds", "books a second", "import / this", "MB")
    say(f"\n### {plan.books:,} books with their authors from a CSV\n\n{report.table(titles, rows)}")


def show_search(cluster: Cluster, plan: Plan, folder: Path) -> None:
    """Times of search, and what it costs a write."""
    database = cluster.catalog(plan.books)
    traced = Traced(cluster.url(database), folder / "instance_search")
    with contextlib.closing(traced), as_the_service_connects(cluster, plan.books) as cursor:
        say("\n### Search: one connection, no response cache\n")
        kinds = dict(search.measure(traced, cursor, plan.seed, plan.queries or search.QUERIES))
        rows = []
        for kind, timings in kinds.items():
            for group, members in {f"**{kind}**": timings, **search.by_group(timings)}.items():
                whole = report.percentiles(one.seconds for one in members)
                in_postgres = report.percentiles(one.in_postgres for one in members)
                fuzzy = f"{sum(one.fuzzy for one in members) / max(1, len(members)):.0%}"
                rows.append((group, f"{len(members):,}", *in_postgres, *whole, fuzzy))
        titles = ("", "asked", "Postgres p50 ms", "p95", "p99", "whole p50 ms", "p95", "p99", "answered fuzzily")
        say(report.table(titles, rows))
        for kind, timings in kinds.items() if plan.show else ():
            say(f"\n#### The slowest: {kind}\n")
            for one in sorted(timings, key=lambda one: -one.in_postgres)[: plan.show]:
                say(f"{one.asked.target}: {one.in_postgres * 1e3:.1f} ms in Postgres, {one.seconds * 1e3:.1f} ms")
                say("\n".join(f"    {line}" for text in traced.plans(one.asked.target) for line in text.splitlines()))
    found = search.write_cost(cluster, plan.books, folder, plan.rounds, plan.seconds)
    say(f"\n### A book created with two authors, found by their names\n\n{report.samples(found)}")
    kept, without = found.values()
    cost, slower = kept.cpu / without.cpu, without.rate / kept.rate
    say(f"\nWith search data a write costs {cost:.2f} times the CPU, and takes {slower:.2f} times as long.")


def show_export(cluster: Cluster, plan: Plan, folder: Path) -> None:
    """How fast all books go out, and what memory that takes."""
    with as_the_service_connects(cluster, plan.books) as cursor:
        found = export.measure(cluster, plan.books, folder, min(plan.rounds, 3), cursor)
    floor = next(iter(found.values()))
    rows = [
        (
            name,
            f"{one.median:.1f}",
            f"{plan.books / one.median:,.0f}",
            f"{one.size / 2**20:,.0f}",
            f"{floor.median / one.median:.2f}",
            f"{statistics.median(one.cpu):.1f}",
            f"{one.most / 2**20:.0f}" if one.most else "",
            f"{(one.most - one.before) / 2**20:.0f}" if one.before else "",
        )
        for name, one in found.items()
    ]
    titles = ("", "seconds", "books a second", "MB", "rate by that of COPY", "CPU, s", "memory, MB", "more, MB")
    say(f"\n### All books go out\n\n{report.table(titles, rows)}")


def show_quality(found: quality.Findings, plan: Plan) -> None:
    """How often search finds what is looked for, how fast, and what it does not find."""
    shown = quality.BOOKS_SHOWN
    few = quality.few(found.items)
    rows = [
        (f"known items, in the first {shown}", *_shares(found.items)),
        (f"those that match at most {shown} books", *_shares(few)),
        ("known items with one slip", *_shares(found.slips)),
        *((about, *_shares(answers)) for about, answers in quality.by_class(found.slips).items()),
        (f"authors by an alternate name, in the first {quality.AUTHORS_SHOWN}", *_shares(found.authors)),
        *((about, *_shares(answers)) for about, answers in quality.by_class(found.authors).items()),
    ]
    titles = ("", "asked", "found", "95 % interval", "p50 ms", "p95", "p99")
    say(f"\n### What search finds, of all of Project Gutenberg (seed {plan.seed})\n\n{report.table(titles, rows)}")
    say(f"\n{1 - len(few) / len(found.items):.1%} of the queries for known items match more than {shown} books.")
    ratio = sum(one.found for one in found.slips) / max(1, sum(one.found for one in found.items))
    say(f"With one slip, {ratio:.3f} times as many are found.")
    everything = (*found.items, *found.slips, *found.authors)
    failed = sum(one.status != 200 for one in everything)
    say(f"{failed:,} of {len(everything):,} answers were errors.")
    kinds = {"Known items": found.items, "With a slip": found.slips, "Authors": found.authors}
    for name, answers in kinds.items() if plan.show else ():
        say(f"\n#### Missed: {name.lower()}\n")
        for answer in quality.worst(answers, plan.show):
            say(quality.told(answer, found.records[answer.question.path]))


def _shares(answers: list[quality.Answer]) -> tuple[str, ...]:
    """How many there are, the share that found what was looked for, its interval, and the times."""
    found = sum(answer.found for answer in answers)
    low, high = quality.wilson(found, len(answers))
    share = f"{found / len(answers):.2%}" if answers else ""
    times = report.percentiles(answer.seconds for answer in answers)
    return f"{len(answers):,}", share, f"{low:.2%} – {high:.2%}", *times


def load_and_walk(cluster: Cluster, source: Path) -> None:
    """Project Gutenberg's catalogue: imported, and walked by cursors from end to end."""
    say("\n### Project Gutenberg\n")
    cluster.new("gutenberg")
    gutenberg.load(source, cluster.environment("gutenberg"))
    with contestants.this(cluster, "gutenberg", CACHE_DEFAULT_TIMEOUT="10") as service:
        for sort in SORTS:
            say(f"walk, sort={sort or '(default)'}: {walk(service.address, sort)}")


@contextlib.contextmanager
def as_the_service_connects(cluster: Cluster, books: int) -> Iterator[Any]:
    """A cursor of a connection with the settings of the service's own."""
    options = " ".join(f"-c {name}={value}" for name, value in (SESSION | {"statement_timeout": "0"}).items())
    connection = psycopg2.connect(cluster.url(cluster.catalog(books)), options=options)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def machine() -> str:
    """The machine, in a few words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="done in two minutes")
    parser.add_argument("--books", type=int, help="the size of the catalog (1,000,000; quick: 10,000)")
    parser.add_argument("--folder", type=Path, help="where the made catalogs stay for the next run")
    parser.add_argument("--seed", type=int, default=1, help="of what is searched for (1)")
    usual = f"how much is searched for, of each kind ({search.QUERIES:,}; quality: {quality.QUERIES:,})"
    parser.add_argument("--queries", type=int, help=usual)
    parser.add_argument("--show", type=int, default=0, metavar="N", help="show the N slowest queries, and N misses")
    asked = parser.parse_args()
    unknown = set(asked.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return asked


if __name__ == "__main__":
    main()
