"""The server process of the local cluster: `python -m arena.local.server`.

It connects the API, the node and the operators, publishes its address, and stops on SIGTERM, on Ctrl-C, or
when it has been idle for a while. Its pods continue, and the next server adopts them.
"""

import argparse
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arena.local import installation, process_settings, restart, server_options, tls
from arena.local.folders import DaemonError, explained
from arena.local.locks import acquire, fell, holder, leave, missing
from arena.local.state import Server, prepare, publish, state_dir

if TYPE_CHECKING:
    import asyncio

    from aiohttp import web
    from aiohttp.typedefs import Handler, Middleware

    from arena.local.api import Api
    from arena.local.runtime import Runtime

TICK = 2.0
"""Seconds between two checks that the state folder still exists; each costs two system calls."""
LOOK = 60.0
"""Seconds between two checks whether any pod is left, in a server without requests."""
ENDED = ("Succeeded", "Failed")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the server until it is stopped, and return the exit code."""
    try:
        options = server_options.read(argv)
        if not options.foreground:
            _detach()
        serve(options)
    except DaemonError as error:
        sys.stderr.write("; ".join(filter(None, (error.message, error.hint))) + "\n")
        return 1
    return 0


def _detach() -> None:
    """Detach from the process that was started, which exits, and from its terminal."""
    if os.fork():
        os._exit(0)  # the starting process waits only for this
    os.setsid()


def serve(options: argparse.Namespace) -> None:
    """Lock the state folder and serve it.

    Raises:
        DaemonError: another server holds the lock, or the folder is not writable.
    """
    if options.restarts:
        if not fell(state_dir()):
            return  # it was stopped or reset, or another one has been started
        sys.stderr.write(f"starts again after a crash, {options.restarts} in a row\n")
    home = Path(prepare())
    lock = _own(home)
    process_settings.become_server()
    os.chdir(home)
    with explained(home):
        listeners = tls.listen(home)
    try:
        _serve(home, listeners, options, lock)
    finally:
        for listener in listeners:
            listener.close()


def _serve(home: Path, listeners: "tls.Listeners", options: argparse.Namespace, lock: int) -> None:
    """Serve the state folder, which this process has locked."""
    port = next(one.getsockname()[1] for one, context in listeners.items() if context)
    server = Server(home=str(home), port=port, pid=os.getpid(), version=options.version, started=time.time())
    # Imported once this server is sure to be needed: it takes a quarter of a second.
    import asyncio
    import logging

    from arena.local.objects import Refused

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        process = _Process(server, options, lock)
        asyncio.run(process.run(listeners))
        if not process.is_broken:
            leave(lock)
        if process.orphans:
            from arena.local import leftover_processes

            leftover_processes.kill(home, pods=process.orphans)
    except Refused as refused:
        raise DaemonError(refused.message) from refused


def _own(home: Path) -> int:
    """Lock the state folder for the life of this process, and return the lock's descriptor."""
    with explained(home):
        lock = acquire(home / "server.lock", 5)
    if lock is None:
        raise DaemonError(f"another server (pid {holder(home)}) runs", "stop it with: arena local stop")
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


