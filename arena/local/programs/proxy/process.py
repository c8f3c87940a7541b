"""The proxy's process: `python -I -S process.py DESCRIPTOR [FOLDER]`, standard library only.

DESCRIPTOR is its end of the channel to the server that starts it. With FOLDER, the state folder, it outlives
that server: it holds `proxy.lock` there, and the next server finds it at `proxy.sock`. If the server was
killed, it starts that next server (`arena/local/restart.py`). Without, it ends with its server.

It begins with `hello`, and answers each message of the server but `begin`, `stay`, `take` and `end`:

- `begin`    where libraries are, for pages
- `stay`     outlive the server; before this, `arena local stop` might not have found this process
- `take`     listening sockets, with their ports
- `set`      the routes of a Service, from now on these alone
- `traffic`  asks what was counted
- `leave`    end when no client is connected any more
- `yield`    the same, and another process takes over at once
- `end`      end now
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

    from arena.local.programs.proxy.channel import Message
    from arena.local.programs.proxy.listener import Listener
    from arena.local.programs.proxy.routes import Service

# Isolated mode knows no site-packages; appended, so that nothing there can shadow the standard library.
sys.path.append(os.path.abspath(__file__).rpartition("/arena/local/programs/")[0])
# Nothing here speaks TLS, whose library takes 4 MB and a quarter of the start.
sys.modules["ssl"] = None  # type: ignore[assignment]

import asyncio  # noqa: E402
import signal  # noqa: E402
import subprocess  # noqa: E402
from contextlib import suppress  # noqa: E402

from arena.local import locks, restart, sockets  # noqa: E402
from arena.local.programs.proxy import channel, listener, routes  # noqa: E402

del sys.modules["ssl"]

LOOK = 5.0
"""Seconds between two checks, without a server, whether one is to be started."""
SOON = 0.02
"""Seconds from the first check to the second; the system may unlock the files of a killed server last."""
WAIT = 1.0
"""Seconds between two checks whether the last client has gone, or whether a server that was started runs."""


class Process:
    """The listeners, and the channel to the server if there is one."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._channel: channel.Channel | None = None
        self._listeners: dict[int, Listener] = {}
        self._closed: list[Listener] = []
        """Those whose clients are still connected."""
        self._services: dict[Service, set[int]] = {}
        self._taken: dict[int, socket.socket] = {}
        self._stays = False
        self._lock: int | None = None
        self._door: socket.socket | None = None
        self._leaving: asyncio.TimerHandle | None = None
        self._looking: asyncio.TimerHandle | None = None

    async def run(self, link: socket.socket) -> None:
        """Serve until the end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._ended.set)
        if self._folder:
            self._lock = locks.acquire(os.path.join(self._folder, locks.PROXY), LOOK)
            if self._lock is None:
                raise SystemExit("another proxy serves this folder")
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
            self._door = sockets.listen(os.path.join(self._folder, channel.NAME))
            self._loop.add_reader(self._door, self._welcome)
        self._greet(link)
        await self._ended.wait()
        # Before the channel, whose end tells the server that this process holds nothing any more.
        self._stop()
        self._close_door()

    def _welcome(self) -> None:
        """A server has come: it is the only one, since it holds the lock of the folder."""
        assert self._door
        with suppress(OSError):
            link, _ = self._door.accept()
            self._part()
            self._greet(link)

    def _greet(self, link: socket.socket) -> None:
        """Tell a server what this process has."""
        if self._looking:
            self._looking.cancel()
        link.setblocking(True)
        self._channel = channel.Channel(link)
        self._loop.add_reader(link, self._read)
        with suppress(OSError):  # then the end of the channel is read next
            for ports in channel.batches(self._listeners):
                found = [self._listeners[port].sock.fileno() for port in ports]
                self._channel.send({"held": ports}, found)
            table = [
                [service, {port: self._listeners[port].target.route for port in ports}]
                for service, ports in self._services.items()
            ]
            self._channel.send({"hello": channel.VERSION, "pid": os.getpid(), "table": table})

    def _read(self) -> None:
        """Read all that has come, so that a connection made after a message finds it done."""
        while self._channel:
            try:
                messages = self._channel.receive(wait=False)
            except BlockingIOError:
                return
            except (OSError, ValueError):
                messages = None
            if messages is None:
                self._part()
                self._look()
                return
            for message, descriptors in messages:
                answer = self._do(message, descriptors)
                if "ask" in message and self._channel:
                    with suppress(OSError):
                        self._channel.send({"answer": answer})

    def _part(self) -> None:
        """The server is gone."""
        if self._channel:
            self._loop.remove_reader(self._channel.link)
            self._channel.close()
            self._channel = None

    def _look(self, pause: float = SOON) -> None:
        """Without a server, have one started if it was killed, or end if none will come."""
        if not self._is_expecting(at_first=pause < WAIT):
            if self._leaving is None:
                self._ended.set()
            return
        if restart.is_due(self._folder):
            pause = WAIT
            with suppress(OSError):  # without memory, for instance
                starter = subprocess.Popen(
                    restart.command(self._folder), stdin=subprocess.DEVNULL, start_new_session=True
                )
                self._loop.run_in_executor(None, starter.wait)
        self._looking = self._loop.call_later(pause, self._look, min(2 * pause, LOOK))

    def _is_expecting(self, at_first: bool) -> bool:
        """Whether the state folder still exists, and a server was killed or will find something here.

        At first it may not be known yet how the server ends.
        """
        with suppress(OSError):
            if self._lock is not None:
                there = os.stat(os.path.join(self._folder, locks.PROXY))
                is_there = os.path.samestat(there, os.fstat(self._lock))
                has_any = self._stays and bool(self._services)
                is_open = at_first and locks.holder(self._folder) is not None
                return is_there and (has_any or is_open or locks.fell(self._folder))
        return False

    def _do(self, message: Message, descriptors: list[int]) -> Any:
        """Do what a message says, and return the answer."""
        what = message["do"]
        if what == "begin":
            sys.path += [path for path in message["path"] if path not in sys.path]
        elif what == "stay":
            self._stays = True
        elif what == "take":
            self._taken |= zip(message["ports"], map(sockets.adopted, descriptors), strict=True)
        elif what == "set":
            self._set(tuple(message["service"]), message["routes"])
        elif what == "traffic":
            return [one.data() for one in self._listeners.values()]
        elif what == "leave":
            self._leave()
        elif what == "yield":
            self._stop()
            self._close_door()
            self._leave()
        elif what == "end":
            self._ended.set()
        return None

    def _set(self, service: Service, wanted: dict[str, Any]) -> None:
        """Serve a Service on exactly these ports."""
        if self._leaving:
            self._leaving.cancel()
            self._leaving = None
        table = {int(port): routes.read(route) for port, route in wanted.items()}
        for port, route in table.items():
            if port not in self._listeners:
                sock = self._taken.pop(port)
                self._listeners[port] = listener.Listener(port, sock, (service, self._call))
            self._listeners[port].update(route)
        for port in self._services.pop(service, set()) - set(table):
            one = self._listeners.pop(port)
            one.close()
            self._closed = [*filter(lambda old: old.is_used, self._closed), one]
        if table:
            self._services[service] = set(table)

    def _stop(self) -> None:
        """Accept no more connections."""
        for one in self._listeners.values():
            one.stop()
        self._closed += self._listeners.values()
        self._listeners, self._services = {}, {}

    def _call(self, service: Service) -> None:
        """Tell the server that a request waits for a pod."""
        if self._channel:
            with suppress(OSError):
                self._channel.send({"call": service})

    def _leave(self) -> None:
        if any(one.is_used for one in self._closed):
            self._leaving = self._loop.call_later(WAIT, self._leave)
        else:
            self._loop.call_soon(self._ended.set)  # after the answer

    def _close_door(self) -> None:
        if self._door and self._lock is not None:
            self._loop.remove_reader(self._door)
            self._door.close()
            with suppress(OSError):
                os.unlink(os.path.join(self._folder, channel.NAME))
            locks.leave(self._lock)
            os.close(self._lock)
            self._door = self._lock = None


async def main(descriptor: int, folder: str = "") -> None:
    """Serve the server at the other end of a descriptor."""
    await Process(folder).run(sockets.adopted(descriptor))
    os._exit(0)  # connections that are still open end with the process


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
