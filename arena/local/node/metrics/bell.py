"""How collectors, which are other processes, wake up the thread of the node that reads their results."""

import contextlib
import os
import select


class Bell:
    """What wakes up the thread: this process by `ring`, collectors by writing to `fd`, which they inherit."""

    def __init__(self) -> None:
        self._read, self.fd = os.pipe()
        for one in (self._read, self.fd):
            os.set_blocking(one, False)
        self._poll = select.poll()  # `select` knows only the first thousand files of a process
        self._poll.register(self._read, select.POLLIN)

    def ring(self) -> None:
        """Wake up the thread that waits, or will."""
        with contextlib.suppress(BlockingIOError):  # it is ringing
            os.write(self.fd, b".")

    def wait(self, seconds: float | None) -> None:
        """Return once it rings, or after some seconds."""
        self._poll.poll(None if seconds is None else max(0.0, seconds) * 1000)
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 4096)

    def close(self) -> None:
        """Let collectors write to nobody."""
        os.close(self._read)
        os.close(self.fd)
