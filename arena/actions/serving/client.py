"""One request after another to a server, over one connection."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from arena import foreign_json
from arena.actions.serving.address import Address
from arena.errors import ArenaError, NotAllowed, NotFound, SpecError, TimedOut, Unreachable
from arena.kube import http1, limits
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from types import TracebackType

Headers = Sequence[tuple[str, str]]
_PIECE = 1 << 16
_LONG = 300
"""Characters of what a server says in a message."""


class Answer(NamedTuple):
    """An answer with its whole body."""

    status: int
    body: bytes

    @property
    def data(self) -> Any:
        """The body as JSON; None if it is none."""
        try:
            return foreign_json.loads(self.body)
        except ValueError:
            return None

    @property
    def found(self) -> Any:
        """The body as JSON if the request has succeeded; else None."""
        return self.data if self.status == 200 else None


class Client:
    """Sends requests to one server; to be used as a context manager, by one thread.

    Args:
        address: the server, and the headers of every request.
        timeout: seconds that the server may be silent.
    """

    def __init__(self, address: Address, timeout: float = 30.0) -> None:
        self.address = address
        self._timeout = timeout
        self._link: socket.socket | None = None

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def ask(self, method: str, path: str, body: bytes | None = None, headers: Headers = ()) -> Answer:
        """Send a request and return the whole answer; raises as `open`."""
        status, pieces = self.open(method, path, body, headers)
        return Answer(status, b"".join(pieces))

    def open(
        self, method: str, path: str, body: bytes | None = None, headers: Headers = ()
    ) -> tuple[int, Iterator[bytes]]:
        """Send a request; return the status and the pieces of the body, which must be read to the end.

        Raises:
            Unreachable: the server is not there, or does not speak HTTP.
            TimedOut: it is silent.
        """
        sent = request(self.address, method, path, body, headers)
        try:
            link = self._connected()
            link.sendall(sent)
            answer = http1.Answer(link)
        except OSError as cause:
            self.close()
            raise self._fault(cause) from cause
        return answer.status, self._pieces(answer)

    def _connected(self) -> socket.socket:
        if self._link is None:
            link = socket.create_connection((self.address.host, self.address.port), self._timeout)
            self._link = link
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls := self.address.tls():
                self._link = tls.wrap_socket(link, server_hostname=self.address.host)
        return self._link

    def _pieces(self, answer: http1.Answer) -> Iterator[bytes]:
        size = 0
        try:
            while piece := answer.read1(_PIECE):
                size = limits.checked(size + len(piece))
                yield piece
        except OSError as cause:
            self.close()
            raise self._fault(cause) from cause
        answer.close()
        if answer.ends:
            self.close()

    def _fault(self, cause: OSError) -> ArenaError:
        where = self.address.shown
        if isinstance(cause, TimeoutError):
            text = f"{where} has not answered within {self._timeout:g}s"
            return TimedOut(text, "give it more time with --timeout")
        if isinstance(cause, limits.Excess):
            return ArenaError(f"the answer of {where} is larger than {limits.LARGEST >> 20} MiB")
        if isinstance(cause, ConnectionRefusedError):
            return Unreachable(
                f"nothing answers at {where}: connection refused", "check its address and port"
            )
        why = (
            getattr(cause, "verify_message", "")
            or cause.strerror
            or str(cause)
            or "the connection was closed"
        )
        return Unreachable(f"{where} does not answer: {why}", "check that it speaks HTTP there")


def request(address: Address, method: str, path: str, body: bytes | None, headers: Headers) -> bytes:
    """The bytes of a request; headers of the address win, so that they can name another host."""
    own = {name.lower() for name, _ in address.headers}
    host = next((value for name, value in address.headers if name.lower() == "host"), address.netloc)
    sent = [one for one in address.headers if one[0].lower() != "host"]
    sent += [(name, value) for name, value in headers if name.lower() not in own]
    return http1.request(method, address.path + path, host, sent, body)


def reason(body: bytes) -> str:
    """What a server says in the body of an error, on one line; "" if it says nothing.

    Engines have no common form: KServe and TF Serving use `error`, OpenAI servers `error.message` or
    `message`, FastAPI `detail`, TorchServe `message`, Seldon `status.info`.
    """
    try:
        text = said(foreign_json.loads(body))
    except ValueError:
        text = body.decode(errors="replace")
        text = "" if text.lstrip()[:1] == "<" else text
    return " ".join(text.split())[:_LONG]


def said(data: Any) -> str:
    """What the JSON of an error says; "" if nothing."""
    if isinstance(data, str):
        return data
    if isinstance(data, list):
        return "; ".join(filter(None, map(said, data)))
    if not isinstance(data, dict):
        return ""
    if isinstance(where := data.get("loc"), list) and isinstance(data.get("msg"), str):
        return f"{'.'.join(map(str, where))}: {data['msg']}"
    for key in ("error", "message", "detail", "info", "reason", "status"):
        if found := said(data.get(key)):
            return found
    return ""


def refusal(answer: Answer, what: str) -> ArenaError:
    """The error that an answer with a status of 3xx to 5xx is, with the server's own message.

    Args:
        what: what was asked, such as `the model "digits" at http://...`.
    """
    why = reason(answer.body)
    text = f"{what} answers {answer.status}" + (f": {why}" if why else "")
    if answer.status in (401, 403):
        return NotAllowed(text, "give a token with --token")
    if answer.status == 404:
        return NotFound(text, "check --model, --protocol and the URL")
    if answer.status in (400, 413, 415, 422):
        return SpecError(text, "check the input")
    if answer.status in (502, 503, 504):
        return Unreachable(text, "wait until it is ready")
    if answer.status < 400:
        return ArenaError(f"{what} redirects to another address ({answer.status})", "use that address")
    return ArenaError(text)
