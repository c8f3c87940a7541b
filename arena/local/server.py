"""The server process of the local cluster: `python -m arena.local.server`.

It wires the API, the node and the operators together, tells where it listens, and ends on SIGTERM,
on Ctrl-C, or when nobody has needed it for a while. The pods outlive it: the next one adopts them.
"""

import argparse
import contextlib
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arena.local.state import (
    DaemonError,
    Server,
    acquire,
    explained,
    holder,
    leave,
    prepare,
    publish,
    recorded,
)

if TYPE_CHECKING:
    import asyncio

    from aiohttp import web
    from aiohttp.typedefs import Handler, Middleware

    from arena.local.api import Api
    from arena.local.runtime import Runtime

IDLE = 30 * 60.0
"""Seconds without pods and requests after which the server ends by itself."""
LOOK = 60.0
"""Seconds after which a server that is kept by its pods alone looks at them again."""
ENDED = ("Succeeded", "Failed")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the server until it is told to end; the process's exit code."""
    try:
        options = _options(argv)
        if not options.foreground:
            _detach()
        serve(options)
    except DaemonError as error:
        sys.stderr.write("; ".join(filter(None, (error.message, error.hint))) + "\n")
        return 1
    return 0


def _detach() -> None:
    """Leave the process that was started, which ends, and its terminal."""
    if os.fork():
        os._exit(0)  # whoever started us waits for this alone
    os.setsid()


def serve(options: argparse.Namespace) -> None:
    """Own the state folder and serve it.

    Raises:
        DaemonError: another server owns it, or it cannot be written.
    """
    home = prepare()
    _own(home)
    os.umask(0o077)
    os.chdir(home)
    listener, secret = _listen(recorded(home))
    port = listener.getsockname()[1]
    server = Server(port, secret, os.getpid(), options.version, time.time())
    # Imported once this server is sure to be needed: it takes a quarter of a second.
    import asyncio
    import logging

    from arena.local.objects import Refused

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(_Process(home, server, options).run(listener))
        leave(home)
    except Refused as refused:
        raise DaemonError(refused.message) from refused
    finally:
        listener.close()


def _own(home: Path) -> None:
    """Lock the state folder for as long as this process lives."""
    with explained(home):
        lock = acquire(home / "server.lock", 5)
    if lock is None:
        raise DaemonError(f"another server (pid {holder(home)}) runs", "stop it with: arena local stop")
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


class _Process:
    """The parts of a running server."""

    def __init__(self, home: Path, server: Server, options: argparse.Namespace) -> None:
        self._home = home
        self._server = server
        self._options = options
        self._open = 0
        self._used = time.monotonic()

    async def run(self, listener: socket.socket) -> None:
        """Start everything, tell that it is ready, wait for the end, stop everything."""
        import asyncio

        from arena.local.api import Api
        from arena.local.node.kubelet import Kubelet
        from arena.local.operators.runner import Runner

        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        _fall_together(asyncio.get_running_loop(), ended)
        with contextlib.closing(Api(self._home / "state.db")) as api:
            node, operators = Kubelet(api, self._home), Runner(api)
            site = await self._site(api, node, listener)
            try:
                self._tell()
                # After the first answer could be given: a command that waits needs neither at once.
                node.start()
                operators.start()
                await self._needed(api, ended)
            finally:
                await site.cleanup()
                operators.stop()
                node.stop()

    async def _site(self, api: "Api", node: "Runtime", listener: socket.socket) -> "web.AppRunner":
        """Serve the API on a listening socket."""
        from aiohttp import web

        from arena.local.api.server import make_app

        app = make_app(api, node, secret=self._server.secret)
        app.middlewares.append(self._noticed(api))
        # A stream may take hours: it ends with its client, or is cut off when the server ends.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handler_cancellation=True)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        return runner

    def _noticed(self, api: "Api") -> "Middleware":
        """A middleware that answers what the server knows of itself, and counts the other requests."""
        from aiohttp import web

        own = f"{self._server.prefix}/local/"

        @web.middleware
        async def notice(request: web.Request, handler: "Handler") -> web.StreamResponse:
            # A command asks this before its own requests: it must not find the server ended then.
            self._used = time.monotonic()
            if request.path == f"{own}ping":
                return web.json_response({"pid": os.getpid()})
            if request.path == f"{own}status":
                return web.json_response(self._status(api))
            self._open += 1
            try:
                return await handler(request)
            finally:
                self._open -= 1
                self._used = time.monotonic()

        return notice

    def _status(self, api: "Api") -> dict[str, Any]:
        import psutil

        return {
            "pid": os.getpid(),
            "version": self._server.version,
            "pods": _living(api),
            "memory": psutil.Process().memory_info().rss,
            "idle": self._options.idle,
        }

    def _tell(self) -> None:
        """Let commands find the server, and whoever started it know."""
        with explained(self._home):
            publish(self._home, self._server)
        self._used = time.monotonic()
        if self._options.ready is not None:
            os.write(self._options.ready, b"1")
            os.close(self._options.ready)
        if self._options.foreground:
            sys.stderr.write(f"the local cluster serves at {self._server.url}; Ctrl-C ends it\n")

    async def _needed(self, api: "Api", ended: "asyncio.Event") -> None:
        """Wait until the end is asked for, or until there were neither pods nor requests for long."""
        import asyncio

        idle: float = self._options.idle
        while True:
            left = self._used + idle - time.monotonic()
            if idle and left <= 0 and not self._open and not _has_work(api):
                sys.stderr.write(f"ends: idle for {idle:g} s\n")
                return
            wait = None if not idle else left if left > 0 else min(idle, LOOK)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(ended.wait(), wait)
                return


