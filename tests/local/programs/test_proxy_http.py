"""The proxy's HTTP/1.1: what clients send reaches the pods as it is, and so do the answers."""

import asyncio
import contextlib
import random
import socket
import threading
import time

import aiohttp
import psutil
import pytest
from aiohttp import web as aioweb
from appthread import AppThread
from backends import Service, Wire, body_of, plain, request
from product import until

from arena.local.programs.proxy.routes import Backend, Group, Route

LARGE = 100 << 20
ROOM = 24 << 20
"""Bytes by which the proxy may grow while a large body passes."""


def test_requests_of_a_connection_go_to_all_pods(web: Service) -> None:
    """Each request of one connection goes to the next pod, and the connections to pods are used again."""
    a, b = web.pod("a"), web.pod("b")
    web.route(a, b)
    client = web.dial()
    answers = [client.ask(f"/{at}").body for at in range(8)]
    assert sorted(answers) == [b"a"] * 4 + [b"b"] * 4
    assert answers[0] != answers[1]
    assert (a.connections, b.connections) == (1, 1)


def test_what_the_pod_sees(web: Service) -> None:
    """A pod gets the request as the client sent it, without the fields that concern the connection alone."""
    pod = web.pod()
    web.route(pod)
    client = web.dial()
    fields = {"Connection": "keep-alive, X-Own", "X-Own": "1", "Keep-Alive": "timeout=5", "TE": "trailers"}
    client.ask("/a?b=%2F", "POST", b"text", **{"X-Kept": "\u00fc", **fields})
    lines = pod.heads[0].split("\r\n")
    assert lines == [
        "POST /a?b=%2F HTTP/1.1",
        "Host: web",
        "X-Kept: \u00c3\u00bc",
        "Content-Length: 4",
        "",
        "",
    ]
    assert pod.bodies == [b"text"]
    assert client.ask("/").status == 200


def test_a_body_that_comes_after_its_head(web: Service) -> None:
    """A body that a client sends by itself goes on at once, not when the pod has acknowledged the head."""
    has_head = threading.Event()

    def serve(wire: Wire) -> None:
        while head := wire.head():
            has_head.set()
            wire.send(plain(body_of(wire, head)))

    web.route(web.pod("a", serve))
    client, took = web.dial(), []
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for _ in range(40):
        client.send(request("/", "POST", b"text").removesuffix(b"text"))
        assert has_head.wait(20)
        has_head.clear()
        began = time.monotonic()
        client.send(b"text")
        assert client.answer().body == b"text"
        took.append(time.monotonic() - began)
    # The system acknowledges the first packets of a connection at once, and later ones after 40 ms.
    assert min(took[20:]) < 0.03


def test_the_pod_with_the_fewest_requests(web: Service) -> None:
    """While one pod is busy, requests go to the other."""
    busy, free = threading.Event(), threading.Event()

    def slow(wire: Wire) -> None:
        wire.head()
        busy.set()
        free.wait(20)
        wire.send(plain(b"slow"))

    a, b = web.pod("a", slow), web.pod("b")
    web.route(a)
    waiting = web.dial()
    waiting.send(request())
    assert busy.wait(20)
    web.route(a, b)
    assert {web.ask().body for _ in range(6)} == {b"b"}
    free.set()
    assert waiting.answer().body == b"slow"


def test_chunked_bodies(web: Service) -> None:
    """Chunked bodies and their trailers pass in both directions, however they are cut into packets."""

    def echo(wire: Wire) -> None:
        while head := wire.head():
            body = body_of(wire, head)
            wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
            for byte in body:
                wire.send(b"1\r\n", bytes([byte]), b"\r\n")
            wire.send(b"0\r\nX-Sum: 1\r\n\r\n")

    web.route(web.pod("a", echo))
    client = web.dial()
    text = (
        request("/", "POST", Transfer_Encoding="chunked")
        + b'4;x="y"\r\nabcd\r\nA\r\n0123456789\r\n0\r\nX: 1\r\n\r\n'
    )
    for size in (1, 7, len(text)):
        for at in range(0, len(text), size):
            client.send(text[at : at + size])
        assert client.answer().body == b"abcd0123456789"


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"),
    ],
)
def test_answers_without_a_body(web: Service, method: str, answer: bytes) -> None:
    """Answers that have no body, whatever their fields say, keep the connection usable."""

    def serve(wire: Wire) -> None:
        while wire.head():
            wire.send(answer)

    pod = web.pod("a", serve)
    web.route(pod)
    client = web.dial()
    for _ in range(3):
        assert client.ask("/", method).status == int(answer.split()[1])
    assert pod.connections == 1


def test_interim_answers(web: Service) -> None:
    """Answers that come before the last one are passed on, and a body is sent once the pod asks for it."""

    def serve(wire: Wire) -> None:
        head = wire.head()
        wire.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        wire.send(plain(body_of(wire, head)))

    web.route(web.pod("a", serve))
    client = web.dial()
    client.send(request("/", "POST", Expect="100-continue", Content_Length="5"))
    assert client.answer().status == 103
    assert client.answer().status == 100
    client.send(b"hello")
    assert client.answer().body == b"hello"


