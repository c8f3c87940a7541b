"""Streams of a pod: logs, and the sessions of exec and attach."""

import json
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from arena.digits import whole
from arena.errors import ArenaError, NotAllowed, SpecError, Unreachable
from arena.kube import connection_errors, faults, websocket
from arena.kube.faults import Asked
from arena.kube.transport import Request, Transport, batches
from arena.kube.watches import cut, finish
from arena.kube.websocket import Socket
from arena.values import frozen

if TYPE_CHECKING:
    from arena.kube.spdy import Session

STDIN, STDOUT, STDERR, ERROR, RESIZE = range(5)
_HALF_CLOSE = 255
_BLOCK = 1 << 15


@frozen
class LogQuery:
    """Which lines of a log; `tail` counts lines, times are RFC 3339."""

    container: str = ""
    follow: bool = False
    tail: int | None = None
    since_seconds: int | None = None
    since_time: str = ""
    timestamps: bool = False
    previous: bool = False
    unfinished: bool = False
    """Whether to include the unfinished next line, as a line with a tab after its timestamp, with `follow`
    and `timestamps`; only the local cluster supports this.
    """
    restart: int | None = None
    """For POD_LOGS: the run after this number of restarts; None for the last run."""

    silence: float | None = None
    """Seconds without data after which the stream counts as broken; None for no limit."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The query parameters."""
        return {
            "container": self.container,
            "follow": self.follow or None,
            "tailLines": self.tail,
            "sinceSeconds": self.since_seconds,
            "sinceTime": self.since_time,
            "timestamps": self.timestamps or None,
            "previous": self.previous or None,
            "unfinishedLines": self.unfinished or None,
            "restart": self.restart,
        }


WHOLE = LogQuery()


class Lines:
    """An iterator of log lines that any thread can end; raises Unreachable if the connection breaks."""

    def __init__(self, transport: Transport, request: Request) -> None:
        self._asked = request.asked
        self._server = transport.endpoint
        self._reply = transport.send(request)
        self._closed = False
        self._batches = self._run()
        self._lines = (line for batch in self._batches for line in batch)

    def __iter__(self) -> Iterator[bytes]:
        return self._lines

    def __next__(self) -> bytes:
        return next(self._lines)

    def batches(self) -> Iterator[list[bytes]]:
        """The lines in lists of those that arrived together, which is faster."""
        return self._batches

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the stream, from any thread: a blocked `next` stops."""
        self._closed = True
        cut(self._reply)
        if finish(self._lines) and finish(self._batches):
            self._reply.close()

    def _run(self) -> Generator[list[bytes], None, None]:
        try:
            yield from batches(self._reply)
        except faults.BROKEN as cause:
            if not self._closed:
                raise connection_errors.broken(cause, self._asked, self._server) from cause
        finally:
            self._reply.close()


def logs(transport: Transport, asked: Asked, query: LogQuery) -> Lines:
    """The log of a container of the pod that `asked` names."""
    path = f"{pod_path(asked)}/log"
    request = Request(asked, "GET", path, query.parameters, accept="*/*", stream=True, silence=query.silence)
    return Lines(transport, request)


def pod_path(asked: Asked) -> str:
    """The path of the pod that `asked` names."""
    if asked.resource is None:
        raise ValueError("a stream needs a pod")
    return asked.resource.path(asked.namespace, asked.name)


def channels(container: str, stdin: bool, tty: bool) -> dict[str, Any]:
    """The query parameters for the streams of a session; a terminal has no separate stderr."""
    return {"container": container, "stdin": stdin, "stdout": True, "stderr": not tty, "tty": tty}


def terminal(transport: Transport, asked: Asked, query: dict[str, Any], verb: str) -> "Terminal":
    """Open an `exec` or `attach` session."""
    request = Request(asked, "GET", f"{pod_path(asked)}/{verb}", query)
    protocols = ("v5.channel.k8s.io", "v4.channel.k8s.io")
    try:
        return Terminal(websocket.connect(transport, request, protocols), asked)
    except faults.NotAuthenticated:
        raise
    except NotAllowed as refused:
        from arena.kube import spdy

        try:
            return Terminal(spdy.connect(transport, request._replace(method="POST")), asked)
        except NotAllowed:
            raise  # it names the permission that suffices on every server
        except ArenaError:
            raise refused from None


class Terminal:
    """A command that runs in a container, with its streams.

    One thread iterates over the output of the command; any other may send.
    """

    def __init__(self, connection: "Socket | Session", asked: Asked) -> None:
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

    def feed(self, source: BinaryIO) -> None:
        """Copy a buffered file to the command's standard input until its end; for a thread of its own."""
        read = getattr(source, "read1", source.read)
        while data := read(_BLOCK):
            self.send(data)
        self.end_input()

    def end_input(self) -> bool:
        """End the command's standard input; return False if the server cannot (before 1.30)."""
        if not self._socket.ends_input:
            return False
        self._socket.send(bytes([_HALF_CLOSE, STDIN]))
        return True

    def resize(self, columns: int, rows: int) -> None:
        """Send the size of the terminal, in characters."""
        self._socket.send(bytes([RESIZE]) + json.dumps({"Width": columns, "Height": rows}).encode())

    def wait(self, stdout: BinaryIO, stderr: BinaryIO) -> int:
        """Copy the output of the command until it ends; return its exit code."""
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
        """Disconnect; a command without a terminal may continue."""
        self._socket.close()


def _exit_code(said: bytes, asked: Asked) -> int:
    """The exit code in a closing Status; raises an error if the command could not run at all."""
    status = faults.status_of(said)
    if status.get("status") == "Success":
        return 0
    causes = faults.causes(status)
    code = next((one.get("message") for one in causes if one.get("reason") == "ExitCode"), None)
    if status.get("reason") == "NonZeroExitCode" and (number := whole(code)) is not None:
        return number
    message = str(status.get("message") or "no reason given")
    if "executable file not found" in message or "no such file or directory" in message:
        # Five layers each add their text before the part that matters.
        why = message[max(message.rfind('exec: "'), 0) :]
        raise SpecError(f"{asked.noun} has no such command: {why}", "use one that its image contains")
    raise ArenaError(f"{asked.noun} could not {asked.verb.split()[0]} the command: {message}")
