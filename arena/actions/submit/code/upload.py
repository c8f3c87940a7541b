"""Send code that is too large to be stored in the cluster to the instances, which wait for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions import reviews
from arena.actions.jobs import find
from arena.actions.watches import Source, Watching
from arena.errors import ArenaError, Conflict, NotAllowed, NotFound, SpecError
from arena.kinds.kind import Kind
from arena.kinds.workload.code import NAME, TAKE, WHERE
from arena.parallel import thread_pool
from arena.resources import PODS, Resource
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.actions.submit.code.archive import Archive
    from arena.kube import Cluster

Object = dict[str, Any]
_AT_ONCE = 4
_TRIES = 5
_AGAIN = 1.0
"""Seconds before the code is sent again to an instance that did not accept it."""


class Target(NamedTuple):
    """The job whose instances receive the code."""

    kind: Kind
    resource: Resource
    job: Object

    @property
    def name(self) -> str:
        """The job's name."""
        return str(self.job["metadata"]["name"])

    @property
    def sources(self) -> list[Source]:
        """The sources to watch: its pods and itself."""
        namespace = self.job["metadata"]["namespace"]
        return [
            Source(PODS, namespace, find.pod_selector(self.kind, self.job)),
            Source(self.resource, namespace, fields=f"metadata.name={self.name}"),
        ]

    def check_lives(self, objects: Sequence[Object]) -> None:
        """Raise an error if the job, which should be among these objects, is gone or has ended."""
        if not objects:
            raise NotFound(f'the job "{self.name}" was deleted before all its instances had the code')
        job = self.kind.read(objects[0], [])
        if job.phase.is_final:
            raise ArenaError(
                f'the job "{self.name}" ended before all its instances had the code: {job.phase.value}'
            )


def check(cluster: Cluster, namespace: str) -> None:
    """Raise NotAllowed if the cluster says that this user may not run commands in pods, as `send` does."""
    commands = {"resource": "pods", "subresource": "exec", "namespace": namespace}
    try:
        allowed = any(reviews.may(cluster, verb=verb, **commands) for verb in ("create", "get"))
    except NotAllowed:
        return  # who may not ask will see
    if not allowed:
        text = f'you may not run commands in pods in namespace "{namespace}", by which the code is sent'
        raise NotAllowed(text, "ask for a role that includes it, or put the code on a volume")


def send(
    cluster: Cluster, target: Target, archive: Archive, *, tell: Callable[[str], None], everyone: bool = True
) -> int:
    """Send the code to the instances that wait for it; return their number.

    Args:
        tell: called with a line for each instance.
        everyone: whether to wait until every instance of the job has started.

    Raises:
        NotFound: the job was deleted meanwhile.
        ArenaError: it ended without its code, or an instance did not accept it.
    """
    wanted = instances(target.job) if everyone else 0
    if everyone:
        count = f"{wanted} instance" + "s" * (wanted != 1)
        tell(
            f"the code is too large to be stored in the cluster: sending it to {count} as they start; "
            "Ctrl-C deletes the job"
        )
    delivery = _Delivery(cluster, archive, tell)
    with Watching(cluster, target.sources) as watching:
        while not delivery.reaches(watching.objects(0), wanted):
            target.check_lives(watching.objects(1))
            watching.wait(_AGAIN if delivery.failed else None)
    return len(delivery.done)


class _Delivery:
    """Sends the code to one instance after the other, and remembers which have it.

    Args:
        tell: called with a line for each instance.
    """

    def __init__(self, cluster: Cluster, archive: Archive, tell: Callable[[str], None]) -> None:
        self._cluster = cluster
        self._archive = archive
        self._tell = tell
        self.done: set[str] = set()
        """The uids of instances that have the code."""
        self.failed: dict[str, int] = {}
        """The number of failed attempts of others, by uid."""

    def reaches(self, pods: Sequence[Object], wanted: int) -> bool:
        """Send it to waiting pods; return whether that many have started and none waits."""
        asking = [one for one in pods if _waits(one) and _uid(one) not in self.done]
        with thread_pool(_AT_ONCE) as threads:
            faults = threads.map(lambda one: _take(self._cluster, one, self._archive), asking)
            for pod, fault in zip(asking, faults, strict=True):
                self._note(pod, fault)
        started = [one for one in pods if _uid(one) in self.done or _is_past(one)]
        return len(started) >= wanted and all(_uid(one) in self.done for one in asking)

    def _note(self, pod: Object, fault: ArenaError | None) -> None:
        uid = _uid(pod)
        if fault is None:
            self.done.add(uid)
            self.failed.pop(uid, None)
            self._tell(f"sent the code to {pod['metadata']['name']}")
        else:
            self.failed[uid] = self.failed.get(uid, 0) + 1
            if self.failed[uid] == _TRIES:
                raise fault


def _uid(pod: Object) -> str:
    return str(pod["metadata"]["uid"])


def again(cluster: Cluster, name: str, namespace: str, folder: str, kind: Kind | None = None) -> int:
    """Send the code to later instances, such as replacements; return their number.

    Raises:
        SpecError: the job's code is stored in the cluster, or it has none.
        Conflict: the folder does not contain the code of the job.
    """
    from arena.actions.submit.code.archive import pack

    kind, resource, job = find.find(cluster, name, namespace, kind)
    remarks = job["metadata"].get("annotations") or {}
    if labels.CODE_DIGEST not in remarks or labels.CODE_PARTS in remarks:
        raise SpecError(f'no instance of "{name}" waits for code', "omit --send to restore its code")
    archive = pack(folder)
    if archive.digest != remarks[labels.CODE_DIGEST]:
        raise Conflict(
            f'"{folder}" is not the code that "{name}" was submitted with: {archive.digest[:19]} '
            f"instead of {remarks[labels.CODE_DIGEST][:19]}",
            "name a folder with the same files",
        )
    return send(cluster, Target(kind, resource, job), archive, tell=lambda remark: None, everyone=False)


def instances(node: Any) -> int:
    """The number of pods of an object that wait for code, as far as its templates show."""
    if isinstance(node, list):
        return sum(map(instances, node))
    if not isinstance(node, dict):
        return 0
    if NAME in [one.get("name") for one in node.get("initContainers") or ()]:
        return int(node.get("instances", 1))  # for Spark's executors
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
    """Send the code to one instance; return the error, if any."""
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
    return ArenaError(f"{meta['name']} did not accept the code: {why}", "see its init container's log")
