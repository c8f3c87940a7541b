"""Streams of a pod: logs, exec and attach sessions, and forwarded ports."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from arena.errors import ArenaError, SpecError, Unreachable
from arena.kube import faults, websocket
from arena.kube.faults import Asked
from arena.kube.transport import Request, Transport, lines
from arena.kube.watches import cut
from arena.kube.websocket import Socket

STDIN, STDOUT, STDERR, ERROR, RESIZE = range(5)
_HALF_CLOSE = 255
_BLOCK = 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """Which lines of a log; `tail` counts lines, times are RFC 3339."""

    container: str = ""
    follow: bool = False
    tail: int | None = None
    since_seconds: int | None = None
    since_time: str = ""
    timestamps: bool = False
    previous: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        """As query parameters."""
        return {
            "container": self.container,
            "follow": self.follow or None,
            "tailLines": self.tail,
            "sinceSeconds": self.since_seconds,
            "sinceTime": self.since_time,
            "timestamps": self.timestamps or None,
            "previous": self.previous or None,
        }


WHOLE = LogQuery()


class Lines:
    """An iterator of log lines that any thread can end; raises Unreachable when the connection breaks."""

    def __init__(self, transport: Transport, request: Request) -> None:
        self._asked = request.asked
        self._host = transport.endpoint.host
        self._reply = transport.send(request)
        self._closed = False
        self._lines = self._run()

    def __iter__(self) -> Iterator[bytes]:
        return self._lines

    def __next__(self) -> bytes:
        return next(self._lines)

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the stream, from any thread: a blocked `next` stops."""
        self._closed = True
        cut(self._reply)

    def _run(self) -> Iterator[bytes]:
        try:
            yield from lines(self._reply)
        except faults.BROKEN as cause:
            if not self._closed:
                raise faults.broken(cause, self._asked, self._host) from cause
        finally:
            self._reply.close()


def logs(transport: Transport, asked: Asked, query: LogQuery) -> Lines:
    """The log of a container of the pod that `asked` names."""
    path = f"{_pod(asked)}/log"
    return Lines(transport, Request(asked, "GET", path, query.parameters, accept="*/*", stream=True))


def _pod(asked: Asked) -> str:
    if asked.resource is None:
        raise ValueError("a stream needs a pod")
    return asked.resource.path(asked.namespace, asked.name)


def channels(container: str, stdin: bool, tty: bool) -> dict[str, Any]:
    """The query parameters that say which streams a session has; a terminal has no stderr of its own."""
    return {"container": container, "stdin": stdin, "stdout": True, "stderr": not tty, "tty": tty}


def terminal(transport: Transport, asked: Asked, query: dict[str, Any], verb: str) -> "Terminal":
    """Open an `exec` or `attach` session."""
    request = Request(asked, "GET", f"{_pod(asked)}/{verb}", query)
    protocols = ("v5.channel.k8s.io", "v4.channel.k8s.io")
    return Terminal(websocket.connect(transport, request, protocols), asked)


class Terminal:
    """A command that runs in a container, with its streams.

    One thread iterates over what the command writes, any other may send.
    """

    def __init__(self, connection: Socket, asked: Asked) -> None:
        self._socket = connection
        self._asked = asked
        self._code: int | None = None

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """(STDOUT or STDERR, bytes) until the command ends."""
        for frame in self._socket:
            if not frame:
                continue
            if frame[0] == ERROR:
                self._code = _exit_code(frame[1:], self._asked)
                return
            if len(frame) > 1 and frame[0] in (STDOUT, STDERR):
                yield frame[0], frame[1:]
        if self._code is None:
            raise Unreachable(
                f"the connection to {self._asked.noun} broke before its command ended", "try again"
            )

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Write to the command's standard input."""
        for start in range(0, len(data), _BLOCK):
            self._socket.send(bytes([STDIN]) + data[start : start + _BLOCK])

    def end_input(self) -> bool:
        """End the command's standard input; False where the server cannot (before 1.30)."""
        if self._socket.protocol != "v5.channel.k8s.io":
            return False
        self._socket.send(bytes([_HALF_CLOSE, STDIN]))
        return True

    def resize(self, columns: int, rows: int) -> None:
        """Tell the size of the terminal, in characters."""
        self._socket.send(bytes([RESIZE]) + json.dumps({"Width": columns, "Height": rows}).encode())

    def wait(self, stdout: BinaryIO, stderr: BinaryIO) -> int:
        """Copy what the command writes until it ends; its exit code."""
        for channel, data in self:
            target = stdout if channel == STDOUT else stderr
            target.write(data)
            target.flush()
        return self.exit_code

    @property
    def exit_code(self) -> int:
        """The command's exit code; only known once the iteration has ended."""
        if self._code is None:
            raise ValueError("the command has not ended")
        return self._code

    def close(self) -> None:
        """Leave; a command without a terminal may go on."""
        self._socket.close()


