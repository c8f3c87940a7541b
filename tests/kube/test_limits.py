"""Limits of an answer: endless servers, in bytes or in time, and compressed answers."""

import base64
import contextlib
import gzip
import hashlib
import io
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import psutil
import pytest
from servers import ASKED, Stage, says, transport
from urllib3.exceptions import ProxyError

from arena.errors import TimedOut, Unreachable
from arena.kube import Endpoint, connection_errors, gzipped, limits, websocket
from arena.kube.transport import Request, Transport
from arena.kube.transport import lines as lines_of

MB = 1 << 20


@pytest.fixture(params=["direct", "proxied"])
def client(request, stage) -> Transport:
    """A client of the stage by each of the two ways to speak HTTP."""
    if request.param == "direct":
        return transport(stage.url)
    return transport("http://cluster.example", proxy=stage.url)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Limits that a test reaches soon."""
    monkeypatch.setattr(limits, "LARGEST", 8 * MB)


@pytest.fixture
def brief(monkeypatch):
    """A limit of time that a slow answer reaches soon, and on a busy machine a quick one, too."""
    monkeypatch.setattr(limits, "LONGEST", 1.0)


def ask(client: Transport, **more) -> bytes:
    return client.body(Request(ASKED, "GET", "/api/v1/pods", **more))


def endless(head: str, parts: Callable[[], Iterator[bytes]]) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer of a raw head and parts that never end."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        with contextlib.suppress(OSError):
            handler.wfile.write(head.encode())
            for part in parts():
                handler.wfile.write(part)
                handler.wfile.flush()

    return answer


def drip(text: bytes) -> Iterator[bytes]:
    """The text forever, every tenth of a second."""
    done = threading.Event()
    while not done.wait(0.1):
        yield text


CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
ENDLESS = {
    "until the end": endless("HTTP/1.1 200 OK\r\n\r\n", lambda: itertools.repeat(b"x" * 65536)),
    "in chunks": endless(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", lambda: itertools.repeat(CHUNK)
    ),
    "as long as it says": endless(
        f"HTTP/1.1 200 OK\r\nContent-Length: {10**15}\r\n\r\n", lambda: itertools.repeat(b"x" * 65536)
    ),
    "in one chunk": endless(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFF\r\n",
        lambda: itertools.repeat(b"x" * 65536),
    ),
    "in a refusal": endless("HTTP/1.1 403 Forbidden\r\n\r\n", lambda: itertools.repeat(b"x" * 65536)),
}


@pytest.mark.parametrize("answer", ENDLESS.values(), ids=ENDLESS)
def test_an_endless_answer_is_cut_off(stage: Stage, client: Transport, answer):
    """However the end is marked, an answer without one is an error that says so, and little is stored."""
    stage.answers = [answer]
    before = psutil.Process().memory_info().rss
    with pytest.raises(Unreachable, match="sent an endless answer when asked to list pods"):
        ask(client)
    assert psutil.Process().memory_info().rss - before < 100 * MB
    assert len(stage.requests) == 1


def test_an_endless_line_of_a_stream_is_cut_off(stage: Stage, client: Transport):
    """An endless event of a watch is not kept forever either."""
    stage.answers = [ENDLESS["in chunks"]]
    reply = client.send(Request(ASKED, "GET", "/x", stream=True))
    with contextlib.closing(reply), pytest.raises(limits.Excess):
        list(lines_of(reply))


def test_an_endless_refusal_of_a_stream_is_cut_off(stage: Stage, client: Transport):
    """A stream that is refused without end is an error, too."""
    stage.answers = [ENDLESS["in a refusal"]]
    with pytest.raises(Unreachable, match="endless answer"):
        client.send(Request(ASKED, "GET", "/x", stream=True))


SLOW = {
    "head": endless("HTTP/1.1 200 OK\r\n", lambda: drip(b"X: y\r\n")),
    "line of the head": endless("HTTP/1.1 200 OK\r\nX: ", lambda: drip(b"y")),
    "body": endless("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", lambda: drip(b" ")),
    "body until the end": endless("HTTP/1.1 200 OK\r\n\r\n", lambda: drip(b" ")),
}


def test_a_slow_refusal_of_a_stream_has_a_limit_in_all(stage: Stage, client: Transport, brief):
    """Once a stream is refused, its answer is one like others."""
    stage.answers = [endless("HTTP/1.1 403 Forbidden\r\n\r\n", lambda: drip(b" "))]
    with pytest.raises(TimedOut):
        client.send(Request(ASKED, "GET", "/x", stream=True))


@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW)
def test_a_slow_answer_has_a_limit_in_all(stage: Stage, client: Transport, answer, brief):
    """A server that sends a byte now and then does not block forever, and is asked only once."""
    stage.answers = [answer]
    start = time.monotonic()
    with pytest.raises(TimedOut, match="took too long to list pods"):
        ask(client)
    assert time.monotonic() - start < 60
    assert len(stage.requests) == 1


def test_a_limit_is_not_blamed_on_the_proxy():
    """The library takes a connection that the limit broke off for a failure of the proxy."""
    cause = TimeoutError("not in 1 s")
    cause.__cause__ = ProxyError("", ConnectionResetError(104, "Connection reset by peer"))
    endpoint = Endpoint(server="http://cluster.example", proxy="http://proxy.example:3128")
    with pytest.raises(TimedOut, match="took too long to list pods"):
        raise connection_errors.broken(cause, ASKED, endpoint)


def test_a_stream_has_no_limit_in_all(stage: Stage, client: Transport, brief):
    """What is followed may take as long as it likes."""
    stage.answers = [endless("HTTP/1.1 200 OK\r\n\r\n", lambda: itertools.islice(drip(b"line\n"), 15))]
    with contextlib.closing(client.send(Request(ASKED, "GET", "/x", stream=True))) as reply:
        assert len(list(lines_of(reply))) == 15


FRAMES = {
    "frame": lambda: itertools.chain(
        [b"\x82\x7f" + (1 << 40).to_bytes(8, "big")], itertools.repeat(b"x" * 65536)
    ),
    "message": lambda: itertools.chain(
        [b"\x02\x7e\xff\xff" + b"x" * 65535], itertools.repeat(b"\x00\x7e\xff\xff" + b"x" * 65535)
    ),
}


@pytest.mark.parametrize("frames", FRAMES.values(), ids=FRAMES)
def test_an_endless_message_of_a_session_is_cut_off(stage: Stage, frames: Callable[[], Iterator[bytes]]):
    """What exec, attach and port forwards receive is bounded too."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        key = handler.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        head += f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n"
        endless(head, frames)(handler)

    stage.answers = [answer]
    before = psutil.Process().memory_info().rss
    request = Request(ASKED, "GET", "/api/v1/namespaces/d/pods/p/exec")
    session = websocket.connect(transport(stage.url), request, ("v4.channel.k8s.io",))
    with session, pytest.raises(Unreachable, match="broke"):
        list(session)
    assert psutil.Process().memory_info().rss - before < 100 * MB


