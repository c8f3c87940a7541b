"""An HTTP server that does what the path of a request says; run it as a program.

It prints its port and ends when its standard input does.
"""

import asyncio
import json
import socket
import ssl
import struct
import sys
import time
from contextlib import suppress

RIGHT = b'{"predictions": [1, 2, 3]}'


class Server:
    """What all connections share."""

    def __init__(self) -> None:
        self.frozen = self.failing = self.fast = 0
        self.requests: list[dict[str, str]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await self.answer(reader, writer):
                await writer.drain()
        writer.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *rest = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        path = line.split(" ")[1]
        verb, *words = path.strip("/").split("/")
        self.requests.append({"line": line, "body": body.decode("latin-1"), **headers})
        del self.requests[:-20]
        return await getattr(self, f"do_{verb}", self.do_missing)(writer, words)

    async def do_fast(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """The right answer at once."""
        self.fast += 1
        return send(writer, 200, RIGHT)

    async def do_slow(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """The right answer after some seconds, without keeping others waiting."""
        await asyncio.sleep(float(words[0]))
        return send(writer, 200, RIGHT)

    async def do_freeze(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """The right answer; before that of the given number, nobody is served for some seconds."""
        self.frozen += 1
        if self.frozen == int(words[0]):
            time.sleep(float(words[1]))
        return send(writer, 200, RIGHT)

    async def do_status(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """An error."""
        return send(writer, int(words[0]), b'{"error": "no such model"}')

    async def do_failing(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """The right answer for the given number of requests, then an error."""
        self.failing += 1
        if self.failing <= int(words[0]):
            return send(writer, 200, RIGHT)
        return await self.do_status(writer, words[1:])

    async def do_count(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """How many right answers were given at once so far."""
        return send(writer, 200, str(self.fast).encode())

    async def do_wrong(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """An answer that holds no prediction."""
        return send(writer, 200, b'{"nothing": 1}')

    async def do_closing(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """The right answer, and the end of the connection."""
        send(writer, 200, RIGHT, "Connection: close")
        return False

    async def do_brief(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """The right answer; a little later, the connection ends without a word."""
        send(writer, 200, RIGHT)
        await writer.drain()
        await asyncio.sleep(0.1)
        return False

    async def do_large(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """The right answer with the given number of blanks."""
        return send(writer, 200, RIGHT + b" " * int(words[0]))

    async def do_reset(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """No answer: the connection breaks."""
        link = writer.get_extra_info("socket")
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    async def do_half(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """Half of an answer."""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        return False

    async def do_hang(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """No answer, ever."""
        await asyncio.sleep(60)
        return False

    async def do_garbage(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """No HTTP."""
        writer.write(b"220 mail.example.com\r\n\r\n")
        return False

    async def do_chunked(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """The right answer in small pieces."""
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for byte in RIGHT:
            writer.write(b"1\r\n%c\r\n" % byte)
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        return True

    async def do_stream(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """An answer of a language model: its number of tokens, seconds to the first and between two."""
        count, first, gap = int(words[0]), float(words[1]), float(words[2])
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        event(writer, {"choices": [{"delta": {"role": "assistant", "content": ""}}]})
        for at in range(count):
            await asyncio.sleep(gap if at else first)
            event(writer, {"choices": [{"delta": {"content": f"word{at} "}}]})
            await writer.drain()
        event(writer, {"choices": [], "usage": {"completion_tokens": count}})
        chunk(writer, b"data: [DONE]\n\n")
        writer.write(b"0\r\n\r\n")
        return True

    async def do_llm(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """A server of a language model; its paths begin with what `stream` takes."""
        if words[-1] == "models":
            return send(writer, 200, b'{"object": "list", "data": [{"id": "tiny"}]}')
        return await self.do_stream(writer, words)

    async def do_seen(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """The last requests."""
        return send(writer, 200, json.dumps(self.requests).encode())

    async def do_missing(self, writer: asyncio.StreamWriter, words: list[str]) -> bool:
        """Nothing is there."""
        return send(writer, 404, b"not found")


def send(writer: asyncio.StreamWriter, status: int, body: bytes, *headers: str) -> bool:
    """Send an answer."""
    lines = [f"HTTP/1.1 {status} Status", "Content-Type: application/json", *headers]
    writer.write("\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body)
    return True


def event(writer: asyncio.StreamWriter, data: object) -> None:
    """Send a server-sent event."""
    chunk(writer, f"data: {json.dumps(data)}\n\n".encode())


def chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send a chunk."""
    writer.write(b"%x\r\n%b\r\n" % (len(data), data))


async def main() -> None:
    """Serve until standard input ends; with TLS, if a file with a certificate and its key is named."""
    tls = None
    if sys.argv[1:]:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(sys.argv[1])
    server = await asyncio.start_server(Server().serve, "127.0.0.1", 0, backlog=1000, ssl=tls)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
