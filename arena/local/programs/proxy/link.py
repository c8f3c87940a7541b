"""A process of the proxy, as its server knows it: how it is started, told, asked and ended."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from arena.local import sockets
from arena.local.programs.proxy import channel, routes
from arena.local.programs.proxy.channel import Channel, Message
from arena.local.programs.proxy.routes import Route, Service

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "process.py")
PATIENCE = 10.0
"""Seconds to wait for an answer of the process; one that does not answer is killed."""


class Link:
    """The channel to a process.

    Args:
        link: the socket.
        call: is told that a request waits for a pod of a Service.
        lost: is told that the process has died.
        process: the process, if this server has started it.
    """

    def __init__(
        self,
        link: socket.socket,
        call: Callable[[Service], None],
        lost: "Callable[[Link], None]",
        process: "subprocess.Popen[bytes] | None" = None,
    ) -> None:
        self.channel = Channel(link)
        self.pid = process.pid if process else 0
        self.is_current = True
        """Whether the process speaks the present version."""
        self._process = process
        self._call = call
        self._lost = lost
        self._answers: SimpleQueue[Message | None] = SimpleQueue()
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._listen, name="proxy", daemon=True)

    @classmethod
    def start(cls, folder: str, call: Callable[[Service], None], lost: "Callable[[Link], None]") -> "Link":
        """Start a process; with a state folder, it outlives this server.

        Raises:
            OSError: there is no memory for it, for instance.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            argv = [sys.executable, "-I", "-S", PROGRAM, str(theirs.fileno()), *filter(None, [folder])]
            try:
                process = subprocess.Popen(
                    argv, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True
                )
            except OSError:
                ours.close()
                raise
        link = cls(ours, call, lost, process)
        link.listen()
        link.channel.send({"do": "begin", "path": [os.path.abspath(path) for path in sys.path if path]})
        return link

    def listen(self) -> None:
        """Read from now on what the process says."""
        self._thread.start()

    def meet(self) -> tuple[dict[int, socket.socket], dict[Service, dict[int, Route]]]:
        """The listening sockets and the table of a process that an earlier server has started.

        Raises:
            OSError: it does not answer.
            ValueError: its answer cannot be read.
        """
        self.channel.link.settimeout(PATIENCE)
        found: dict[int, socket.socket] = {}
        while (messages := self.channel.receive()) is not None:
            for message, descriptors in messages:
                found |= zip(message.get("held", ()), map(sockets.adopted, descriptors), strict=True)
                if "hello" in message:
                    self.channel.link.settimeout(None)
                    self.pid, self.is_current = message["pid"], message["hello"] == channel.VERSION
                    self._stay()
                    return found, _table(message["table"])
        raise ConnectionError("it has ended")

    def ask(self, message: Message) -> Any:
        """The answer to a message.

        Raises:
            OSError: the process has died, or was killed because it does not answer.
        """
        self.channel.send({**message, "ask": True})
        try:
            answer = self._answers.get(timeout=PATIENCE)
        except Empty:
            self.kill()
            raise TimeoutError("the proxy does not answer") from None
        if answer is None:
            raise ConnectionError("the proxy has died")
        return answer["answer"]

    def age(self) -> float:
        """Seconds since it was started or adopted."""
        return time.monotonic() - self._began

    def kill(self) -> None:
        """Kill the process."""
        if self._process:
            self._process.kill()
        elif self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def end(self) -> None:
        """End the process, and wait until it has ended."""
        with suppress(OSError):
            self.channel.send({"do": "end"})
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            self.kill()
            self._thread.join(PATIENCE)

    def _stay(self) -> None:
        """Tell the process, whose lock can be seen now, that it may outlive this server."""
        if self.is_current:
            self.channel.send({"do": "stay"})

    def _listen(self) -> None:
        """Read what the process says, until it dies."""
        with suppress(OSError, ValueError):
            while (messages := self.channel.receive()) is not None:
                for message, _ in messages:
                    if "answer" in message:
                        self._answers.put(message)
                    elif "call" in message:
                        self._call(tuple(message["call"]))
                    elif "hello" in message:
                        self._stay()
        self._answers.put(None)
        if self._process:
            self._process.kill()
            self._process.wait()
        self._lost(self)
        self.channel.close()


def _table(value: list[Any]) -> dict[Service, dict[int, Route]]:
    """The table from JSON."""
    return {
        tuple(service): {int(port): routes.read(route) for port, route in ports.items()}
        for service, ports in value
    }
