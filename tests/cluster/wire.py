"""A TCP proxy in front of an API server, whose connections a test can break."""

import contextlib
import select
import socket
import threading


class Wire:
    """Carries bytes from a loopback port to a server and back, blindly, until it is cut."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                near, _ = self._listener.accept()
                thread = threading.Thread(
                    target=self._carry, args=(near, socket.create_connection(self._target))
                )
                self._threads.append(thread)
                thread.start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        self._pairs.add((near, far))
        with contextlib.suppress(OSError), near, far:  # either end left
            while True:
                for one in select.select([near, far], [], [])[0]:
                    data = one.recv(1 << 16)
                    if not data:
                        self._pairs.discard((near, far))
                        return
                    (far if one is near else near).sendall(data)
        self._pairs.discard((near, far))

    def cut(self) -> int:
        """Break all connections in the middle; how many there were."""
        cut = list(self._pairs)
        for one in (end for pair in cut for end in pair):
            with contextlib.suppress(OSError):  # it ended by itself
                one.shutdown(socket.SHUT_RDWR)
        return len(cut)

    def close(self) -> None:
        """End, and free the port."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()
        self.cut()
        for thread in self._threads[1:]:
            thread.join()
