"""Answers that come in any pieces."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.actions.serving.bench.responses import Garbled, Response


def chunked(pieces: list[bytes], trailer: bytes = b"") -> bytes:
    lines = b"".join(b"%x;note=1\r\n%b\r\n" % (len(one), one) for one in pieces if one)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + lines + b"0\r\n" + trailer + b"\r\n"


def fed(data: bytes, cuts: list[int]) -> tuple[Response, list[bool]]:
    """The answer, and what it said after each piece."""
    edges = [0, *sorted({one % (len(data) + 1) for one in cuts} - {0}), len(data)]
    answer = Response()
    pieces = itertools.pairwise(edges)
    return answer, [answer.feed(data[low:high]) for low, high in pieces if low < high]


CUTS = st.lists(st.integers(0, 1000), max_size=20)


@given(st.lists(st.binary(max_size=40), max_size=5), st.sampled_from([b"", b"X-Sum: 1\r\n"]), CUTS)
def test_chunks_in_any_pieces(pieces: list[bytes], trailer: bytes, cuts: list[int]) -> None:
    """A chunked answer is complete with its last byte, not before, however it is cut."""
    answer, said = fed(chunked(pieces, trailer), cuts)
    assert said == [False] * (len(said) - 1) + [True]
    assert (answer.status, bytes(answer.body), answer.ends) == (200, b"".join(pieces), False)


@given(st.binary(max_size=60), CUTS)
def test_a_length_in_any_pieces(body: bytes, cuts: list[int]) -> None:
    """An answer with a length is complete with its last byte, also after an interim answer."""
    head = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nCONTENT-LENGTH:%d\r\nConnection: close\r\n\r\n"
    answer, said = fed(head % len(body) + body, cuts)
    assert said == [False] * (len(said) - 1) + [True]
    assert (answer.status, bytes(answer.body), answer.ends) == (503, body, True)


def test_an_answer_up_to_the_end_of_the_connection() -> None:
    """Without a length, the end of the connection completes the answer; with one, it breaks it off."""
    answer = Response()
    assert not answer.feed(b"HTTP/1.0 200 OK\r\n\r\nab")
    assert answer.end()
    assert (bytes(answer.body), answer.ends) == (b"ab", True)
    for broken in (
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        chunked([b"a"])[:-2],
    ):
        half = Response()
        assert not half.feed(broken)
        assert not half.end()


@pytest.mark.parametrize(
    "data",
    [
        b"220 mail.example.com\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
        chunked([b"ab"]) + b"more",
        chunked([b"ab"]).replace(b"2;", b"1;"),
        chunked([b"ab"]).replace(b"2;", b"x;"),
        b"HTTP/1.1 " + b"a" * 70_000,
    ],
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    """Other protocols, and answers whose length is wrong, are Garbled."""
    with pytest.raises(Garbled):
        Response().feed(data)