def _exit_code(said: bytes, asked: Asked) -> int:
    """The exit code in a closing Status; raises what kept the command from running at all."""
    status = json.loads(said)
    if status.get("status") == "Success":
        return 0
    causes = (status.get("details") or {}).get("causes") or []
    code = next((one.get("message") for one in causes if one.get("reason") == "ExitCode"), None)
    if status.get("reason") == "NonZeroExitCode" and code is not None:
        return int(code)
    message = str(status.get("message") or "no reason given")
    if "executable file not found" in message or "no such file or directory" in message:
        raise SpecError(f"{asked.noun} has no such command: {message}", "name one that its image has")
    raise ArenaError(f"{asked.noun} could not {asked.verb.split()[0]} the command: {message}")


class Forward:
    """A loopback port whose connections end at a pod's port, until closed.

    Every connection is made anew, so a pod that was restarted is reached again.
    """

    def __init__(self, transport: Transport, asked: Asked, target: int, local: int = 0) -> None:
        self._transport = transport
        self._request = Request(asked, "GET", f"{_pod(asked)}/portforward", {"ports": target})
        try:
            self._listener = socket.create_server(("127.0.0.1", local))
        except OSError as cause:
            raise SpecError(
                f"port {local} of this machine cannot be used: {cause.strerror}", "choose another"
            ) from cause
        self.port: int = self._listener.getsockname()[1]
        self.last_fault: ArenaError | None = None
        self._open: set[Any] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        threading.Thread(target=self._accept, name=f"forward-{self.port}", daemon=True).start()

    def __enter__(self) -> "Forward":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self, timeout: float | None = None) -> bool:
        """Until another thread closes it, or `timeout` seconds passed; whether it is closed."""
        return self._closed.wait(timeout)

    def close(self) -> None:
        """Stop listening and end all connections."""
        self._closed.set()
        _end(self._listener)
        with self._lock:
            for one in self._open:
                _end(one)

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Carry one connection; a fault ends it and is kept for whoever asks."""
        with client:
            try:
                with websocket.connect(self._transport, self._request, ("v4.channel.k8s.io",)) as remote:
                    self._carry(client, remote)
            except ArenaError as fault:
                self.last_fault = fault
            except OSError:
                # The local program hung up.
                return

    def _carry(self, client: socket.socket, remote: Socket) -> None:
        with self._lock:
            self._open |= {client, remote}
            if self._closed.is_set():
                return
        up = threading.Thread(target=_upload, args=(client, remote), daemon=True)
        up.start()
        try:
            _download(client, remote, self._request.asked)
        finally:
            with self._lock:
                self._open -= {client, remote}
            _end(client)
            remote.close()
            up.join()


def _upload(client: socket.socket, remote: Socket) -> None:
    """From the local program to the pod; its end cannot be told, so only a closed client ends the rest."""
    try:
        while data := client.recv(_BLOCK):
            remote.send(b"\0" + data)
    except (OSError, ArenaError):
        remote.close()


def _download(client: socket.socket, remote: Socket, asked: Asked) -> None:
    """From the pod to the local program; the first frame of each channel only repeats the port."""
    greeted: set[int] = set()
    for frame in remote:
        if not frame:
            continue
        if frame[0] not in greeted:
            greeted.add(frame[0])
        elif frame[0] == 1:
            raise Unreachable(
                f"{asked.noun} does not answer: {frame[1:].decode(errors='replace')}", "check that it listens"
            )
        else:
            client.sendall(frame[1:])


def _end(one: Any) -> None:
    """Close a socket so that a thread blocked in it wakes up."""
    try:
        if isinstance(one, socket.socket):
            one.shutdown(socket.SHUT_RDWR)
    except OSError:
        # Not connected any more.
        pass
    finally:
        one.close()
