"""The order of tests in several processes: each starts with slow tests.

Under ``--dist worksteal``, each process runs a part of the collected tests, and then takes tests from the end of other
parts. So no slow test is left at the end.
"""

from __future__ import annotations

from itertools import islice

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "slow(seconds): begins early. On a module, its tests stay together and take the seconds together."
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    processes = getattr(config, "workerinput", {}).get("workercount", 1)
    if processes > 1:
        items[:] = [item for part in distribute(items, processes) for item in part]


def distribute(items: list[pytest.Item], processes: int) -> list[list[pytest.Item]]:
    """Divide tests into equal parts, each starting with slow tests, longest first."""
    slow: dict[str, tuple[float, list[pytest.Item]]] = {}  # by what has the mark: a test or a module
    others = []
    for item in items:
        node, mark = next(item.iter_markers_with_node("slow"), (None, None))
        if node and mark:
            slow.setdefault(node.nodeid, (mark.args[0], []))[1].append(item)
        else:
            others.append(item)
    parts: list[list[pytest.Item]] = [[] for _ in range(processes)]
    seconds = [0.0] * processes
    for duration, together in sorted(slow.values(), key=lambda unit: -unit[0]):
        shortest = seconds.index(min(seconds))
        seconds[shortest] += duration
        parts[shortest] += together
    rest = iter(others)
    for number, part in enumerate(parts):
        size = len(items) * (number + 1) // processes - len(items) * number // processes
        part += islice(rest, max(0, size - len(part)))
    parts[-1] += rest
    return parts