def test_a_bomb_is_not_unpacked(stage: Stage):
    """A few bytes that unpack to very many are an error before they fill the memory, packed twice as well."""
    client = transport("http://cluster.example", proxy=stage.url)
    bomb = gzip.compress(b"\0" * (300 * MB), 6)
    before = psutil.Process().memory_info().rss
    stage.answers = [says(200, bomb, Content_Encoding="gzip")]
    with pytest.raises(Unreachable, match="sent an endless answer"):
        ask(client)
    stage.answers = [says(200, gzip.compress(bomb, mtime=0), Content_Encoding="gzip, gzip")]
    with pytest.raises(Unreachable, match="not the cluster's API"):
        client.json(Request(ASKED, "GET", "/api/v1/pods"))
    assert psutil.Process().memory_info().rss - before < 50 * MB


PACKED = gzip.compress(b"one", mtime=0) + gzip.compress(b"two", mtime=0)


@pytest.mark.parametrize(
    ("data", "size", "said"),
    [
        (PACKED, 1, b"onetwo"),
        (PACKED, MB, b"onetwo"),
        (PACKED[:-3], MB, None),
        (PACKED[:9] + b"junk", MB, None),
        (b"", MB, None),
    ],
)
def test_what_is_packed_is_unpacked_whole(data: bytes, size: int, said: bytes | None):
    """Part by part, in pieces of any size; what is cut short or damaged is a broken answer."""
    source = io.BytesIO(data)
    reader = gzipped.Unpacked(lambda amount: source.read(min(amount, size)))
    if said is None:
        with pytest.raises(ConnectionError):
            limits.whole(reader.read)
    else:
        assert limits.whole(reader.read) == said


def test_a_connection_is_kept(stage: Stage, client: Transport):
    """An answer that was read whole leaves its connection for the next, packed or not."""
    seen = set()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.add(handler.client_address)
        text = b'{"kind": "PodList", "items": []}'
        if "gzip" in handler.headers.get("Accept-Encoding", ""):
            says(200, gzip.compress(text, mtime=0), Content_Encoding="gzip")(handler)
        else:
            says(200, text)(handler)

    stage.answers = [answer]
    for _ in range(3):
        assert b"PodList" in ask(client)
    assert len(seen) == 1
