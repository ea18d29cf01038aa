"""`make bench`: compares this service with its peers and its limits, on its own embedded Postgres.

    python -m benchmarks [PART…] [--quick] [--books N] [--folder FOLDER] [--seed N] [--queries N] [--show N]

PART is one of `PARTS`; by default all of them run. `--quick` takes two minutes: it uses fewer books, fewer and shorter
rounds, and leaves out filters, writes and memory. The generated catalogs are kept in FOLDER for the next run. The seed
selects the search queries; `--show` prints N misses, and the plans of the N slowest queries.
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

from extensions.database.engine import SESSION

from . import (
    contestants,
    depth,
    endurance,
    export,
    facets,
    fairness,
    favorites,
    filters,
    followers,
    gutenberg,
    history,
    imports,
    jobs,
    quality,
    reads,
    renames,
    report,
    search,
    sign_ins,
    telemetry,
    writes,
)
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
    "jobs",
    "gutenberg",
    "search",
    "facets",
    "quality",
    "export",
    "fairness",
    "renames",
    "sign-ins",
    "followers",
    "history",
    "favorites",
    "telemetry",
)


@dataclass(frozen=True)
class Plan:
    """The extent of a run: size of the catalog, rounds, and seconds of each measurement."""

    books: int
    rounds: int
    seconds: float
    small: int = 10_000
    requests: int = 100_000
    seed: int = 1
    queries: int | None = None  # of each kind; None for the default
    show: int = 0


def main() -> None:
    """Run the requested parts, and print each table when it is complete."""
    arguments = _arguments()
    plan = Plan(arguments.books or 10_000, 3, 1) if arguments.quick else Plan(arguments.books or 1_000_000, 7, 3)
    plan = replace(plan, seed=arguments.seed, queries=arguments.queries, show=arguments.show)
    parts = arguments.parts or (QUICK_PARTS if arguments.quick else PARTS)
    if not available("wrk"):
        raise SystemExit("The benchmarks need wrk. On Debian: apt install wrk")
    with contextlib.ExitStack() as stack:
        folder = arguments.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="catalog-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        cluster = Cluster(folder.resolve())
        stack.callback(cluster.stop)
        say(f"{plan.books:,} books; {machine()}; {time.strftime('%Y-%m-%d')}")
        beside_peers(cluster, plan, parts, folder.resolve())
        alone(cluster, plan, parts, folder.resolve())


def beside_peers(cluster: Cluster, plan: Plan, parts: tuple[str, ...], folder: Path) -> None:
    """Run the parts that compare this service with its peers."""
    measures = {
        "pages": ("A page of 20 books with their authors, at a random position", reads.pages),
        "books": ("A book by its id", reads.single_books),
        "isbn": ("A book by its ISBN", reads.books_by_isbn),
        "hits": ("A cached page", reads.hits),
    }
    if set(parts) & set(measures):
        with contextlib.ExitStack() as stack:
            bench = Bench(cluster, plan.books, folder, stack)
            for part, (title, measure) in measures.items():
                if part in parts:
                    say(f"\n### {title}\n\n{report.samples(measure(bench, plan.rounds, plan.seconds))}")
    if "writes" in parts:
        found = writes.creations(cluster, plan.books, folder, plan.rounds, plan.seconds)
        say(f"\n### A new book with two authors, resolved by name\n\n{report.samples(found)}")


def alone(cluster: Cluster, plan: Plan, parts: tuple[str, ...], folder: Path) -> None:
    """Run the parts that measure this service only."""
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
    if "jobs" in parts:
        show_jobs(cluster, plan, folder)
    if "search" in parts:
        show_search(cluster, plan, folder)
    if "facets" in parts:
        show_facets(cluster, plan, folder)
    if "export" in parts:
        show_export(cluster, plan, folder)
    if "fairness" in parts:
        show_fairness(cluster, plan)
    if "renames" in parts:
        show_renames(cluster, plan)
    if "sign-ins" in parts:
        show_sign_ins(cluster, plan)
    if "followers" in parts:
        show_followers(cluster, plan, folder)
    if "history" in parts:
        show_history(cluster, plan, folder)
    if "favorites" in parts:
        show_favorites(cluster)
    if "telemetry" in parts:
        show_telemetry(cluster, plan, folder)
    source = os.environ.get("GUTENBERG")
    if not source and {"gutenberg", "quality"} & set(parts):
        say("\n(skipped: the parts that need Project Gutenberg's catalogue; set GUTENBERG to its folder)")
    elif source and "gutenberg" in parts:
        load_and_walk(cluster, Path(source))
    if source and "quality" in parts:
        show_quality(quality.measure(cluster, Path(source), plan.seed, plan.queries or quality.QUERIES), plan)


def show_depths(cursor: Any) -> None:
    singles = [
        (page.sort, str(page.first), str(page.deep), f"{page.deep / page.first:.2f}", f"{page.seconds * 1e3:.1f}")
        for page in depth.single_keys(cursor)
    ]
    titles = ("sort", "buffers, first page", "near the end", "ratio", "ms")
    say(f"\n### A cursor near the end\n\n{report.table(titles, singles)}")
    pairs = sorted(depth.two_keys(cursor), key=lambda pair: -pair.seconds)
    middle = statistics.median(pair.seconds for pair in pairs)
    say(f"\n{len(pairs)} sorts by two keys near the end: {middle * 1e3:.1f} ms (median); the slowest:")
    say("\n".join(f"- {pair.sort}: {pair.seconds * 1e3:.1f} ms, {pair.deep:,} buffers" for pair in pairs[:5]))


def show_filters(cursor: Any) -> None:
    timings = list(filters.measure(cursor))
    shares = sorted({filters.nearest_share(timing.filter.share) for timing in timings})
    rows = []
    for share in shares:
        of_share = [timing for timing in timings if filters.nearest_share(timing.filter.share) == share]
        slowest = sorted(timing.p99 for timing in of_share)
        rows.append(
            (
                f"{share * 100:g} %",
                str(len(of_share)),
                f"{statistics.median(timing.p50 for timing in of_share) * 1e3:.1f}",
                f"{slowest[int(len(slowest) * 0.99)] * 1e3:.1f}",
                str(sum(timing.p99 > filters.BOUND for timing in of_share)),
            )
        )
    titles = ("matches about", "filters x sorts", "median ms", "99 % of them within ms", "over 50 ms")
    say(f"\n### Every filter, alone and with each sort\n\n{report.table(titles, rows)}")
    for timing in sorted(timings, key=lambda timing: -timing.p99):
        if timing.p99 > filters.BOUND:
            query = f"{timing.filter.parameter}={timing.filter.value[:60]} sort={timing.sort or '(id)'}"
            say(f"\n{query}: {timing.p99 * 1e3:.0f} ms, matches {timing.filter.share * 100:.3g} %")
            say("\n".join(f"    {line}" for line in timing.plan.splitlines()[:12]))


def show_sign_ins(cluster: Cluster, plan: Plan) -> None:
    """Show whether addresses can be told apart by time, and what many sign-ins at once cost."""
    with sign_ins.measurement(cluster, plan.small) as measured:
        rows = [
            (name, f"{found.known * 1e3:.1f}", f"{found.unknown * 1e3:.1f}", f"{found.difference:.1%}")
            for name, found in (("wrong password", measured.sign_ins()), ("reset by mail", measured.resets()))
        ]
        burst = measured.burst()
    titles = ("request", "known address, ms", "unknown, ms", "difference")
    say(f"\n### Medians of {sign_ins.TIMES} sign-ins and resets\n\n{report.table(titles, rows)}")
    parts = (("sign-in", burst.seconds), ("a book, cached", burst.hits), ("a book, read", burst.misses))
    times = [(name, f"{statistics.median(part) * 1e3:.1f}", f"{max(part) * 1e3:.1f}") for name, part in parts]
    say(f"\n### {sign_ins.AT_ONCE} sign-ins at once\n\n{report.table(('request', 'median, ms', 'max, ms'), times)}")
    say(f"\nStatuses {burst.statuses}; the worker had {burst.before:.0f} MB before, {burst.peak:.0f} MB at most.")


def show_followers(cluster: Cluster, plan: Plan, folder: Path) -> None:
    """Show how late followers get changes, and what many followers cost others."""
    found = followers.delays(cluster, plan.small)
    times = report.percentiles(found.seconds)
    say(f"\n### {found.committed:,} commits of {followers.WRITERS} writers, and {followers.READERS} followers\n")
    say(f"From commit to event: p50 {times[0]} ms, p95 {times[1]} ms, p99 {times[2]} ms.")
    counts = f"{found.missed} missed, {found.doubled} doubled, {found.foreign} not committed"
    say(f"{counts}, {found.unordered} followers out of order.")
    cost = followers.cost(cluster, plan.small, folder, plan.rounds, plan.seconds)
    titles = ("meanwhile", "reads/s", "with", "CPU µs", "with", "difference", "p99 ms", "with")
    title = f"A book by its id without followers and with {followers.FOLLOWERS}, one worker"
    say(f"\n### {title}\n\n{report.table(titles, followers.rows(cost))}")
    before, after = cost.memory
    threads = f"{cost.threads[0]} and {cost.threads[1]} threads"
    say(f"\nWithout followers and with them: {threads}, {before / 1e6:.1f} and {after / 1e6:.1f} MB of memory (PSS).")


def show_history(cluster: Cluster, plan: Plan, folder: Path) -> None:
    """Show what history costs writes and an import, and how fast the history of a record is read."""
    for what, found in history.writes_with_and_without(cluster, plan.small, folder, plan.rounds, plan.seconds):
        first, *others = found.values()
        say(f"\n### {what}\n\n{report.samples(found)}\n")
        say(f"CPU with history / without: {', '.join(f'{first.cpu / other.cpu:.2f}' for other in others)}")
    imported = history.imports_with_and_without(cluster, plan.small, folder, plan.rounds)
    rows = [
        (
            name,
            f"{cost.postgres:.2f}",
            f"{cost.client:.2f}",
            f"{cost.catalog_bytes / 2**20:.1f}",
            f"{cost.history_bytes / 2**20:.2f}",
        )
        for name, cost in imported.items()
    ]
    titles = ("", "CPU of Postgres, s", "of the import, s", "catalog, MB", "history, MB")
    say(f"\n### An import of {plan.small:,} books\n\n{report.table(titles, rows)}")
    times = history.reads(cluster, plan.small)
    table = [(name, *report.percentiles(seconds)) for name, seconds in times.items()]
    titles = ("", "p50 ms", "p95", "p99")
    say(f"\n### Reads among {history.CHANGES:,} changes\n\n{report.table(titles, table)}")


def show_favorites(cluster: Cluster) -> None:
    """Show how long a move in a full category takes."""
    rows = [(name, *(f"{milliseconds:.1f}" for milliseconds in found)) for name, found in favorites.measure(cluster)]
    titles = ("move among 1,000 favorites", "median, ms", "99 %, ms", "max, ms")
    say(f"\n### {favorites.TIMES} moves of each kind\n\n{report.table(titles, rows)}")


def show_telemetry(cluster: Cluster, plan: Plan, folder: Path) -> None:
    """Show what the log, `Server-Timing` and metrics cost a request."""
    rows = [
        (name, f"{cost.off:.1f}", f"{cost.on:.1f}", f"{cost.ratio:.3f}")
        for name, cost in telemetry.measure(cluster, plan.small, folder, telemetry.ROUNDS)
    ]
    titles = ("", "off, µs", "on, µs", "ratio")
    say(f"\n### CPU a request, with log, Server-Timing and metrics\n\n{report.table(titles, rows)}")


def show_fairness(cluster: Cluster, plan: Plan) -> None:
    """How long short requests take beside others."""
    titles = ("meanwhile", *fairness.PROBES, "itself")
    rows = [
        (name, *(str(outcome) if outcome.seconds else "" for outcome in outcomes.values()))
        for name, outcomes in fairness.measure(cluster, plan.books)
    ]
    say(f"\n### Short requests beside others, p50 / p99 in ms\n\n{report.table(titles, rows)}")


def show_renames(cluster: Cluster, plan: Plan) -> None:
    """How long a rename of an author of very many books takes, and until search follows."""
    titles = (
        "tables",
        "answer, ms",
        "search follows, s",
        "CPU of Postgres, s",
        "other writes, p50 / p99 in ms",
        "failed",
    )
    rows = []
    for label, outcome in renames.measure(cluster, plan.books):
        writes = " / ".join(f"{seconds * 1e3:,.0f}" for seconds in outcome.writes)
        figures = (f"{outcome.answer * 1e3:,.0f}", f"{outcome.follows:.0f}", f"{outcome.cpu:.0f}")
        rows.append((label, *figures, writes, str(outcome.failed)))
    say(f"\n### A rename of an author of {min(renames.BOOKS, plan.books):,} books\n\n{report.table(titles, rows)}")


def show_growth(cluster: Cluster, plan: Plan, folder: Path) -> None:
    """Compare buffers and CPU of a page and a book in a small and in the large catalog."""
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
    """Compare the import with its alternatives."""
    found = imports.measure(cluster, plan.books, folder)
    ours = found["import"]
    rows = [
        (
            what,
            f"{timing.seconds:,.1f}",
            f"{timing.rate:,.0f}",
            f"{ours.rate / timing.rate:.2f} x",
            f"{timing.memory:,.0f}" if timing.memory else "",
        )
        for what, timing in found.items()
    ]
    titles = ("", "seconds", "books a second", "import / this", "MB")
    say(f"\n### {plan.books:,} books with their authors from a CSV\n\n{report.table(titles, rows)}")


def show_jobs(cluster: Cluster, plan: Plan, folder: Path) -> None:
    """Measure imports over HTTP."""
    times = jobs.import_times(cluster, folder, plan.rounds)
    command, http = (statistics.median(getattr(each, name) for each in times) for name in ("command", "http"))
    waited = statistics.median(each.waited for each in times)
    before, during = jobs.read_times(cluster, folder, 3 * plan.seconds)
    idle, most = jobs.upload_memory(cluster)
    rows = [
        (f"{jobs.BOOKS:,} books, command line and HTTP, s", f"{command:.2f}", f"{http:.2f}", f"{http / command:.2f} x"),
        ("wait for a worker, s", "", f"{waited:.2f}", ""),
        ("p99 of reads, without and with an import, ms", *(f"{each * 1e3:.1f}" for each in (before, during)), ""),
        ("memory without and with an upload of 1 GiB, MB", f"{idle:.0f}", f"{most:.0f}", f"+ {most - idle:.0f}"),
    ]
    say(f"\n### Imports over HTTP\n\n{report.table(('', 'without', 'with', 'ratio'), rows)}")


def show_facets(cluster: Cluster, plan: Plan, folder: Path) -> None:
    """Measure facets for every filter, and for searches."""
    database = cluster.catalog(plan.books)
    traced = Traced(cluster.url(database), folder / "instance_facets")
    with contextlib.closing(traced), as_the_service_connects(cluster, plan.books) as cursor:
        timings = facets.measure(traced, cursor, plan.seed, plan.queries or facets.SEARCHES)
        rows = []
        for group, members in {"**all**": timings, **facets.by_group(timings)}.items():
            in_postgres = report.percentiles(timing.in_postgres for timing in members)
            whole = report.percentiles(timing.seconds for timing in members)
            rows.append((group, f"{len(members):,}", *in_postgres, *whole))
        titles = ("", "requests", "Postgres p50 ms", "p95", "p99", "total p50 ms", "p95", "p99")
        say(f"\n### Six facets: one connection, no response cache\n\n{report.table(titles, rows)}")
        for timing in sorted(timings, key=lambda timing: -timing.in_postgres)[: plan.show]:
            say(f"{timing.target}: {timing.in_postgres * 1e3:.1f} ms in Postgres, {timing.books:,} books")
            say("\n".join(f"    {line}" for text in traced.plans(timing.target) for line in text.splitlines()))


def show_search(cluster: Cluster, plan: Plan, folder: Path) -> None:
    """Measure search, and its cost for writes."""
    database = cluster.catalog(plan.books)
    traced = Traced(cluster.url(database), folder / "instance_search")
    with contextlib.closing(traced), as_the_service_connects(cluster, plan.books) as cursor:
        say("\n### Search: one connection, no response cache\n")
        kinds = dict(search.measure(traced, cursor, plan.seed, plan.queries or search.QUERIES))
        rows = []
        for kind, timings in kinds.items():
            for group, members in {f"**{kind}**": timings, **search.by_group(timings)}.items():
                whole = report.percentiles(timing.seconds for timing in members)
                in_postgres = report.percentiles(timing.in_postgres for timing in members)
                fuzzy = f"{sum(timing.fuzzy for timing in members) / max(1, len(members)):.0%}"
                rows.append((group, f"{len(members):,}", *in_postgres, *whole, fuzzy))
        titles = ("", "requests", "Postgres p50 ms", "p95", "p99", "total p50 ms", "p95", "p99", "fuzzy matches")
        say(report.table(titles, rows))
        for kind, timings in kinds.items() if plan.show else ():
            say(f"\n#### The slowest: {kind}\n")
            for timing in sorted(timings, key=lambda timing: -timing.in_postgres)[: plan.show]:
                target, seconds = timing.request.target, timing.seconds
                say(f"{target}: {timing.in_postgres * 1e3:.1f} ms in Postgres, {seconds * 1e3:.1f} ms in total")
                say("\n".join(f"    {line}" for text in traced.plans(target) for line in text.splitlines()))
    found = search.write_cost(cluster, plan.books, folder, plan.rounds, plan.seconds)
    say(f"\n### A new book with two authors, resolved by name\n\n{report.samples(found)}")
    kept, without = found.values()
    cost, slower = kept.cpu / without.cpu, without.rate / kept.rate
    say(f"\nWith search data a write costs {cost:.2f} times the CPU, and takes {slower:.2f} times as long.")


def show_export(cluster: Cluster, plan: Plan, folder: Path) -> None:
    """Measure how fast all books are exported, and the memory that it takes."""
    with as_the_service_connects(cluster, plan.books) as cursor:
        found = export.measure(cluster, plan.books, folder, min(plan.rounds, 3), cursor)
    floor = next(iter(found.values()))
    rows = [
        (
            name,
            f"{timing.median:.1f}",
            f"{plan.books / timing.median:,.0f}",
            f"{timing.size / 2**20:,.0f}",
            f"{floor.median / timing.median:.2f}",
            f"{statistics.median(timing.cpu):.1f}",
            f"{timing.most / 2**20:.0f}" if timing.most else "",
            f"{(timing.most - timing.before) / 2**20:.0f}" if timing.before else "",
        )
        for name, timing in found.items()
    ]
    titles = ("", "seconds", "books a second", "MB", "rate by that of COPY", "CPU, s", "memory, MB", "more, MB")
    say(f"\n### Export of all books\n\n{report.table(titles, rows)}")


def show_quality(found: quality.Findings, plan: Plan) -> None:
    """Measure how often and how fast search finds known records, and show its misses."""
    shown = quality.BOOKS_SHOWN
    few = quality.few(found.items)
    rows = [
        (f"known items, in the first {shown}", *_shares(found.items)),
        (f"those that match at most {shown} books", *_shares(few)),
        ("known items with one typing error", *_shares(found.slips)),
        *((about, *_shares(results)) for about, results in quality.by_class(found.slips).items()),
        (f"authors by an alternate name, in the first {quality.AUTHORS_SHOWN}", *_shares(found.authors)),
        *((about, *_shares(results)) for about, results in quality.by_class(found.authors).items()),
    ]
    titles = ("", "queries", "found", "95 % interval", "p50 ms", "p95", "p99")
    say(f"\n### Search quality on Project Gutenberg's catalogue (seed {plan.seed})\n\n{report.table(titles, rows)}")
    say(f"\n{1 - len(few) / len(found.items):.1%} of the queries for known items match more than {shown} books.")
    ratio = sum(result.found for result in found.slips) / max(1, sum(result.found for result in found.items))
    say(f"With one typing error, {ratio:.3f} times as many are found.")
    everything = (*found.items, *found.slips, *found.authors)
    failed = sum(result.status != 200 for result in everything)
    say(f"{failed:,} of {len(everything):,} responses were errors.")
    kinds = {"Known items": found.items, "With a typing error": found.slips, "Authors": found.authors}
    for name, results in kinds.items() if plan.show else ():
        say(f"\n#### Missed: {name.lower()}\n")
        for result in quality.worst(results, plan.show):
            say(quality.described(result, found.records[result.search.path]))


def _shares(results: list[quality.Result]) -> tuple[str, ...]:
    """Return the cells of a row: number, share of hits with its interval, and times."""
    found = sum(result.found for result in results)
    low, high = quality.wilson(found, len(results))
    share = f"{found / len(results):.2%}" if results else ""
    times = report.percentiles(result.seconds for result in results)
    return f"{len(results):,}", share, f"{low:.2%} – {high:.2%}", *times


def load_and_walk(cluster: Cluster, source: Path) -> None:
    """Import Project Gutenberg's catalogue, and walk it by cursors from end to end."""
    say("\n### Project Gutenberg\n")
    cluster.new("gutenberg")
    gutenberg.load(source, cluster.environment("gutenberg"))
    with contestants.this(cluster, "gutenberg", CACHE_DEFAULT_TIMEOUT="10") as service:
        for sort in SORTS:
            say(f"walk, sort={sort or '(default)'}: {walk(service.address, sort)}")


@contextlib.contextmanager
def as_the_service_connects(cluster: Cluster, books: int) -> Iterator[Any]:
    """Yield a cursor of a connection with the settings of the service's connections."""
    options = " ".join(f"-c {name}={value}" for name, value in (SESSION | {"statement_timeout": "0"}).items())
    connection = psycopg2.connect(cluster.url(cluster.catalog(books)), options=options)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def machine() -> str:
    """Return a short description of the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="a run of two minutes, with fewer books")
    parser.add_argument("--books", type=int, help="the size of the catalog (1,000,000; quick: 10,000)")
    parser.add_argument("--folder", type=Path, help="the folder to keep the generated catalogs in")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the search queries (1)")
    usual = f"search queries of each kind ({search.QUERIES:,}; quality: {quality.QUERIES:,})"
    parser.add_argument("--queries", type=int, help=usual)
    parser.add_argument("--show", type=int, default=0, metavar="N", help="show the N slowest queries, and N misses")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown part: {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}")
    return arguments


if __name__ == "__main__":
    main()
