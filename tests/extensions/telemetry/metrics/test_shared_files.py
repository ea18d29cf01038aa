"""Counts of workers that share a folder: no counter goes back and no file grows when workers are replaced."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict

from extensions.telemetry.metrics import Counts, Family, Kind
from extensions.telemetry.metrics.shared_files import (
    SCRAPES,
    create_folder,
    file_of,
    key_of,
    merge_ended,
    read_values,
)

REPLACEMENTS = 200
COUNTER = Family("served_total", Kind.COUNTER, "Requests.", ("route",))
GAUGE = Family("busy", Kind.GAUGE, "Threads.")
HISTOGRAM = Family("seconds", Kind.HISTOGRAM, "Durations.", ("route",), (0.1, 1.0))
SERVED, BUSY = key_of(Kind.COUNTER, "served_total", ["/books"]), key_of(Kind.GAUGE, "busy", [])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a service without workers."""
    return create_folder(tmp_path / "metrics")


def work(folder: Path, process_id: int, requests: int) -> Counts:
    """Be a worker that serves some requests, and is then killed."""
    counts = Counts()
    counts.open(file_of(folder, process_id))
    counts.add(COUNTER, ("/books",), requests)
    counts.set(GAUGE, (), 3)
    counts.add_observations(HISTOGRAM, ("/books",), (requests, 0, 0), requests * 0.01)
    counts.write()
    return counts


def test_counts_of_all_workers_are_added_up(folder: Path) -> None:
    work(folder, 1, 5)
    work(folder, 2, 7)
    assert (read_values(folder)[SERVED], read_values(folder)[BUSY]) == (12, 6)


def test_replaced_workers_leave_their_counters_and_no_files(folder: Path) -> None:
    served, sizes = [], []
    for number in range(1, REPLACEMENTS + 1):
        work(folder, number, 1)
        served.append(read_values(folder)[SERVED])
        merge_ended(folder, {number})  # the one before was killed
        served.append(read_values(folder)[SERVED])
        sizes.append(sorted((file.name, file.stat().st_size) for file in folder.iterdir() if file.stem == "ended"))
        assert len(list(folder.iterdir())) <= 4
    assert served == sorted(served)
    assert served[-1] == REPLACEMENTS
    assert sizes[1:] == [sizes[1]] * (REPLACEMENTS - 1)


def test_gauges_end_with_their_worker(folder: Path) -> None:
    work(folder, 1, 5)
    merge_ended(folder, ())
    assert BUSY not in read_values(folder)


def test_scrapes_during_merges_never_go_back(folder: Path) -> None:
    seen: list[float] = []
    is_over = threading.Event()

    def scrape() -> None:
        while not is_over.is_set():
            seen.append(read_values(folder).get(SERVED, 0))

    reader = threading.Thread(target=scrape)
    reader.start()
    for number in range(1, REPLACEMENTS + 1):
        work(folder, number, 1)
        merge_ended(folder, ())
    is_over.set()
    reader.join()
    assert seen == sorted(seen)
    merge_ended(folder, ())
    assert read_values(folder)[SERVED] == REPLACEMENTS


def test_a_hanging_scrape_delays_a_merge(folder: Path) -> None:
    work(folder, 1, 5)
    with (folder / SCRAPES).open("r+b") as scrape:
        fcntl.flock(scrape, fcntl.LOCK_SH)
        merge_ended(folder, ())
        assert file_of(folder, 1).exists()
    merge_ended(folder, ())
    assert not file_of(folder, 1).exists()
    assert read_values(folder)[SERVED] == 5


def test_a_worker_with_a_former_id_goes_on_counting(folder: Path) -> None:
    work(folder, 1, 5)
    work(folder, 1, 2)
    assert (read_values(folder)[SERVED], read_values(folder)[BUSY]) == (7, 3)


def test_a_folder_goes_with_its_service(tmp_path: Path) -> None:
    ended, running = tmp_path / "service-ended", create_folder(tmp_path)
    ended.mkdir()
    (ended / "owner.lock").touch()
    started = create_folder(tmp_path)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {running.name, started.name}


def test_a_folder_without_an_owner_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "service-half").mkdir()
    started = create_folder(tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == [started.name]


def test_a_folder_is_private(folder: Path) -> None:
    work(folder, 1, 5)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (folder, file_of(folder, 1))}
    assert set(modes.values()) == {0o700, 0o600}


def test_prometheus_client_reads_the_files(folder: Path) -> None:
    counts = work(folder, 1, 5)
    stored = {key: value for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file_of(folder, 1)))}
    assert stored == counts.values()


def test_a_full_disk_loses_no_counts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = work(folder, 1, 5)
    counts.add(COUNTER, ("/books",), 2)
    with monkeypatch.context() as full:
        full.setattr("os.pwrite", lambda *_: 0)
        with pytest.raises(OSError, match="No space left"):
            counts.write()
    counts.write()
    assert read_values(folder)[SERVED] == 7
