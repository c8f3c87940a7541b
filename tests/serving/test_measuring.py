"""Loads on real servers: rates, latencies, and errors by kind."""

import _thread
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from arena.actions.serving import address
from arena.actions.serving.bench.measure import measure
from arena.actions.serving.bench.target import Target
from arena.errors import SpecError, Unreachable
from arena.model.benchmarks import Benchmark, Load
from arena.values import replace


def target(url: str, name: str = "it") -> Target:
    """A target whose answers must hold predictions."""
    there = address.parse(url)
    head = f"POST {there.path} HTTP/1.1\r\nHost: {there.netloc}\r\nContent-Length: 2\r\n\r\n"
    return Target(
        name=name,
        address=there,
        requests=(head.encode() + b"{}",),
        right=lambda body: b"predictions" in body,
        reason=lambda body: body.decode()[:40],
    )


def measured(url: str, **load: object) -> Benchmark:
    wanted = {"warmup": 0.0, "duration": 0.5, **load}
    [found] = measure([target(url)], Load(**wanted))  # type: ignore[arg-type]
    return found


def test_a_closed_loop_has_so_many_requests_under_way(answering: str) -> None:
    """Eight connections to a server that takes 50 ms get 8 answers each 50 ms, and open no ninth."""
    found = measured(f"{answering}/slow/0.05", concurrency=8, duration=1.0)
    assert found.failures == ()
    assert found.connections == 8
    assert 0.05 <= found.latency.min <= found.latency.p50 < 0.1
    assert 80 <= found.succeeded <= 160
    assert found.throughput == pytest.approx(found.succeeded / found.seconds)


def test_an_open_loop_keeps_its_rate(answering: str) -> None:
    """At 400 requests a second for one second, exactly 400 are sent, whatever each of them takes."""
    found = measured(f"{answering}/slow/0.1", rps=400.0, duration=1.0)
    assert (found.succeeded, found.failed) == (400, 0)
    assert 1.0 <= found.seconds < 2.0
    assert sum(one.count for one in found.slots) == 400
    assert found.latency.min >= 0.1


def test_a_stall_is_seen_by_all_whom_it_kept_waiting(answering: str) -> None:
    """At a constant rate, a server that stalls for a second is seen in p90 and in the slots of that second.

    A client that waits for each answer would have sent a single request meanwhile.
    """
    found = measured(f"{answering}/freeze/200/1.0", rps=200.0, duration=3.0)
    assert (found.succeeded, found.failed) == (600, 0)
    assert 0.9 < found.latency.max < 2.5
    assert found.latency.p99 > 0.7
    assert found.latency.p90 > 0.4
    late = [one.start for one in found.slots if one.max > 0.5]
    assert late
    assert 0.4 < min(late) < max(late) < 2.5


def test_warming_up_does_not_count(answering: str) -> None:
    """Requests of the warm-up are sent, and are in no figure."""
    found = measured(f"{answering}/fast", rps=100.0, warmup=0.3, duration=0.5)
    assert (found.succeeded, sum(one.count for one in found.slots)) == (50, 50)
    assert found.latency.count == 50
    assert 0.5 <= found.seconds < 0.8


@pytest.mark.parametrize("load", [{"rps": 200.0}, {"concurrency": 4}])
def test_a_number_of_requests(answering: str, load: dict[str, object]) -> None:
    """A load of 25 requests ends with the 25th answer, long before its time is over."""
    found = measured(f"{answering}/fast", requests=25, duration=60.0, **load)
    assert found.succeeded == 25
    assert found.seconds < 5
    assert not found.interrupted


@pytest.mark.parametrize(
    ("path", "kind", "example"),
    [
        ("status/503", "status 503", '{"error": "no such model"}'),
        ("wrong", "wrong answer", '{"nothing": 1}'),
        ("reset", "reset", ""),
        ("half", "reset", ""),
        ("garbage", "wrong answer", "the answer is not HTTP"),
        ("hang", "timeout", ""),
    ],
)
def test_errors_by_kind(answering: str, path: str, kind: str, example: str) -> None:
    """Each kind of failure is counted by its name, with what the server said, and in no latency."""
    found = measured(f"{answering}/{path}", concurrency=2, timeout=0.1)
    assert [(one.kind, one.example) for one in found.failures] == [(kind, example)]
    assert found.failed >= 2
    assert (found.succeeded, found.latency.count, found.error_share) == (0, 0, 1.0)
    assert sum(one.errors for one in found.slots) == found.failed


