"""The HTTP server: an aiohttp application in front of the Api."""

import logging
from collections.abc import MutableSequence

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from arena.local.api import access, discovery, fault_injection, handlers, http_watch, pagination, refusals
from arena.local.api.fault_injection import Fault
from arena.local.api.object_api import Api
from arena.local.api.rbac import authorization
from arena.local.api.size_limits import LARGEST
from arena.local.objects import Refused
from arena.local.runtime import Runtime


def make_app(
    api: Api, runtime: Runtime | None = None, *, troubles: MutableSequence[Fault] | None = None
) -> web.Application:
    """The application; everybody who can connect may use it, except web pages.

    Who impersonates somebody has only the rights of that user.

    Args:
        api: the objects.
        runtime: the processes behind the pods; without it, logs, exec and the like return 404.
        troubles: faults to inject, for tests; may be changed while the server runs.
    """
    struck = [] if troubles is None else troubles
    app = web.Application(
        middlewares=[access.restrict_access, authorization.enforce(api), fault_injection.inject(struck)],
        client_max_size=LARGEST,
    )
    app[http_watch.WATCHES] = set()
    if runtime is not None:
        from arena.local.api.streaming import routes  # only with a node

        routes.add(app, api, runtime)
    _add_routes(app, api)
    app.on_shutdown.append(_end_watches)
    logging.getLogger("aiohttp.server").addFilter(_is_ours)
    return app


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether an error is the server's: clients that do not speak HTTP are not logged."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def _add_routes(app: web.Application, api: Api) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        path = request.path.rstrip("/")
        try:
            document = discovery.document(path, request.headers.get("Accept", ""))
        except Refused as refused:
            return handlers.refusal(refused)
        if document is None:
            return await handlers.handle(api, request, path)
        if request.method not in document.methods:
            return handlers.refusal(refusals.not_allowed())
        return web.Response(body=document.body, headers={"Content-Type": document.content_type})

    async def types(request: web.Request) -> web.Response:
        keys, namespace = request.query.get("types", "").split(","), request.query.get("namespace")
        return web.json_response({"types": pagination.occupied(api.store, keys, namespace)})

    app.router.add_get("/local/types", types)
    app.router.add_route("*", "/{path:.*}", answer)


async def _end_watches(app: web.Application) -> None:
    for queue in app[http_watch.WATCHES]:
        queue.put_nowait(None)
