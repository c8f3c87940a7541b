"""The proxy where something is wrong: malformed messages, pods that vanish, no pod at all."""

import contextlib
import socket
import struct
import threading

import pytest
from backends import Pod, Service, Wire, body_of, plain, request
from hypothesis import given
from hypothesis import strategies as st
from product import until

from arena.local.programs.proxy.routes import Backend, Group, Route

HOST = b"Host: web\r\n"
MALFORMED = {
    "no version": (b"GET /\r\n\r\n", 400),
    "another version": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 400),
    "a blank target": (b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
    "bare line feeds": (b"GET / HTTP/1.1\n" + b"Host: web\n\n\r\n\r\n", 400),
    "a bare line feed": (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\nC: d\r\n\r\n", 400),
    "a bare carriage return": (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\rC: d\r\n\r\n", 400),
    "a folded line": (b"GET / HTTP/1.1\r\n" + HOST + b" more\r\n\r\n", 400),
    "a blank before the colon": (b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length : 5\r\n\r\nhello", 400),
    "no name": (b"GET / HTTP/1.1\r\n" + HOST + b": a\r\n\r\n", 400),
    "a zero byte": (b"GET / HTTP/1.1\r\n" + HOST + b"A: \0\r\n\r\n", 400),
    "length and chunks": (
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "two lengths": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
    "the same length twice": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5, 5\r\n\r\nhello", 400),
    "a negative length": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", 400),
    "a signed length": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +5\r\n\r\nhello", 400),
    "a hexadecimal length": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0x5\r\n\r\nhello", 400),
    "a long length": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", 400),
    "another encoding": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    "an odd encoding": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: \x0bchunked\r\n\r\n", 400),
    "chunked twice": (
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        501,
    ),
    "an old client's chunks": (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "a length of this connection": (
        b"POST / HTTP/1.1\r\n" + HOST + b"Connection: content-length, x\r\nContent-Length: 5\r\n\r\nhello",
        400,
    ),
    "a tunnel": (b"CONNECT a:80 HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    "a long head": (b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    "an endless line": (b"G" * 70_000, 431),
}
CHUNKS = [
    b"x\r\n",
    b"-1\r\n",
    b"0x5\r\nhello\r\n",
    b" 5\r\nhello\r\n",
    b"5\nhello\r\n",
    b"5\r\nhello!\r\n",
    b"\r\n",
]
CHUNKS += [
    b"5" * 20 + b"\r\n",
    b"5;" + b"x" * 5000,
    b"0\r\nno field\r\n\r\n",
    b"5\r\nhello\n5\r\n",
    b"5;\0\r\nhello\r\n",
]
CHUNKS += [b"0\r\n" + b"A: b\r\n" * 20_000]


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_requests(web: Service, name: str) -> None:
    """A request that two programs could read differently is refused, and no pod sees any of it."""
    pod = web.pod()
    web.route(pod)
    text, status = MALFORMED[name]
    client = web.dial()
    client.send(text)
    answer = client.answer()
    assert answer.status == status
    assert "connection: close" in answer.head
    assert client.rest() == b""
    assert pod.connections == 0
    assert web.ask().status == 200


@pytest.mark.parametrize("chunks", CHUNKS, ids=[repr(one[:16]) for one in CHUNKS])
def test_malformed_chunks(web: Service, chunks: bytes) -> None:
    """What follows a malformed chunk is no request, and the pod is disconnected within the body."""
    pod = web.pod()
    web.route(pod)
    client = web.dial()
    client.send(request("/", "POST", Transfer_Encoding="chunked") + b"1\r\na\r\n" + chunks)
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        client.send(request("/smuggled"))
    assert client.answer().status == 400
    until(lambda: web.counted()["inFlight"] == 0)
    assert pod.heads == []


@given(st.binary(max_size=8), st.binary(max_size=8), st.sampled_from([b"chunked", b"identity", b""]))
def test_two_framings(shared: Service, before: bytes, after: bytes, encoding: bytes) -> None:
    """A length beside a transfer encoding is refused, however that is written; no pod sees it."""
    value = b"".join((before, encoding, after))
    smuggled = request("/smuggled")
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\nTransfer-Encoding:" % len(smuggled)
    client = Wire(socket.create_connection(("127.0.0.1", shared.port)))
    with contextlib.suppress(ConnectionError):
        client.send(head + value + b"\r\n\r\n" + smuggled)
        assert client.answer().status in (400, 501)
    client.close()
    assert not [one for pod in shared.pods for one in pod.heads if "/smuggled" in one]


@given(
    st.lists(
        st.sampled_from(
            [
                b"GET / HTTP/1.1\r\n",
                b"POST / HTTP/1.1\r\n",
                HOST,
                b"Content-Length: 5\r\n",
                b"\r\n",
                b"hello",
                b"0\r\n\r\n",
                b"Transfer-Encoding: chunked\r\n",
                b"5\r\nhello\r\n",
                b"\n",
                b"\r",
                b" ",
                b"\x00",
                b"Upgrade: a\r\n",
                b":",
                b"Connection: upgrade\r\n",
                b"Expect: 100-continue\r\n",
                b"PRI * HTTP/2.0\r\n\r\n",
                b"HEAD /x HTTP/1.0\r\n",
            ]
        )
        | st.binary(max_size=20),
        max_size=12,
    ),
    st.integers(1, 200),
)
def test_any_bytes(shared: Service, parts: list[bytes], size: int) -> None:
    """Whatever a client sends, in whatever pieces, the proxy goes on, and forgets the client with its end."""
    pid = shared.pid()
    text = b"".join(parts)
    client = Wire(socket.create_connection(("127.0.0.1", shared.port)))
    with contextlib.suppress(ConnectionError):
        for at in range(0, len(text), size):
            client.send(text[at : at + size])
        client.sock.shutdown(socket.SHUT_WR)
        client.rest()
    client.close()
    one = Wire(socket.create_connection(("127.0.0.1", shared.port)))
    assert one.ask().status == 200
    one.close()
    assert shared.pid() == pid


@pytest.fixture(scope="module")
def shared() -> "object":
    """A Service for many examples."""
    import backends

    with backends.service() as made:
        made.route(made.pod())
        yield made
        until(lambda: made.counted()["inFlight"] == 0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["GET", "POST", "PUT", "PURGE"]), st.binary(max_size=3000), st.integers(0, 50)
        ),
        min_size=1,
        max_size=8,
    ),
    st.integers(1, 3000),
)
def test_any_requests(echoing: Service, parts: list[tuple[str, bytes, int]], size: int) -> None:
    """Requests arrive as they were sent, in whatever pieces, and are answered in their order."""
    text = b""
    for at, (method, body, chunk) in enumerate(parts):
        if chunk:
            pieces = [body[start : start + chunk] for start in range(0, len(body), chunk)]
            text += request(f"/{at}", method, Transfer_Encoding="chunked")
            text += b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"
        else:
            text += request(f"/{at}", method, body)
    client = Wire(socket.create_connection(("127.0.0.1", echoing.port)))
    for start in range(0, len(text), size):
        client.send(text[start : start + size])
    for at, (method, body, _) in enumerate(parts):
        assert client.answer().body == f"{method} /{at} ".encode() + body
    client.close()


@pytest.fixture(scope="module")
def echoing() -> "object":
    """A Service whose pods answer with the request."""
    import backends

    def serve(wire: Wire) -> None:
        while head := wire.head():
            body = body_of(wire, head)
            wire.send(plain(b"%s %s " % tuple(head.split()[:2]) + body))

    with backends.service() as made:
        made.route(made.pod("a", serve), made.pod("b", serve))
        yield made


BAD_ANSWERS = [
    b"hello\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
    b"HTTP/1.1 20 OK\r\n\r\n",
    b"\r\n\r\n",
]
BAD_ANSWERS += [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"]
BAD_ANSWERS += [b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"HTTP/1.1 101 Switching Protocols\r\n\r\n"]
BAD_ANSWERS += [b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000 + b"\r\n\r\n"]


@pytest.mark.parametrize("text", BAD_ANSWERS, ids=[repr(one[:40]) for one in BAD_ANSWERS])
def test_malformed_answers(web: Service, text: bytes) -> None:
    """An answer that is not HTTP/1.1 becomes 502, and the client's connection can be used again."""

    def serve(wire: Wire) -> None:
        wire.head()
        wire.send(text)
        wire.rest()

    web.route(web.pod("a", serve))
    client = web.dial()
    assert client.ask().status == 502
    web.route(web.pod("b"))
    assert client.ask().body == b"b"
    assert web.counted()["failures"] == 1


def test_an_answer_that_breaks_off(web: Service) -> None:
    """A pod that dies within its answer cuts the answer short: the client can tell."""
    for head in (b"Content-Length: 1000\r\n\r\nbegun", b"Transfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n"):

        def serve(wire: Wire, head: bytes = head) -> None:
            wire.head()
            wire.send(b"HTTP/1.1 200 OK\r\n" + head)

        web.route(web.pod("a", serve))
        client = web.dial()
        client.send(request())
        assert client.rest().endswith(head)
        assert web.counted()["failures"] >= 1


def test_connections_that_pods_close(web: Service) -> None:
    """A pod may close a connection after any answer without saying so: no request fails, also no POST."""

    def serve(wire: Wire) -> None:
        body_of(wire, wire.head())
        wire.send(plain(b"a"))

    web.route(web.pod("a", serve))
    client = web.dial()
    for at in range(300):
        assert client.ask(f"/{at}", "POST", b"x" * 100).body == b"a"
    assert web.counted()["failures"] == 0


def test_a_pod_that_closes_without_reading(web: Service) -> None:
    """A request that its pod did not read goes to another one, even if it must not be repeated."""
    served: list[bytes] = []

    def reset(wire: Wire) -> None:
        until(lambda: wire.sock.recv(1, socket.MSG_PEEK))
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def serve(wire: Wire) -> None:
        while head := wire.head():
            served.append(body_of(wire, head))
            wire.send(plain(b"b"))

    web.route(web.pod("a", reset), web.pod("b", serve))
    for at in range(10):
        assert web.ask("/", "POST", b"%d" % at).body == b"b"
    assert served == [b"%d" % at for at in range(10)]


def test_a_pod_that_dies(web: Service) -> None:
    """A request that a pod has read and not answered is repeated only if its method permits that."""
    seen: list[bytes] = []

    def die(wire: Wire) -> None:
        head = wire.head()
        seen.append(body_of(wire, head))

    a = web.pod("a", die)
    web.route(a)
    answer = web.ask("/", "POST", b"once")
    assert (answer.status, seen) == (502, [b"once"])
    web.route(a, web.pod("b"))
    assert {web.ask().body for _ in range(4)} == {b"b"}


def test_pods_that_do_not_listen(web: Service) -> None:
    """Pods that accept no connection cost nothing but a try; if no other is left, the answer says so."""
    a, b = web.pod("a"), web.pod("b")
    a.close()
    web.route(a, b)
    assert {web.ask("/", "POST", b"x").body for _ in range(6)} == {b"b"}
    web.route(a)
    answer = web.ask()
    assert (answer.status, answer.body) == (502, b"No pod of this Service accepts connections.\n")
    web.route()
    answer = web.ask()
    assert (answer.status, answer.body) == (503, b"No pod of this Service is ready.\n")


def test_draining(web: Service) -> None:
    """A pod that is no longer ready gets no new request, and answers those that it has."""
    asked, go_on = threading.Event(), threading.Event()

    def serve(wire: Wire) -> None:
        while head := wire.head():
            if b"/slow" in head:
                asked.set()
                go_on.wait(20)
            wire.send(plain(b"a"))

    a = web.pod("a", serve)
    web.route(a)
    idle = web.dial()
    assert idle.ask().body == b"a"
    slow = web.dial()
    slow.send(request("/slow"))
    assert asked.wait(20)
    web.route(web.pod("b"))
    assert idle.ask().body == b"b"
    assert {web.ask().body for _ in range(5)} == {b"b"}
    go_on.set()
    assert slow.answer().body == b"a"
    assert slow.ask().body == b"b"


def test_shares(web: Service) -> None:
    """Requests are split by weight, also those of one connection; a weight of 0 is no traffic at all."""
    a, b, c = web.pod("a"), web.pod("b"), web.pod("c")
    web.split({"a": (90, (a,)), "b": (10, (b,)), "c": (0, (c,))})
    client = web.dial()
    count = 2000
    answers = [client.ask().body for _ in range(count)]
    error = (count * 0.1 * 0.9) ** 0.5
    assert abs(answers.count(b"b") - count * 0.1) < 5 * error
    assert b"c" not in answers
    counted = {name: web.counted(name)["requests"] for name in "abc"}
    assert counted == {name: answers.count(name.encode()) for name in "abc"}
    web.split({"a": (90, ()), "b": (10, (b,))})
    assert {client.ask().body for _ in range(20)} == {b"b"}
    web.split({"b": (0, (b,))})
    assert client.ask().status == 503


def test_shares_of_connections(web: Service) -> None:
    """Connections to a port that is not HTTP are split as well."""
    a, b = web.pod("a", lambda wire: wire.send(b"a")), web.pod("b", lambda wire: wire.send(b"b"))
    web.split({"a": (1, (a,)), "b": (1, (b,))}, protocol="tcp")
    clients = [web.dial() for _ in range(100)]
    answers = [one.rest() for one in clients]
    for one in clients:
        one.close()
    assert 20 < answers.count(b"a") < 80
    until(lambda: web.counted("a")["inFlight"] == web.counted("b")["inFlight"] == 0)
    assert web.counted("a")["requests"] == answers.count(b"a")


def test_a_request_that_waits_for_a_pod(web: Service) -> None:
    """Without ready pods, requests and connections wait if the route says so, and somebody is told."""
    web.route(hold=20)
    clients = [web.dial() for _ in range(5)]
    for one in clients:
        one.send(request("/", "POST", b"body"))
    until(lambda: web.proxy.traffic()[0]["waiting"] == 5)
    clients.pop().close()
    until(lambda: web.proxy.traffic()[0]["waiting"] == 4)
    assert web.called == [("default", "web")]
    pod = web.pod("a")
    web.route(pod, hold=20)
    assert {one.answer().body for one in clients} == {b"a"}
    assert pod.bodies == [b"body"] * 4
    web.route(protocol="tcp", hold=20)
    other = web.dial()
    until(lambda: web.proxy.traffic()[0]["waiting"] == 1)
    web.route(web.pod("b"), protocol="tcp", hold=20)
    assert other.ask().body == b"b"


@pytest.mark.parametrize("protocol", ["http", "tcp"])
def test_a_pod_that_does_not_listen_yet(web: Service, protocol: str) -> None:
    """A pod may be ready before its program listens: a request that may wait does so until then."""
    early = web.pod("a")
    early.close()
    web.route(early, protocol=protocol, hold=20)
    client = web.dial()
    client.send(request("/", "POST", b"x"))
    until(lambda: web.counted()["inFlight"] == 1)
    pod = Pod("a", port=early.port)
    web.ends.append(pod.close)
    assert client.answer().body == b"a"
    assert pod.bodies == [b"x"]
    assert web.counted()["failures"] == 0


def test_a_pod_that_hangs(web: Service) -> None:
    """A request whose pod accepts no connection gets an answer in time."""
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    web.ends.append(full.close)
    web.ends.append(socket.create_connection(full.getsockname()).close)
    hangs = Group("web", 1, (Backend((full.getsockname()[1],)),))
    web.proxy.set(("default", "web"), {web.port: Route((hangs,), "http")})
    answer = web.ask("/", "POST", b"x")
    assert (answer.status, answer.body) == (504, b"No pod of this Service accepts connections in time.\n")


def test_a_request_that_waits_in_vain(web: Service) -> None:
    """After its time, a request is refused."""
    web.route(hold=0.2)
    client = web.dial()
    for _ in range(2):
        answer = client.ask()
        assert (answer.status, answer.body) == (503, b"No pod of this Service became ready in 0.2 s.\n")
    assert web.proxy.traffic()[0]["refused"] == 2


def test_what_is_counted(web: Service) -> None:
    """Requests, failures, those in flight and latencies are counted for each group."""
    asked, go_on = threading.Event(), threading.Event()

    def serve(wire: Wire) -> None:
        while head := wire.head():
            if b"/slow" in head:
                asked.set()
                go_on.wait(20)
            wire.send(plain(b"", "500 Internal Server Error" if b"/bad" in head else "200 OK"))

    web.route(web.pod("a", serve))
    for path in ("/", "/bad", "/"):
        web.ask(path)
    client = web.dial()
    client.send(request("/slow"))
    assert asked.wait(20)
    first = web.counted()
    assert (first["requests"], first["failures"], first["inFlight"], first["ready"]) == (4, 1, 1, 1)
    second = web.counted()
    assert second["busySeconds"] > first["busySeconds"]  # type: ignore[operator]
    go_on.set()
    client.answer()
    last = web.counted()
    assert last["inFlight"] == 0
    assert sum(count for _, count in last["latencies"]) == 4  # type: ignore[attr-defined]
    assert last["seconds"] > second["busySeconds"] - first["busySeconds"]  # type: ignore[operator]


def test_what_is_counted_of_each_pod(web: Service) -> None:
    """Requests that a pod answered, or failed to answer, count as its own; one that it refused does not."""

    def cut(wire: Wire) -> None:
        wire.head()

    web.route(web.pod("a"), web.pod("b", cut))
    for _ in range(6):
        web.ask("/", "POST", b"x")
    gone = web.pod("c")
    gone.close()
    web.route(web.pods[0], web.pods[1], gone)
    assert web.ask(body=b"").status == 200
    (found,) = web.proxy.traffic()[0]["groups"]
    assert [one["pod"] for one in found["pods"]] == ["a", "b", "c"]
    assert sum(one["ended"] for one in found["pods"]) == found["requests"] == 7
    a, b, c = found["pods"]
    assert (a["failures"], c["ended"], c["failures"]) == (0, 0, 0)
    assert b["ended"] == b["failures"] == found["failures"] == 3
    assert [sum(count for _, count in one["latencies"]) for one in (a, b)] == [4, 0]
    assert 0 < a["seconds"] == found["seconds"]
    assert {one["inFlight"] for one in found["pods"]} == {0}
