"""The HTTP server: an aiohttp application in front of the Api."""

from collections.abc import MutableSequence

from aiohttp import web

from arena.local.api import discovery, faults, guard, handlers, watches
from arena.local.api.faults import Fault
from arena.local.api.service import Api
from arena.local.objects import Refused
from arena.local.runtime import Runtime

LARGEST = 3 * 1024 * 1024
"""Bytes of the largest body, as in a real cluster."""


def make_app(
    api: Api, runtime: Runtime | None = None, *, secret: str, troubles: MutableSequence[Fault] | None = None
) -> web.Application:
    """The application; it answers below `/k/<secret>`, and at its root to bearers of the secret.

    Args:
        api: the objects.
        runtime: the processes behind the pods; without it logs, exec and the like are 404.
        secret: what a client must know.
        troubles: what shall go wrong, for tests; may be changed while the server runs.
    """
    prefix = f"/k/{secret}"
    struck = [] if troubles is None else troubles
    app = web.Application(
        middlewares=[guard.guard(secret), faults.inject(struck, prefix)], client_max_size=LARGEST
    )
    app[watches.WATCHES] = set()
    inner = web.Application(client_max_size=LARGEST)
    if runtime is not None:
        from arena.local.api import streams  # late: a server without a node does without

        for one in (inner, app):
            streams.add(one, api, runtime)
    _add_routes(inner, api, prefix)
    app.add_subapp(prefix, inner)
    _add_routes(app, api, "")
    app.on_shutdown.append(_end_watches)
    return app


def _add_routes(app: web.Application, api: Api, prefix: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix(prefix).rstrip("/")
        try:
            document = discovery.document(path, request.headers.get("Accept", ""))
        except Refused as refused:
            return handlers.refusal(refused)
        if document is not None and request.method == "GET":
            return web.Response(body=document.body, headers={"Content-Type": document.content_type})
        return await handlers.handle(api, request, path)

    app.router.add_route("*", "/{path:.*}", answer)


async def _end_watches(app: web.Application) -> None:
    for queue in app[watches.WATCHES]:
        queue.put_nowait(None)
