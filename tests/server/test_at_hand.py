"""What the application has at hand is answered in the main loop; the rest goes to a thread, and nothing gets lost."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .applications import LARGE
from .conftest import THREADS, Meeting, Serve, Served, get, post, small_buffer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("meeting")


@pytest.fixture(scope="module")
def served(serve: Serve, folder: Path) -> Iterator[Served]:
    served = serve("versatile", folder, keep_alive="60")
    workers = served.workers()
    yield served
    assert served.workers() == workers
    served.stop()


def test_hits_sent_at_once_are_answered_in_order(served: Served) -> None:
    wire = served.connect(b"".join(get(f"/hit/{number}") for number in range(500)))
    for number in range(500):
        answer = wire.answer()
        assert (answer.body, answer.headers["x-from"]) == (f"/hit/{number}".encode(), "hand")


def test_hits_and_others_sent_at_once_are_answered_in_order(served: Served) -> None:
    sent, expected = [], []
    for number in range(200):
        kind = random.Random(number).randrange(4)
        path = (f"/hit/{number}", f"/short/{number % 20}", f"/other/{number}", f"/exact/{number}")[kind]
        body = b"x" * (number % 3)
        sent.append(post(path, body) if kind == 2 else get(path))
        expected.append(
            {0: path, 1: f"{path} 0", 2: f"{path} {len(body)}", 3: "one two"}[kind].encode(),
        )
    whole = b"".join(sent)
    for size in (len(whole), 1000, 37):
        wire = served.connect()
        for start in range(0, len(whole), size):
            wire.send(whole[start : start + size])
        assert [wire.answer().body for _ in expected] == expected


def test_head_of_what_is_at_hand_has_no_body(served: Served) -> None:
    wire = served.connect(get("/hit/1", "HEAD") + get("/hit/2"))
    head = wire.answer(to_head=True)
    assert (head.status, head.headers["content-length"]) == (200, "6")
    assert wire.answer().body == b"/hit/2"


def test_the_last_one_ends_its_connection(served: Served) -> None:
    for path in ("/hit", "/other"):
        wire = served.connect(get(path) + get(path, last=True) + get(path))
        assert [wire.answer().headers["connection"] for _ in range(2)] == ["keep-alive", "close"]
        assert wire.ended()


@pytest.mark.parametrize("path", ["/raises", "/raises/late", "/raises/header", "/none"])
def test_where_nothing_is_at_hand_the_application_is_asked(path: str, served: Served) -> None:
    wire = served.connect(get(path) * 2 + get("/hit"))
    for _ in range(2):
        answer = wire.answer()
        assert (answer.status, answer.headers["x-from"], answer.body) == (200, "thread", f"{path} 0".encode())
        assert "x-evil" not in answer.headers
    assert wire.answer().headers["x-from"] == "hand"


def test_a_hit_that_is_larger_than_the_buffers_arrives_whole_however_slowly_it_is_read(served: Served) -> None:
    slow = [small_buffer(served, get("/large/1")) for _ in range(THREADS - 1)]
    for wire in slow:
        wire.begins()
    for _ in range(20):  # and holds nobody up meanwhile
        assert served.get("/hit/x") == b"/hit/x"
        assert served.get("/other") == b"/other 0"
    slow[0].send(get("/large/2") + get("/other") + get("/hit/3") + get("/large/4"))  # it is busy: parked
    slow[1].send(get("/large/2", last=True))
    assert all(wire.answer().body == LARGE for wire in slow)
    assert slow[0].answer().body == LARGE
    assert slow[0].answer().body == b"/other 0"
    assert slow[0].answer().body == b"/hit/3"
    assert slow[0].answer().body == LARGE
    assert slow[1].answer().body == LARGE
    assert slow[1].ended()
    slow[2].send(get("/hit/5"))
    assert slow[2].answer().body == b"/hit/5"


def test_the_next_request_may_come_at_any_moment_of_the_one_before(served: Served) -> None:
    """Also while a thread has the connection: then it is listened to again afterwards."""

    def talk(seed: int) -> list[bytes]:
        chance = random.Random(seed)
        wire = served.connect()
        wrong = []
        for number in range(80):
            paths = [chance.choice((f"/hit/{number}", f"/short/{chance.randrange(30)}")) for _ in range(3)]
            for path in paths:
                sent = get(path)
                cut = chance.randrange(len(sent))
                wire.send(sent[:cut])
                if chance.random() < 0.5:
                    pause(chance.random() / 500)
                wire.send(sent[cut:])
            for path in paths:
                body = wire.answer().body
                wrong += [body] if body.split()[0] != path.encode() else []
        return wrong

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(talk, range(6))) == [[]] * 6


def pause(seconds: float) -> None:
    """Let other things happen."""
    pair = socket.socketpair()
    with pair[0] as one, pair[1]:
        one.settimeout(seconds)
        try:
            one.recv(1)
        except (TimeoutError, BlockingIOError):
            return


@pytest.fixture
def meeting(folder: Path) -> Meeting:
    for left in folder.iterdir():
        left.unlink()
    return Meeting(folder)


# `server.moment` is a number that all requests share that had arrived at one moment: what the application asked for
# the first of them (which state is the present one?) it need not ask for the others. A request that was sent after
# that was asked must not have the same number: a write may have been acknowledged in between.


def test_requests_of_one_connection_after_the_other_are_of_different_moments(served: Served) -> None:
    wire = served.connect()
    seen = []
    for _ in range(20):
        wire.send(get("/moment"))
        seen.append(int(wire.answer().body))
    assert seen == sorted(set(seen))


def test_a_connection_that_was_waiting_to_be_accepted_is_of_its_own_moment(served: Served, meeting: Meeting) -> None:
    asker = served.connect(get("/hit"))
    assert asker.answer().body == b"/hit"
    holder = served.connect(get("/hold/first"))
    meeting.there("first")  # the main loop is in there, and all of the following happens before it looks again
    asker.send(get("/hold/second"))
    late = served.connect()
    meeting.go("first")
    meeting.there("second")  # what the asker was told is asked for now; and only then the late one asks
    late.send(get("/moment"))
    meeting.go("second")
    assert holder.answer().status == 200
    assert late.answer().body != asker.answer().body


def test_a_request_sent_behind_another_is_of_its_own_moment(served: Served, meeting: Meeting) -> None:
    asker, late = served.connect(get("/hit")), served.connect(get("/hit"))
    assert (asker.answer().body, late.answer().body) == (b"/hit", b"/hit")
    holder = served.connect(get("/hold/first"))
    meeting.there("first")
    asker.send(get("/hold/second"))
    late.send(b"GET /mome")
    meeting.go("first")
    meeting.there("second")
    late.send(get("/moment")[9:] + get("/moment"))  # the second of them begins only now
    meeting.go("second")
    assert holder.answer().status == 200
    assert late.answer().status == 200
    assert late.answer().body != asker.answer().body


def test_a_request_sent_behind_a_write_is_of_a_moment_after_it(served: Served, meeting: Meeting) -> None:
    asker, writer, other = served.connect(get("/hit")), served.connect(get("/hit")), served.connect(get("/hit"))
    assert {wire.answer().body for wire in (asker, writer, other)} == {b"/hit"}
    writer.send(get("/wait/write") + get("/moment"))
    other.send(get("/wait/other") + get("/hit"))
    meeting.there("write")
    meeting.there("other")
    holder = served.connect(get("/hold/first"))
    meeting.there("first")
    asker.send(get("/hold/second"))
    meeting.go("other")  # something for the main loop to wake up for
    assert other.answer().status == 200
    meeting.go("first")
    meeting.there("second")
    meeting.go("write")
    assert writer.answer().status == 200  # the write is acknowledged, after the asker was told
    meeting.go("second")
    assert holder.answer().status == 200
    assert writer.answer().body != asker.answer().body
