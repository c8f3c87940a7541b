"""Code that is too large to be kept in the cluster: sent to the instances, which wait for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions import training
from arena.actions.watching import Source, Watching
from arena.errors import ArenaError, Conflict, NotFound, SpecError
from arena.kinds.kind import Kind
from arena.kinds.training.code import NAME, TAKE, WHERE
from arena.resources import PODS, Resource

if TYPE_CHECKING:
    from arena.actions.packing import Archive
    from arena.kube import Cluster

Object = dict[str, Any]
_AT_ONCE = 4
_TRIES = 5
_AGAIN = 1.0
"""Seconds until an instance that did not take the code is tried again."""


def send(  # noqa: PLR0913 - where to, what, and who is told
    cluster: Cluster,
    kind: Kind,
    resource: Resource,
    job: Object,
    archive: Archive,
    *,
    tell: Callable[[str], None],
    everyone: bool = True,
) -> int:
    """Send the code to the instances that wait for it; to how many.

    Args:
        job: the job's object.
        tell: takes a line for each instance.
        everyone: whether to stay until every instance of the job has started.

    Raises:
        NotFound: the job was deleted meanwhile.
        ArenaError: it ended without its code, or an instance did not take it.
    """
    name, namespace = job["metadata"]["name"], job["metadata"]["namespace"]
    wanted = instances(job) if everyone else 0
    if everyone:
        count = f"{wanted} instance" + "s" * (wanted != 1)
        tell(
            f"the code is too large for the cluster to keep: sending it to {count} as they start; "
            "Ctrl-C takes the job back"
        )
    sources = [
        Source(PODS, namespace, training.pod_selector(kind, job)),
        Source(resource, namespace, fields=f"metadata.name={name}"),
    ]
    tries: dict[str, int] = {}
    done: set[str] = set()
    with Watching(cluster, sources) as watching, ThreadPoolExecutor(_AT_ONCE) as pool:
        while True:
            pods = watching.objects(0)
            asking = [one for one in pods if _waits(one) and one["metadata"]["uid"] not in done]
            for pod, fault in zip(
                asking, pool.map(lambda one: _take(cluster, one, archive), asking), strict=True
            ):
                uid = pod["metadata"]["uid"]
                tries[uid] = tries.get(uid, 0) + 1
                if fault is None:
                    done.add(uid)
                    tell(f"sent the code to {pod['metadata']['name']}")
                elif tries[uid] == _TRIES:
                    raise fault
            started = [one for one in pods if one["metadata"]["uid"] in done or _is_past(one)]
            if len(started) >= wanted and all(one["metadata"]["uid"] in done for one in asking):
                return len(done)
            _check_lives(kind, watching.objects(1), name)
            watching.wait(None if set(tries) <= done else _AGAIN)


def again(cluster: Cluster, name: str, namespace: str, folder: str, kind: Kind | None = None) -> int:
    """Send the code to instances that came later, such as in place of one that was lost; to how many.

    Raises:
        SpecError: the job keeps its code in the cluster, or has none.
        Conflict: what is in the folder now is not the code of the job.
    """
    from arena.actions import packing

    kind, resource, job = training.find(cluster, name, namespace, kind)
    remarks = job["metadata"].get("annotations") or {}
    if labels.CODE_DIGEST not in remarks or labels.CODE_PARTS in remarks:
        raise SpecError(f'no instance of "{name}" waits for code', "leave --send away to restore what it has")
    archive = packing.pack(folder)
    if archive.digest != remarks[labels.CODE_DIGEST]:
        raise Conflict(
            f'"{folder}" is not the code that "{name}" was submitted with: {archive.digest[:19]} '
            f"instead of {remarks[labels.CODE_DIGEST][:19]}",
            "name a folder with the same files",
        )
    return send(cluster, kind, resource, job, archive, tell=lambda remark: None, everyone=False)


def instances(node: Any) -> int:
    """How many pods of an object wait for code, as far as its templates tell."""
    if isinstance(node, list):
        return sum(map(instances, node))
    if not isinstance(node, dict):
        return 0
    if NAME in [one.get("name") for one in node.get("initContainers") or ()]:
        return 1
    times = node.get("replicas", node.get("parallelism", 1))
    return sum(map(instances, node.values())) * int(1 if times is None else times)


def _status(pod: Object) -> Object:
    found: Sequence[Object] = (pod.get("status") or {}).get("initContainerStatuses") or ()
    return next((one.get("state") or {} for one in found if one["name"] == NAME), {})


def _waits(pod: Object) -> bool:
    return "running" in _status(pod)


def _is_past(pod: Object) -> bool:
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Running", "Succeeded", "Failed") or "terminated" in _status(pod)


def _take(cluster: Cluster, pod: Object, archive: Archive) -> ArenaError | None:
    """Send the code to one instance; what went wrong, if anything."""
    meta = pod["metadata"]
    command = ["sh", "-c", TAKE, WHERE, str(archive.packed)]
    try:
        with cluster.exec(meta["namespace"], meta["name"], command, NAME, stdin=True) as session:
            session.send(archive.file.getvalue())
            said = b"".join(data for _, data in session)
            if session.exit_code == 0:
                return None
    except ArenaError as error:
        return error
    why = said.decode("utf-8", "replace").strip() or f"exit code {session.exit_code}"
    return ArenaError(f"{meta['name']} did not take the code: {why}", "see its init container's log")


def _check_lives(kind: Kind, objects: Sequence[Object], name: str) -> None:
    if not objects:
        raise NotFound(f'the job "{name}" was deleted before all its instances had the code')
    job = kind.read(objects[0], [])
    if job.phase.is_final:
        raise ArenaError(f'the job "{name}" ended before all its instances had the code: {job.phase.value}')
