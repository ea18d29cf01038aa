"""Load on a service, by wrk; and what it costs: requests a second, waiting times, and CPU of all processes involved."""

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
    """One measure: requests a second, waiting times in seconds, seconds of CPU a request of service and Postgres.

    In a sample that stands for several, each figure is the median of theirs.
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
    """The medians of several samples."""
    samples = list(samples)
    names = ("rate", "p50", "p99", "service", "postgres")
    return Sample(*(statistics.median(getattr(sample, name) for sample in samples) for name in names))


def in_turns(contestants: Mapping[str, Measure], rounds: int, seconds: float) -> dict[str, Sample]:
    """The medians of each contestant, all measured once in each round; a first short round warms them up."""
    found: dict[str, list[Sample]] = {name: [] for name in contestants}
    for measure in contestants.values():
        measure(min(1.0, seconds))
    for _ in range(rounds):
        for name, measure in contestants.items():
            found[name].append(measure(seconds))
    return {name: median(samples) for name, samples in found.items()}


def by_wrk(address: str, requests: Path, service: int, postgres: int, connections: int = CONNECTIONS) -> Measure:
    """A measure of the service at `address` under requests drawn from a file (see wrk.lua).

    `service` and `postgres`: the processes whose CPU counts, with their children. An answer that is no 2xx or 3xx is an
    error: nothing was measured then.
    """

    def measure(seconds: float) -> Sample:
        before = [_cpu(service), _cpu(postgres)]
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(SCRIPT), address, "--"]
        output = subprocess.run([*command, str(requests)], check=True, capture_output=True, text=True).stdout
        after = [_cpu(service), _cpu(postgres)]
        result = json.loads(output.splitlines()[-1])
        if result["refused"] or result["failed"] or not result["requests"]:
            raise RuntimeError(f"{address} failed: {output}")
        count = result["requests"]
        used = [(end - start) / count for start, end in zip(before, after, strict=True)]
        return Sample(count / result["seconds"], result["p50"], result["p99"], *used)

    return measure


def by_pgbench(program: Path, url: str, script: str, postgres: int, connections: int = CONNECTIONS) -> Measure:
    """A measure of a statement by itself, prepared, over so many connections."""

    def measure(seconds: float) -> Sample:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "script.sql")
            file.write_text(script)
            before, own = _cpu(postgres), _children_cpu()
            command = [program, "--no-vacuum", "--protocol=prepared", f"--client={connections}", "--jobs=1", "--log"]
            command += [f"--time={max(1, round(seconds))}", f"--file={file}", "--sampling-rate=0.1", url]
            output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout
            after, own_after = _cpu(postgres), _children_cpu()
            logs = [line.split() for log in Path(folder).glob("pgbench_log*") for line in log.read_text().splitlines()]
        count = int(_only(r"transactions actually processed: (\d+)", output))
        waits = sorted(int(fields[2]) / 1e6 for fields in logs)
        rate = float(_only(r"tps = ([\d.]+)", output))
        at = [waits[int(len(waits) * share)] for share in (0.5, 0.99)]
        return Sample(rate, *at, (own_after - own) / count, (after - before) / count)

    return measure


def available(*programs: str) -> bool:
    """Whether all of these programs are installed; says which are not."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        print(f"({', '.join(missing)} not installed: left out)", flush=True)
    return not missing


def _only(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if not match:
        raise RuntimeError(text)
    return match[1]


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process and its children have used, those that ended meanwhile included."""
    used = 0.0
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            used += sum(process.cpu_times()[:4])  # of its own and of children that it has seen end
    return used


def _children_cpu() -> float:
    times = psutil.Process().cpu_times()
    return times.children_user + times.children_system
