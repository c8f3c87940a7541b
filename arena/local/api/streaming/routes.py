"""The routes that need the processes behind the pods: logs, exec, attach, port-forward, metrics.

Also the logs of pods that no longer exist.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aiohttp import web

from arena.local.api.object_api import Api
from arena.local.api.refusals import status
from arena.local.api.streaming import attach, exec, log, metrics, podlogs, portforward
from arena.local.objects import POD_METRICS, Objects, Refused
from arena.local.runtime import Runtime

POD = "/api/v1/namespaces/{namespace}/pods/{name}"
POD_LOG = "/apis/logs.arena.io/v1/namespaces/{namespace}/podlogs"
METRICS = "/apis/metrics.k8s.io/v1beta1"

Answer = Callable[..., Awaitable[web.StreamResponse]]


def add(app: web.Application, api: Api, runtime: Runtime) -> None:
    """Register them on an application, before any route that would take their paths.

    Operators list the usage of pods through the Api.
    """
    meter = metrics.Meter(runtime)
    api.measured[POD_METRICS] = partial(metrics.listed, api, meter)
    streams: dict[str, Answer] = {
        "exec": exec.run,
        "attach": attach.attach,
        "portforward": portforward.forward,
    }
    app.router.add_get(f"{POD}/log", partial(_answer, log.log, api, runtime))
    app.router.add_get("/apis/logs.arena.io/v1/podlogs", partial(_answer, podlogs.listed, api, runtime))
    app.router.add_get(POD_LOG, partial(_answer, podlogs.listed, api, runtime))
    app.router.add_get(POD_LOG + "/{name}", partial(_answer, podlogs.one, api, runtime))
    app.router.add_get(POD_LOG + "/{name}/log", partial(_answer, podlogs.log, api, runtime))
    for name, answer in streams.items():
        # Older clients request an unsupported kind of connection with POST, which is refused with an
        # explanation.
        for method in ("GET", "POST"):
            app.router.add_route(method, f"{POD}/{name}", partial(_answer, answer, api, runtime))
    measured: dict[str, Answer] = {
        "/nodes": metrics.nodes,
        "/nodes/{name}": metrics.node,
        "/pods": metrics.pods,
        "/namespaces/{namespace}/pods": metrics.pods,
        "/namespaces/{namespace}/pods/{name}": metrics.pod,
    }
    for path, answer in measured.items():
        app.router.add_get(METRICS + path, partial(_answer, answer, api, meter))


async def _answer(answer: Answer, api: Objects, other: Any, request: web.Request) -> web.StreamResponse:
    """Call a handler; refusals become Status objects."""
    try:
        return await answer(request, api, other)
    except Refused as refused:
        return web.json_response(status(refused), status=refused.code)
