"""The server's side of the proxy: it opens the listening sockets, and starts the process that serves them.

The table and the sockets stay here as well. A process that dies is replaced at once; meanwhile connections
wait in the queues of the sockets.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from arena.local import sockets
from arena.local.programs.proxy import channel
from arena.local.programs.proxy.link import PATIENCE, Link
from arena.local.programs.proxy.routes import Route, Service

log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds between the starts of two processes that end at once."""


class Proxy:
    """The listeners and where their connections go. Thread-safe.

    Args:
        call: is told, in another thread, that a request waits for a pod of a Service.
    """

    def __init__(self, call: Callable[[Service], None] = lambda service: None) -> None:
        self._call = call
        self._change = threading.RLock()
        self._closed = threading.Event()
        self._table: dict[Service, dict[int, Route]] = {}
        self._sockets: dict[int, socket.socket] = {}
        self._link: Link | None = None
        self._folder = ""

    def open(self, folder: str) -> None:
        """Let the process outlive this server, and adopt that of an earlier one.

        Args:
            folder: the state folder, which only this server has.
        """
        self._folder = folder
        try:
            found = sockets.connect(os.path.join(folder, channel.NAME), PATIENCE)
        except OSError:
            return
        link = Link(socket.socket(fileno=found.detach()), self._call, self._lost)
        with self._change:
            try:
                self._sockets, self._table = link.meet()
            except (OSError, ValueError) as error:
                log.warning("the proxy of an earlier server does not answer: %s", error)
                link.kill()
            link.listen()
            if link.is_current:
                self._link = link
            else:
                with suppress(OSError):
                    link.ask({"do": "yield"})
                self._start()

    def services(self) -> list[Service]:
        """Those that have a port here."""
        with self._change:
            return list(self._table)

    def set(self, service: Service, wanted: dict[int, Route]) -> list[int]:
        """Listen for a Service on exactly these ports; returns those that other programs use."""
        with self._change:
            old = self._table.get(service, {})
            taken = [port for port in wanted if not self._listen(port)]
            new = {port: route for port, route in wanted.items() if port not in taken}
            if new != old:
                self._table[service] = new
                if not new:
                    del self._table[service]
                self._tell(service, [port for port in new if port not in old])
                for port in old.keys() - new.keys():
                    self._sockets.pop(port).close()
            return taken

    def traffic(self) -> list[dict[str, Any]]:
        """What was counted, for each port; `arena.local.machinery.traffic` says what the fields are."""
        with self._change:
            if self._link:
                with suppress(OSError):
                    found: list[dict[str, Any]] = self._link.ask({"do": "traffic"})
                    return found
            return []

    def close(self) -> None:
        """Stop listening, end the process and drop all connections."""
        with self._change:
            self._closed.set()
            link, self._link = self._link, None
            for one in self._sockets.values():
                one.close()
            self._sockets, self._table = {}, {}
        if link:
            link.end()

    def _listen(self, port: int) -> bool:
        if port not in self._sockets:
            try:
                self._sockets[port] = sockets.listen_at(port)
            except OSError:
                return False
        return True

    def _tell(self, service: Service, new: list[int]) -> None:
        """Let the process follow a change."""
        if self._link is None:
            self._start()
            return
        with suppress(OSError):  # it has just died, and the next one gets the whole table
            self._give(self._link, new)
            self._link.ask({"do": "set", "service": service, "routes": self._table.get(service, {})})
            if not self._table:
                self._link.ask({"do": "leave"})

    def _give(self, link: Link, ports: list[int]) -> None:
        for some in channel.batches(ports):
            link.channel.send({"do": "take", "ports": some}, [self._sockets[port].fileno() for port in some])

    def _start(self) -> None:
        """Start a process, if there is anything to serve, and tell it everything."""
        if not self._table or self._closed.is_set():
            return
        try:
            link = self._link = Link.start(self._folder, self._call, self._lost)
        except OSError as error:
            log.warning("the proxy cannot start: %s", error)
            threading.Thread(target=self._start_again, name="proxy", daemon=True).start()
            return
        with suppress(OSError):  # as in `_tell`
            for service, ports in self._table.items():
                self._give(link, list(ports))
                link.channel.send({"do": "set", "service": service, "routes": ports})

    def _lost(self, link: Link) -> None:
        """The process has died, in the thread that read from it."""
        with self._change:
            if self._link is not link:
                return
            self._link = None
        if self._table and not self._closed.is_set():
            log.warning("the proxy (pid %d) has died, and is replaced", link.pid)
        self._start_again(at_once=link.age() > PAUSE)

    def _start_again(self, at_once: bool = False) -> None:
        if at_once or not self._closed.wait(PAUSE):
            with self._change:
                if self._link is None:
                    self._start()
