"""Answers of HTTP/1.1 over a socket: complete, truncated and invalid ones."""

import socket
from collections.abc import Callable, Iterator

import pytest

from arena.kube.http1 import Answer, Garbled, request

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def hear() -> Iterator[Callable[[bytes], Answer]]:
    """A function that reads the head of an answer whose server then hangs up."""
    links: list[socket.socket] = []
    answers: list[Answer] = []

    def read(text: bytes) -> Answer:
        ours, theirs = socket.socketpair()
        links.append(ours)
        with theirs:
            theirs.sendall(text)
        answers.append(Answer(ours))
        return answers[-1]

    yield read
    for one in (*answers, *links):
        one.close()


WHOLE = [
    (HEAD + b"Content-Length: 5\r\n\r\nhello", b"hello", False),
    (HEAD + b"Content-Length: 0\r\n\r\n", b"", False),
    (HEAD + b"content-length:5\r\nConnection: close\r\n\r\nhello", b"hello", True),
    (HEAD + b"\r\nall until the end", b"all until the end", True),
    (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nA: b\r\n\r\n",
        b"hello",
        False,
    ),
    (b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 1\r\n\r\nx", b"x", False),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x", True),
    (b"HTTP/1.1 204 No Content\r\n\r\n", b"", False),
]


@pytest.mark.parametrize(("text", "body", "ends"), WHOLE)
def test_a_whole_answer(hear, text, body, ends):
    """The body is what was sent, however it is framed, and whether the connection stays open is known."""
    one = hear(text)
    assert (one.read(100), one.read(100), one.ends) == (body, b"", ends)


BROKEN = [
    b"",
    b"HTTP/1.1 200 OK\r\nContent-Len",
    b"SSH-2.0-OpenSSH\r\n",
    b"HTTP/1.1 2x0 OK\r\n\r\n",
    HEAD + b"A: b\r\n" * 1000 + b"\r\n",
    HEAD + b"A: " + b"b" * 100_000 + b"\r\n\r\n",
    HEAD + b"Content-Length: 5\r\n\r\nhel",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nnone\r\nhello\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n",
    HEAD + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\nhello",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n-3\r\nhel\r\n0\r\n\r\n",
    HEAD + b"Content-Length: \xb2\r\n\r\nhello",
    HEAD + b"Content-Length: -1\r\n\r\nhello",
    HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nhello",
]


@pytest.mark.parametrize("text", BROKEN)
def test_an_answer_that_is_none(hear, text):
    """What breaks off, or never was an answer, is an error, not a short body."""
    with pytest.raises(Garbled):
        hear(text).read(1 << 20)


def test_a_request_is_one():
    """A request says how long its body is; a value with a line's end cannot smuggle another request."""
    text = request("POST", "/a?b=c", "host:1", [("X", "y")], b"{}")
    assert text.startswith(b"POST /a?b=c HTTP/1.1\r\nHost: host:1\r\n")
    assert text.endswith(b"X: y\r\nContent-Length: 2\r\n\r\n{}")
    assert b"Content-Length" not in request("GET", "/", "h", [], None)
    for target, value in (("/\r\nA: b", "y"), ("/", "y\nA: b")):
        with pytest.raises(ValueError, match="contains a line break"):
            request("GET", target, "h", [("X", value)], None)
