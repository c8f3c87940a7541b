"""Port forwarding: loopback ports of this machine that lead to a pod."""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from arena.errors import ArenaError, NotFound, SpecError, Unreachable
from arena.kube import websocket
from arena.kube.faults import Asked
from arena.kube.streams import pod_path
from arena.kube.transport import Request, Transport
from arena.kube.websocket import Socket

PROTOCOLS = ("v4.channel.k8s.io",)
_BLOCK = 1 << 15
_LINGER = 30.0
"""Seconds without data after which a connection ends if the local program has closed its side."""


class Forward:
    """A loopback port whose connections end at a pod's port, until closed.

    Every connection is opened separately, so a restarted pod is reached again. `choose` returns the pods to
    try for it, the preferred one first. `port` is the local port; `last_fault` is the last error of a
    connection, None if there was none.
    """

    def __init__(
        self,
        transport: Transport,
        asked: Asked,
        target: int,
        choose: Callable[[], Sequence[str]],
        local: int = 0,
    ) -> None:
        self._transport = transport
        self._choose = choose
        self._request = Request(asked, "GET", f"{pod_path(asked)}/portforward", {"ports": target})
        try:
            self._listener = socket.create_server(("127.0.0.1", local))
        except (OSError, OverflowError) as cause:
            why = getattr(cause, "strerror", None) or "ports go up to 65535"
            raise SpecError(
                f"port {local} of this machine cannot be used: {why}", "choose another"
            ) from cause
        self.port: int = self._listener.getsockname()[1]
        self.last_fault: ArenaError | None = None
        self._links: set[_Link] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        threading.Thread(target=self._accept, name=f"forward-{self.port}", daemon=True).start()

    def __enter__(self) -> "Forward":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until another thread closes it, or `timeout` seconds pass; return whether it is closed."""
        return self._closed.wait(timeout)

    def close(self) -> None:
        """Stop listening and end all connections."""
        self._closed.set()
        _end(self._listener)
        with self._lock:
            for one in self._links:
                one.close()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Forward one connection; an error ends it and is stored in `last_fault`."""
        with client:
            try:
                remote, asked = self._connect()
            except ArenaError as fault:
                self._complain(fault)
                return
            self._carry(_Link(client, remote, asked, self._complain))

    def _connect(self) -> tuple[Socket, Asked]:
        """A connection to the first pod that takes one, and what was asked for it."""
        fault: ArenaError = Unreachable("no instance is ready")
        for name in self._choose():
            asked = self._request.asked._replace(name=name)
            request = self._request._replace(asked=asked, path=f"{pod_path(asked)}/portforward")
            try:
                return websocket.connect(self._transport, request, PROTOCOLS), asked
            except (Unreachable, NotFound) as error:
                fault = error
        raise fault

    def _complain(self, fault: ArenaError) -> None:
        self.last_fault = fault

    def _carry(self, link: "_Link") -> None:
        with self._lock:
            self._links.add(link)
        try:
            if self._closed.is_set():
                link.close()
            else:
                link.run()
        finally:
            with self._lock:
                self._links.discard(link)


class _Link:
    """One connection between a local program and a pod."""

    def __init__(
        self, client: socket.socket, remote: Socket, asked: Asked, complain: Callable[[ArenaError], None]
    ) -> None:
        self._client = client
        self._remote = remote
        self._asked = asked
        self._complain = complain
        self._ended = threading.Event()
        self._heard = time.monotonic()

    def run(self) -> None:
        """Copy in both directions until the pod's side ends, or both are silent."""
        up = threading.Thread(target=self._upload, daemon=True)
        up.start()
        try:
            # An OSError means that the local program has closed the connection.
            with suppress(OSError):
                self._download()
        except ArenaError as fault:
            self._complain(fault)
        finally:
            self._ended.set()
            self.close()
            up.join()

    def close(self) -> None:
        """End both sides, from any thread."""
        _end(self._client)
        self._remote.close()

    def _upload(self) -> None:
        with suppress(OSError, ArenaError):
            while data := self._client.recv(_BLOCK):
                self._remote.send(b"\0" + data)
        # The protocol cannot tell the pod that its peer has closed its side, and a peer that is gone looks
        # like one that only listens: wait for the pod to end, but not forever.
        while not self._ended.wait(1.0):
            if time.monotonic() - self._heard > _LINGER:
                self._remote.close()
                return

    def _download(self) -> None:
        greeted: set[int] = set()
        for frame in self._remote:
            self._heard = time.monotonic()
            if not frame:
                continue
            if frame[0] not in greeted:
                # The first frame of each channel only repeats the port number.
                greeted.add(frame[0])
            elif frame[0] == 1:
                said = frame[1:].decode(errors="replace")
                why = "nothing listens on that port" if "connection refused" in said else said
                raise Unreachable(f"{self._asked.noun} does not answer: {why}", "check what it listens on")
            else:
                self._client.sendall(frame[1:])


def _end(one: socket.socket) -> None:
    """Close a socket so that a thread blocked on it wakes up."""
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
