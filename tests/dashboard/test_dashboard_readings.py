"""Answers of panels are read once for all viewers, and a slow one delays no other."""

import threading

from product import until

from arena.dashboard import readings
from arena.dashboard.readings import Answer, Readings


def test_one_reading_for_all_viewers() -> None:
    """Viewers who ask at the same time, or a moment later, share one reading."""
    shared, read, go = Readings(), [], threading.Event()

    def slow() -> bytes:
        read.append(1)
        go.wait(30)
        return b"{}"

    found: list[object] = []
    viewers = [threading.Thread(target=lambda: found.append(shared.answer("a", slow))) for _ in range(20)]
    for one in viewers:
        one.start()
    until(lambda: read)
    go.set()
    for one in viewers:
        one.join()
    assert len(read) == 1
    assert {type(one) for one in found} == {Answer}
    shared.answer("a", slow)
    assert len(read) == 1


def test_a_slow_reading_delays_nobody() -> None:
    """While a panel is read, its viewers get the last answer or how long it takes; others are read."""
    shared, go = Readings(), threading.Event()

    def slow() -> bytes:
        go.wait(30)
        return b"slow"

    waiting = shared.answer("slow", slow, wait=0.0)
    assert isinstance(waiting, float)
    quick = shared.answer("quick", lambda: b"quick")
    assert isinstance(quick, Answer)
    assert quick.body == b"quick"
    go.set()
    last = until(lambda: isinstance(one := shared.answer("slow", slow), Answer) and one)
    assert last.body == b"slow"


def test_the_last_answer_stays_while_the_next_is_read(monkeypatch) -> None:
    """A panel that becomes slow still shows its last answer."""
    monkeypatch.setattr(readings, "FRESH", 0.0)
    monkeypatch.setattr(readings, "SHARE", 0.0)
    shared, go = Readings(), threading.Event()
    first = shared.answer("a", lambda: b"first")

    def slow() -> bytes:
        go.wait(30)
        return b"next"

    assert shared.answer("a", slow, wait=0.0) == first
    go.set()
    assert until(lambda: (one := shared.answer("a", slow)) != first and one).body == b"next"


def test_a_large_cluster_is_asked_less_often(monkeypatch) -> None:
    """After a reading that took long, the next one waits a multiple of that time."""
    now = [100.0]
    monkeypatch.setattr(readings, "monotonic", lambda: now[0])
    shared, read = Readings(), []

    def slow() -> bytes:
        read.append(1)
        now[0] += 3.0
        return b"{}"

    shared.answer("a", slow)
    now[0] += 11.0
    shared.answer("a", slow)
    assert len(read) == 1
    now[0] += 1.5
    shared.answer("a", slow)
    assert len(read) == 2


def test_forgotten_answers(monkeypatch) -> None:
    """An answer that nobody asks for leaves the memory."""
    now = [100.0]
    monkeypatch.setattr(readings, "monotonic", lambda: now[0])
    shared = Readings()
    shared.answer("a", lambda: b"a")
    now[0] += readings.KEPT + 1
    shared.answer("b", lambda: b"b")
    assert list(shared._readings) == ["b"]
