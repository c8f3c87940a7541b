"""A container's standard input: a named pipe that clients write to.

Part of the supervisor, so it uses only the standard library.
"""

import contextlib
import os
import selectors

CHUNK = 262144


class StdinPipe:
    """Feeds the command's standard input from the named pipe, client after client.

    It reads no more than the command takes, so a slow command slows its client and not the supervisor.
    """

    def __init__(self, path: str, target: int, once: bool, terminal: bool) -> None:
        self.path = path
        self.target = os.dup(target)  # a terminal's descriptor is watched for its output already
        self.once = once
        self.terminal = terminal
        self.rest = b""
        self.fd = self._open()
        os.set_blocking(self.target, False)
        if not terminal:
            os.close(target)

    def _open(self) -> int:
        return os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)

    def begin(self, selector: selectors.BaseSelector) -> None:
        """Wait for what a client writes."""
        selector.register(self.fd, selectors.EVENT_READ, self)

    def ready(self, selector: selectors.BaseSelector) -> None:
        """Read what a client wrote, or pass on what was read."""
        if self.rest:
            self._write(selector)
            return
        try:
            self.rest = os.read(self.fd, CHUNK)
        except BlockingIOError:  # the last client left, and the next one came before this check
            return
        selector.unregister(self.fd)
        if self.rest:
            selector.register(self.target, selectors.EVENT_WRITE, self)
        else:
            self._left(selector)

    def _left(self, selector: selectors.BaseSelector) -> None:
        """A client left: wait for the next one, or end the command's input."""
        left = self.fd
        if not self.once:
            # Opened before the other is closed, because a pipe without a reader refuses clients.
            self.fd = self._open()
            os.close(left)
            self.begin(selector)
            return
        os.close(left)
        if self.terminal:
            with contextlib.suppress(OSError):
                os.write(self.target, b"\x04")
        os.close(self.target)

    def _write(self, selector: selectors.BaseSelector) -> None:
        try:
            self.rest = self.rest[os.write(self.target, self.rest) :]
        except BlockingIOError:
            return
        except OSError:  # the command closed its input, so its clients must see a broken pipe
            selector.unregister(self.target)
            os.close(self.target)
            os.close(self.fd)
            return
        if not self.rest:
            selector.unregister(self.target)
            self.begin(selector)
