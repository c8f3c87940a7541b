"""logs.arena.io: the logs of every run of a container, also of pods that are gone.

Each pod that a job has had is a PodLog, including existing ones. Its name is the uid of its pod, since
successive pods may have the same name, and `pod` holds the last state of the Pod. Its `log` takes the
parameters of a pod's log, and `restart`: the number of restarts before the run; by default the last run.
"""

import re
from datetime import datetime, timezone

from aiohttp import web

from arena.local.api import selectors
from arena.local.api.refusals import bad, missing
from arena.local.api.streaming.log import Query, answer, going, number
from arena.local.api.streaming.target import Target
from arena.local.field_errors import LABEL
from arena.local.objects import POD_LOGS, Object, Objects
from arena.local.runtime import Runtime

_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def listed(request: web.Request, api: Objects, runtime: Runtime) -> web.Response:
    """Answer with the PodLogList of a namespace, or of all; selects by labels and by `job.uid`.

    Raises:
        Refused: 400 if a selector is invalid.
    """
    chosen = selectors.parse(
        POD_LOGS, request.query.get("labelSelector", ""), request.query.get("fieldSelector", "")
    )
    job = next((one.value for one in chosen.fields if one.path == "job.uid" and one.equal), "")
    found = _found(runtime, job, request.match_info.get("namespace"))
    head = {"kind": "PodLogList", "apiVersion": POD_LOGS.api_version, "metadata": {}}
    return web.json_response({**head, "items": [one for one in found if chosen.matches(one)]})


async def one(request: web.Request, api: Objects, runtime: Runtime) -> web.Response:
    """Answer with one PodLog.

    Raises:
        Refused: 404 if there is none.
    """
    name = request.match_info["name"]
    for found in _found(runtime, "", request.match_info["namespace"]):
        if found["metadata"]["name"] == name:
            return web.json_response(found)
    raise missing(POD_LOGS, name)


async def log(request: web.Request, api: Objects, runtime: Runtime) -> web.StreamResponse:
    """Answer with the log of one run as plain text.

    Raises:
        Refused: 404 if it is not stored; 400 if no container is given.
    """
    query = Query.of(request, datetime.now(timezone.utc))
    uid, container = request.match_info["name"], request.query.get("container", "")
    if not LABEL.fullmatch(container):
        raise bad(f'container "{container}" is not valid; name one of the pod')
    found = Target({"metadata": {"uid": uid}}, container)
    restart = number(request, "restart", 0)
    path = None
    if _UID.fullmatch(uid) and runtime.namespace(uid) == request.match_info["namespace"]:
        path = runtime.log(uid, container) if restart is None else runtime.run(uid, container, restart)
    if path is None:
        raise missing(POD_LOGS, uid)
    return await answer(request, query, path, going(request, runtime, found, path))


def _found(runtime: Runtime, job: str, namespace: str | None) -> list[Object]:
    """The PodLogs of a job ("" for all) in a namespace (None for all)."""
    if job and not _UID.fullmatch(job):
        return []
    there = [_podlog(one) for one in runtime.pods_of(job)]
    return [one for one in there if namespace in (None, one["metadata"]["namespace"])]


def _podlog(known: Object) -> Object:
    meta = known["pod"]["metadata"]
    own = {key: meta[key] for key in ("namespace", "labels", "creationTimestamp") if key in meta}
    head = {"kind": POD_LOGS.kind, "apiVersion": POD_LOGS.api_version}
    return {**head, "metadata": {"name": meta["uid"], **own}, **known}
