"""Measures a service under load by wrk: requests a second, latency, and CPU of all processes."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

CONNECTIONS = 16
SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True)
class Sample:
    """One measurement: requests a second, latencies in seconds, CPU seconds a request of service and Postgres.

    In a sample that summarizes several, each number is the median of theirs.
    """

    rate: float
    p50: float
    p99: float
    service: float
    postgres: float

    @property
    def cpu(self) -> float:
        return self.service + self.postgres


Measure = Callable[[float], Sample]


def median(samples: Iterable[Sample]) -> Sample:
    """Return the medians of several samples."""
    samples = list(samples)
    names = ("rate", "p50", "p99", "service", "postgres")
    return Sample(*(statistics.median(getattr(sample, name) for sample in samples) for name in names))


def in_turns(contestants: Mapping[str, Measure], rounds: int, seconds: float) -> dict[str, Sample]:
    """Measure all contestants once in each round, after a short warm-up; return the medians of each."""
    found: dict[str, list[Sample]] = {name: [] for name in contestants}
    for measure in contestants.values():
        measure(min(1.0, seconds))
    for _ in range(rounds):
        for name, measure in contestants.items():
            found[name].append(measure(seconds))
    return {name: median(samples) for name, samples in found.items()}


def by_wrk(address: str, requests: Path, service: int, postgres: int, connections: int = CONNECTIONS) -> Measure:
    """Return a measurement of the service at `address` with random requests from a file (see wrk.lua).

    `service` and `postgres` are the processes whose CPU is counted, with their children. A response that is neither 2xx
    nor 3xx makes the measurement fail.
    """

    def measure(seconds: float) -> Sample:
        before = [cpu_seconds(service), cpu_seconds(postgres)]
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(SCRIPT), address, "--"]
        output = subprocess.run([*command, str(requests)], check=True, capture_output=True, text=True).stdout
        after = [cpu_seconds(service), cpu_seconds(postgres)]
        result = json.loads(output.splitlines()[-1])
        if result["refused"] or result["failed"] or not result["requests"]:
            raise RuntimeError(f"{address} failed: {output}")
        count = result["requests"]
        used = [(end - start) / count for start, end in zip(before, after, strict=True)]
        return Sample(count / result["seconds"], result["p50"], result["p99"], *used)

    return measure


def by_pgbench(program: Path, url: str, script: str, postgres: int, connections: int = CONNECTIONS) -> Measure:
    """Return a measurement of one prepared statement over `connections` connections."""

    def measure(seconds: float) -> Sample:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "script.sql")
            file.write_text(script)
            before, own = cpu_seconds(postgres), _children_cpu()
            command = [program, "--no-vacuum", "--protocol=prepared", f"--client={connections}", "--jobs=1", "--log"]
            command += [f"--time={max(1, round(seconds))}", f"--file={file}", "--sampling-rate=0.1", url]
            output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout
            after, own_after = cpu_seconds(postgres), _children_cpu()
            logs = [line.split() for log in Path(folder).glob("pgbench_log*") for line in log.read_text().splitlines()]
        count = int(_only(r"transactions actually processed: (\d+)", output))
        waits = sorted(int(fields[2]) / 1e6 for fields in logs)
        rate = float(_only(r"tps = ([\d.]+)", output))
        at = [waits[int(len(waits) * share)] for share in (0.5, 0.99)]
        return Sample(rate, *at, (own_after - own) / count, (after - before) / count)

    return measure


def available(*programs: str) -> bool:
    """Return whether all of these programs are installed, and print those that are not."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        print(f"({', '.join(missing)} not installed: skipped)", flush=True)
    return not missing


def _only(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if not match:
        raise RuntimeError(text)
    return match[1]


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a process and its children, including those that have ended."""
    used = 0.0
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            used += sum(process.cpu_times()[:4])  # its own, and of its children that have ended
    return used


def _children_cpu() -> float:
    times = psutil.Process().cpu_times()
    return times.children_user + times.children_system