def _fall_together(loop: "asyncio.AbstractEventLoop", ended: "asyncio.Event") -> None:
    """End the server when one of its threads dies: the next command starts a whole one, and loses nothing.

    A server without its operators or its node would look well and never run a job again.
    """

    def hook(died: threading.ExceptHookArgs) -> None:
        threading.__excepthook__(died)
        sys.stderr.write(f"ends: its thread {died.thread.name if died.thread else ''} died of a bug\n")
        loop.call_soon_threadsafe(ended.set)

    threading.excepthook = hook


def _living(api: "Api") -> int:
    """How many pods have not ended."""
    from arena.local.objects import PODS

    return sum(pod.get("status", {}).get("phase") not in ENDED for pod in api.list(PODS))


def _has_work(api: "Api") -> bool:
    """Whether pods live, or some are to start at their time."""
    from arena.local.operators.cron import CRONS
    from arena.local.operators.cronjob import CRONJOBS

    recurring = (one for resource in (CRONS, CRONJOBS) for one in api.list(resource))
    return bool(_living(api)) or any(not one["spec"].get("suspend") for one in recurring)


def _listen(last: Server | None) -> tuple[socket.socket, str]:
    """A listening socket and a secret: those of the last server, so that kubeconfigs stay valid.

    Where a stranger has taken the port, both are new: clients may have shown it the secret.
    """
    if last:
        with contextlib.suppress(OSError, OverflowError):
            return _bound(last.port), last.secret
    return _bound(0), secrets.token_urlsafe(32)


def _bound(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(256)
    except BaseException:
        listener.close()
        raise
    return listener


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m arena.local.server", description=__doc__)
    parser.add_argument("--foreground", action="store_true", help="stay with the terminal")
    parser.add_argument("--ready", type=int, metavar="FD", help="write a byte there when it listens")
    parser.add_argument("--version", default="", help="the version of arena that starts it")
    parser.add_argument("--idle", type=float, help="seconds unused after which it ends; 0: never")
    options = parser.parse_args(argv)
    if options.idle is None:
        options.idle = _idle(os.environ.get("ARENA_LOCAL_IDLE", ""))
    return options


def _idle(text: str) -> float:
    try:
        return max(0.0, float(text or IDLE))
    except ValueError:
        raise DaemonError(f"ARENA_LOCAL_IDLE={text} is no number of seconds", "unset it") from None


if __name__ == "__main__":
    sys.exit(main())
