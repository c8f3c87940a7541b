"""An aiohttp application in a thread, for tests that speak to it as anybody would."""

import asyncio
import ssl
import threading
from collections.abc import Callable

from aiohttp import web


class AppThread:
    """An application that answers on loopback from a thread of its own, until the block ends."""

    def __init__(
        self,
        make: Callable[[], web.Application],
        port: int = 0,
        patience: float = 0.2,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._make = make
        self._tls = tls
        self._patience = patience
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.port = port

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._stop(runner))
        self._loop.close()

    async def _start(self) -> web.AppRunner:
        runner = web.AppRunner(self._make(), handler_cancellation=True, shutdown_timeout=self._patience)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True, ssl_context=self._tls).start()
        self.port = runner.addresses[0][1]
        return runner

    async def _stop(self, runner: web.AppRunner) -> None:
        await runner.cleanup()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # A closed connection gives its socket back in a later turn of the loop.
        for _ in range(5):
            await asyncio.sleep(0)

    def __enter__(self) -> "AppThread":
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