def test_a_server_that_is_not_there() -> None:
    """A closed port is `refused`, and a closed loop does not spin on it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = measured(f"http://127.0.0.1:{port}", concurrency=2)
    assert [one.kind for one in found.failures] == ["refused"]
    assert 2 <= found.failed <= 24


def test_servers_that_close_after_each_answer(answering: str) -> None:
    """A server without keep-alive gets a new connection for each request, and no error."""
    found = measured(f"{answering}/closing", concurrency=2, requests=20, duration=20.0)
    assert (found.succeeded, found.failures, found.connections) == (20, (), 20)


def test_answers_in_pieces(answering: str) -> None:
    """Chunked answers are right ones, on connections that stay open."""
    found = measured(f"{answering}/chunked", concurrency=2, requests=20, duration=20.0)
    assert (found.succeeded, found.failures, found.connections) == (20, (), 2)


def test_waiting_for_a_connection_counts(answering: str) -> None:
    """With too few connections for the rate, latency includes the time that requests waited for one."""
    found = measured(f"{answering}/slow/0.1", rps=50.0, connections=1, duration=0.5, timeout=60.0)
    assert (found.succeeded, found.connections) == (25, 1)
    assert found.latency.max > 1.5


def test_idle_connections_that_the_server_closes(answering: str) -> None:
    """A server may close idle connections: that is no error, and the next request gets a new one."""
    found = measured(f"{answering}/brief", rps=5.0, duration=1.0)
    assert (found.succeeded, found.failures, found.connections) == (5, (), 5)


def test_large_requests_and_answers(answering: str) -> None:
    """Megabytes in both directions, which sockets take in pieces, are right answers."""
    one = target(f"{answering}/large/5000000")
    body = b" " * 5_000_000
    request = one.requests[0].replace(b"Content-Length: 2", b"Content-Length: %d" % (len(body) + 2)) + body
    [found] = measure([replace(one, requests=(request,))], Load(concurrency=2, requests=6, warmup=0.0))
    assert (found.succeeded, found.failures, found.connections) == (6, (), 2)
    assert found.bytes_received > 6 * 5_000_000


def test_tls(secure: str, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over TLS, connections stay open too; a certificate that nobody vouches for is an error of that kind."""
    found = measured(f"{secure}/fast", concurrency=2, requests=40, duration=20.0)
    assert {(one.kind, "verify failed" in one.example) for one in found.failures} == {("tls", True)}
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    found = measured(f"{secure}/fast", concurrency=2, requests=40, duration=20.0)
    assert (found.succeeded, found.failures, found.connections) == (40, (), 2)
    found = measured(f"{secure}/chunked", rps=50.0, duration=0.5)
    assert (found.succeeded, found.failures) == (25, ())


def test_measuring_costs_little(answering: str) -> None:
    """One core of the client carries far more than 5,000 requests a second."""
    found = measured(f"{answering}/fast", concurrency=16, duration=1.0)
    assert found.failures == ()
    assert found.succeeded / (found.client_share * found.seconds) > 5000


def test_two_servers_side_by_side(answering: str) -> None:
    """Two targets are loaded at the same time, each with the whole load, and measured apart."""
    both = [target(f"{answering}/slow/0.02", "quick"), target(f"{answering}/slow/0.2", "slow")]
    quick, slow = measure(both, Load(rps=50.0, duration=1.0, warmup=0.0))
    assert (quick.name, quick.succeeded) == ("quick", 50)
    assert (slow.name, slow.succeeded) == ("slow", 50)
    assert quick.latency.p50 < 0.1 < 0.2 <= slow.latency.p50
    assert quick.started == slow.started


def test_live_figures(answering: str) -> None:
    """What is told while it runs grows, and ends below the result."""
    told: list[int] = []
    [found] = measure(
        [target(f"{answering}/fast")],
        Load(rps=100.0, duration=2.0, warmup=0.0),
        lambda so_far: told.append(so_far[0].succeeded),
    )
    assert len(told) >= 2
    assert told == sorted(set(told))
    assert told[-1] <= found.succeeded == 200


def stopping(answering: str, stop: Callable[[], object], event: threading.Event) -> Benchmark:
    """Measure a server that takes 400 ms until half a second has been measured."""
    load = Load(concurrency=3, duration=60.0, warmup=0.0)
    [found] = measure([target(f"{answering}/slow/0.4")], load, lambda so_far: stop(), event)
    return found


def test_ctrl_c_keeps_what_was_measured(answering: str) -> None:
    """Ctrl-C ends the measurement at once; what has been answered counts, what is under way is unanswered."""
    found = stopping(answering, _thread.interrupt_main, threading.Event())
    assert found.interrupted
    assert 3 <= found.succeeded <= 6
    assert (found.failed, found.unanswered) == (0, 3)
    assert 0.4 < found.seconds < 5


def test_another_thread_can_stop_it(answering: str) -> None:
    """Setting `stop` does what Ctrl-C does."""
    event = threading.Event()
    found = stopping(answering, event.set, event)
    assert found.interrupted
    assert found.succeeded >= 3
    assert found.seconds < 5


def test_a_host_that_does_not_exist() -> None:
    """An unknown name is an error with the name, before anything is sent."""
    with pytest.raises(Unreachable, match=r"no-such-host\.invalid is unknown"):
        measured("http://no-such-host.invalid:80")


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:80", "ftp://x", "http://", "http://a:b", "http://a:70000", "http://a/x?y=1", "http://a b"],
)
def test_urls_that_are_none(url: str) -> None:
    """What is no HTTP address is refused."""
    with pytest.raises(SpecError):
        address.parse(url)


def test_passwords_in_urls_are_refused_unseen() -> None:
    """A URL with a password is refused, and the message does not repeat it."""
    for url in ("http://me:hunter2@host/", "me:hunter2@host"):
        with pytest.raises(SpecError) as caught:
            address.parse(url)
        assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"