def test_pipelining(web: Service) -> None:
    """Requests that were sent at once are answered in their order, with or without bodies."""

    def serve(wire: Wire) -> None:
        while head := wire.head():
            body = body_of(wire, head)
            wire.send(plain(head.split()[1] + body))

    web.route(web.pod("a", serve), web.pod("b", serve))
    client = web.dial()
    client.send(*(request(f"/{at}", "POST", b"x" * at) for at in range(100)))
    assert [client.answer().body for _ in range(100)] == [b"/%d" % at + b"x" * at for at in range(100)]


def test_pipelining_without_pods(web: Service) -> None:
    """Very many requests that are refused at once take no more stack than one."""
    web.route()
    client = web.dial()
    sender = threading.Thread(target=client.send, args=(request() * 5000,))
    sender.start()
    assert {client.answer().status for _ in range(5000)} == {503}
    sender.join(20)


def test_events_are_not_buffered(web: Service) -> None:
    """Each event of a stream arrives before the pod sends the next, with any framing."""
    for fields in ("Transfer-Encoding: chunked", "Connection: close"):
        seen = threading.Semaphore(0)

        def serve(wire: Wire, fields: str = fields, seen: threading.Semaphore = seen) -> None:
            wire.head()
            wire.send(f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{fields}\r\n\r\n".encode())
            for at in range(5):
                event = b"data: %d\n\n" % at
                wire.send(b"%x\r\n%s\r\n" % (len(event), event) if "chunked" in fields else event)
                assert seen.acquire(timeout=20)
            wire.send(b"0\r\n\r\n" if "chunked" in fields else b"")

        web.route(web.pod("a", serve))
        client = web.dial()
        client.send(request())
        assert b"200" in client.head()
        for at in range(5):
            client.until(b"data: %d\n\n" % at)
            seen.release()


def upload(wire: Wire) -> None:
    """Read a large body, and answer with its length."""
    wire.head()
    left = LARGE - len(wire.buffer)
    while left and (data := wire.sock.recv(1 << 20)):
        left -= len(data)
    wire.send(plain(str(LARGE - left).encode()))


def download(wire: Wire) -> None:
    """Send a large body."""
    wire.head()
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
    piece = bytes(1 << 20)
    for _ in range(LARGE // len(piece)):
        wire.send(piece)


def test_large_bodies(web: Service) -> None:
    """100 MB pass in each direction, and the proxy holds only a small part of them."""
    web.route(web.pod("c"))
    web.ask()
    web.route(web.pod("a", upload))
    process = psutil.Process(web.pid())
    before = process.memory_info().rss
    client = web.dial()
    client.send(request("/", "POST", Content_Length=str(LARGE)))
    piece = bytes(1 << 20)
    for _ in range(LARGE // len(piece)):
        client.send(piece)
    assert client.answer().body == str(LARGE).encode()
    web.route(web.pod("b", download))
    client.send(request())
    client.head()
    left = LARGE - len(client.buffer)
    while left:
        left -= len(client.sock.recv(min(left, 1 << 20)))
    assert process.memory_info().rss - before < ROOM


def test_slow_clients(web: Service) -> None:
    """Clients that read or send nothing for long neither fill the proxy nor block others."""
    pod = web.pod("a", download)
    web.route(pod)
    slow = [web.dial() for _ in range(5)]
    for one in slow:
        one.send(request())
        one.head()
    until(lambda: pod.connections == 5)
    web.route(web.pod("b"))
    process = psutil.Process(web.pid())
    half = web.dial()
    half.send(b"GET / HTTP/1.1\r\nHo")
    assert {web.ask().body for _ in range(20)} == {b"b"}
    assert process.memory_info().rss < 80 << 20
    half.send(b"st: web\r\n\r\n")
    assert half.answer().body == b"b"


def test_a_slow_pod(web: Service) -> None:
    """A client cannot fill the proxy with what its pod does not read."""
    over = threading.Event()
    web.ends.append(over.set)
    web.route(web.pod("a", lambda wire: (wire.head(), over.wait(20))[1]))
    client = web.dial()
    client.send(request("/", "POST", Content_Length=str(LARGE)))
    client.sock.settimeout(1)
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < LARGE:
            sent += client.sock.send(bytes(1 << 20))
    assert sent < ROOM
    over.set()


def test_an_answer_while_the_request_is_sent(web: Service) -> None:
    """A pod may answer while it reads: a client that first sends and then reads gets all of it."""
    size = 48 << 20

    def echo(wire: Wire) -> None:
        wire.head()
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        left = size
        while left and (data := wire.take(min(left, 10_000))):
            wire.send(data)
            left -= len(data)

    web.route(web.pod("a", echo))
    client = web.dial()
    client.send(request("/", "POST", Content_Length=str(size)))
    head = client.head()
    assert b"200 OK" in head
    body = random.randbytes(size)
    sender = threading.Thread(target=client.send, args=(body,))
    sender.start()
    sender.join(1)  # everything is full by then, or the machine is slow, and the test easier
    for start in range(0, size, 1 << 20):
        assert client.take(1 << 20) == body[start : start + (1 << 20)]
    sender.join(20)


def test_a_full_tunnel(web: Service) -> None:
    """A port that is not HTTP passes bytes on in both directions, and holds few while nobody takes them."""
    size = 48_000_000

    def echo(wire: Wire) -> None:
        while data := wire.take(10_000):
            wire.send(data)

    web.route(web.pod("a", echo), protocol="tcp")
    client = web.dial()
    client.send(b"x" * 10_000)
    assert client.take(10_000) == b"x" * 10_000
    process = psutil.Process(web.pid())
    before = process.memory_info().rss
    body = random.randbytes(size)
    sender = threading.Thread(target=client.send, args=(body,))
    sender.start()
    sender.join(1)
    assert process.memory_info().rss - before < ROOM
    for start in range(0, size, 1_000_000):
        assert client.take(1_000_000) == body[start : start + 1_000_000]
    sender.join(20)
    client.sock.shutdown(socket.SHUT_WR)
    assert client.rest() == b""


def test_old_clients_and_pods(web: Service) -> None:
    """A client that speaks HTTP/1.0 and an answer that ends with its connection have no keep-alive."""

    def serve(wire: Wire) -> None:
        head = wire.head()
        wire.send(b"HTTP/1.0 200 OK\r\n\r\n", head.split(b"\r\n")[0])

    web.route(web.pod("a", serve))
    client = web.dial()
    client.send(b"GET / HTTP/1.0\r\n\r\n")
    assert client.rest().endswith(b"\r\nConnection: close\r\n\r\nGET / HTTP/1.0")
    assert web.ask().body == b"GET / HTTP/1.1"


def test_an_answer_before_the_end_of_the_request(web: Service) -> None:
    """A pod may refuse a body that it has not read: the client gets the answer, and is disconnected."""

    def serve(wire: Wire) -> None:
        wire.head()
        wire.send(plain(b"too large", "413 Content Too Large"))
        wire.rest()

    web.route(web.pod("a", serve))
    client = web.dial()
    client.send(request("/", "POST", Content_Length=str(LARGE)), b"x" * 1000)
    answer = client.answer()
    assert (answer.status, answer.body) == (413, b"too large")
    assert "connection: close" in answer.head
    assert client.rest() == b""


def test_a_client_that_leaves(web: Service) -> None:
    """A pod sees that the client of a request has left, whether or not the answer has begun."""
    for begun in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegun"):
        asked, left = threading.Event(), threading.Event()

        def serve(
            wire: Wire, begun: bytes = begun, asked: threading.Event = asked, left: threading.Event = left
        ) -> None:
            wire.head()
            wire.send(begun)
            asked.set()
            with contextlib.suppress(ConnectionResetError):
                assert wire.rest() == b""
            left.set()

        web.route(web.pod("a", serve))
        client = web.dial()
        client.send(request())
        assert asked.wait(20)
        client.close()
        assert left.wait(20)


def socket_app() -> aioweb.Application:
    """An application that speaks WebSocket."""

    async def talk(incoming: aioweb.Request) -> aioweb.WebSocketResponse:
        link = aioweb.WebSocketResponse(protocols=("chat",))
        await link.prepare(incoming)
        async for message in link:
            await link.send_str(f"heard {message.data}")
        return link

    app = aioweb.Application()
    app.router.add_get("/socket", talk)
    return app


def test_websockets(web: Service) -> None:
    """A WebSocket talks through the proxy, and a refusal to open one is an ordinary answer."""

    async def talk(path: str) -> object:
        address = f"http://127.0.0.1:{web.port}{path}"
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(address, protocols=("chat",)) as link,
        ):
            await link.send_str("a" * 100_000)
            answer = await link.receive_str()
            await link.close()
            return link.protocol, len(answer), link.close_code

    with AppThread(socket_app) as app:
        group = Group("web", 1, (Backend((app.port,)),))
        web.proxy.set(("default", "web"), {web.port: Route((group,), "http")})
        assert asyncio.run(talk("/socket")) == ("chat", 100_006, 1000)
        with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
            asyncio.run(talk("/other"))
        until(lambda: web.counted()["inFlight"] == 0)


def test_an_upgrade_to_http2(web: Service) -> None:
    """A client that asks for HTTP/2 gets HTTP/1.1, as RFC 9113 lets servers do."""
    pod = web.pod()
    web.route(pod)
    fields = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQ"}
    assert web.ask(**fields).body == b"a"
    assert pod.heads == ["GET / HTTP/1.1\r\nHost: web\r\n\r\n"]


def test_http2(web: Service) -> None:
    """A client that speaks HTTP/2 without asking is passed on to a pod as it is."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"

    def serve(wire: Wire) -> None:
        assert wire.take(len(preface)) == preface
        wire.send(b"\0\0\0\4\1\0\0\0\0")
        assert wire.rest() == b"more"

    web.route(web.pod("a", serve))
    client = web.dial()
    for at in range(len(preface)):
        client.send(preface[at : at + 1])
    assert client.take(9) == b"\0\0\0\4\1\0\0\0\0"
    client.send(b"more")
    client.sock.shutdown(socket.SHUT_WR)
    assert client.rest() == b""