class _Process:
    """The parts of a running server."""

    def __init__(self, server: Server, options: argparse.Namespace, lock: int) -> None:
        self._home = Path(server.home)
        self._lock = lock
        self.orphans: set[str] = set()
        """The uids of pods that can no longer be found, since the state folder was removed."""
        self._server = server
        self._options = options
        self.is_broken = False
        """Whether it ends because of a bug, which is a crash."""
        self._is_followed = True
        """Whether another server may follow soon; `arena local stop` ends what is left for it."""
        self._open = 0
        self._used = time.monotonic()

    async def run(self, listeners: "tls.Listeners") -> None:
        """Start all parts, report that the server is ready, wait for the end, and stop them."""
        import asyncio

        from arena.local import lean_aiohttp

        lean_aiohttp.load()
        from arena.local.api import Api
        from arena.local.machinery.runner import Runner
        from arena.local.node.kubelet import Kubelet

        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._end, ended, number)
        self._fall_together(asyncio.get_running_loop(), ended)
        with contextlib.closing(Api(self._home / "state.db")) as api:
            node, operators = Kubelet(api, self._home, kept=self._options.kept), Runner(api)
            site = await self._site(api, node, listeners)
            try:
                self._tell()
                # After the first answer could be given: a command that waits needs neither at once.
                node.start()
                operators.start(str(self._home))
                self._is_followed = await self._needed(api, ended) and self._is_followed
            finally:
                await site.cleanup()
                operators.stop(leave=self._is_followed)
                node.stop()

    def _end(self, ended: "asyncio.Event", number: int) -> None:
        """Stop. After SIGTERM, by which commands also replace a server, the proxy waits for the next one."""
        self._is_followed = number == signal.SIGTERM
        ended.set()

    def _fall_together(self, loop: "asyncio.AbstractEventLoop", ended: "asyncio.Event") -> None:
        """Stop the server when one of its threads dies; the next one takes over, and nothing is lost.

        A server without its operators or its node would appear healthy but never run another job.
        """

        def hook(died: threading.ExceptHookArgs) -> None:
            threading.__excepthook__(died)
            sys.stderr.write(f"ends: its thread {died.thread.name if died.thread else ''} died of a bug\n")
            self.is_broken = True
            loop.call_soon_threadsafe(ended.set)

        threading.excepthook = hook

    async def _site(self, api: "Api", node: "Runtime", listeners: "tls.Listeners") -> "web.AppRunner":
        """Serve the API on the listening sockets."""
        from aiohttp import web

        from arena.local.api.app import make_app

        app = make_app(api, node)
        app.middlewares.append(self._noticed(api))
        # A stream may take hours: it ends with its client, or is cut off when the server ends.
        runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.5, handler_cancellation=True, auto_decompress=False
        )
        await runner.setup()
        for listener, context in listeners.items():
            await web.SockSite(runner, listener, ssl_context=context).start()
        return runner

    def _noticed(self, api: "Api") -> "Middleware":
        """A middleware that answers paths such as `/local/ping`, and counts other requests."""
        import asyncio

        from aiohttp import web

        from arena.local.machinery import traffic, traffic_metrics

        @web.middleware
        async def notice(request: web.Request, handler: "Handler") -> web.StreamResponse:
            # A command asks this before its own requests: it must not find the server ended then.
            self._used = time.monotonic()
            if request.path == "/local/ping":
                return web.json_response({"pid": os.getpid(), "replaced": installation.is_replaced()})
            if request.path == "/local/status":
                return web.json_response(self._status(api))
            if request.path == "/local/traffic":
                return web.json_response(await asyncio.to_thread(traffic.everything))
            if request.path == "/local/metrics":
                return web.Response(text=traffic_metrics.text(await asyncio.to_thread(traffic.everything)))
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
        """Publish the address, and notify the process that started this one."""
        with explained(self._home):
            publish(self._server)
            restart.note(self._home, self._options)
        self._used = time.monotonic()
        if self._options.ready is not None:
            os.write(self._options.ready, b"1")
            os.close(self._options.ready)
        if self._options.foreground:
            sys.stderr.write(f"the local cluster serves at {self._server.url}; Ctrl-C ends it\n")

    async def _needed(self, api: "Api", ended: "asyncio.Event") -> bool:
        """Wait until the server is stopped (True), has been idle for long, or has lost its folder."""
        import asyncio

        idle: float = self._options.idle
        look = 0.0
        while (gone := missing(self._home, self._lock)) is None:
            left = max(self._used + idle, look) - time.monotonic()
            if idle and left <= 0 and not self._open:
                if not _has_work(api):
                    sys.stderr.write(f"ends: idle for {idle:g} s\n")
                    return False
                left = min(idle, LOOK)
                look = time.monotonic() + left
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(ended.wait(), min(TICK, left) if idle and left > 0 else TICK)
                return True
        sys.stderr.write(f"ends: {self._home} was {gone} while it ran\n")
        if gone == "removed":
            from arena.local.objects import PODS

            self.orphans = {pod["metadata"]["uid"] for pod in api.list(PODS)}
        return False


def _living(api: "Api") -> int:
    """Return the number of pods that have not ended."""
    from arena.local.objects import PODS

    return sum(pod.get("status", {}).get("phase") not in ENDED for pod in api.list(PODS))


def _has_work(api: "Api") -> bool:
    """Whether pods live, or some will start on a schedule or with the next request."""
    from arena.local.definitions import is_awaited
    from arena.local.machinery import traffic

    return bool(_living(api)) or is_awaited(api) or traffic.is_awaited(api)


if __name__ == "__main__":
    os._exit(main())  # everything is closed; shutting down the interpreter would take longest
