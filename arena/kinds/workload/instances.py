"""Convert a pod of the cluster to an instance of the model, with kubectl's status and the reason."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from arena import accelerators, labels
from arena.digits import whole
from arena.kinds.kind import UNMARKED, AbridgedPod, Object, Pod, PodConventions, PodSummary
from arena.model.instances import Container, Instance
from arena.units import by_age, quantity, when
from arena.values import replace


def instance(pod: Object, conventions: PodConventions = UNMARKED) -> Instance:
    """The instance for a pod; `conventions` are those of its kind."""
    meta, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
    containers = _containers(pod, conventions)
    word, reason, message = _state(pod, containers)
    role = job_role(pod, conventions)
    return Instance(
        name=meta["name"],
        namespace=meta.get("namespace", ""),
        uid=meta.get("uid", ""),
        status=word,
        phase=status.get("phase", ""),
        reason=reason,
        message=message,
        role=role,
        index=_index(pod, conventions, role),
        chief=role in conventions.chief_roles or (meta.get("labels") or {}).get(labels.JOB_ROLE) == "master",
        node=spec.get("nodeName", ""),
        node_ip=status.get("hostIP", ""),
        ip=status.get("podIP", ""),
        gpus=gpus(spec),
        created=when(meta.get("creationTimestamp")),
        started=when(status.get("startTime")),
        finished=max((one.finished for one in containers if one.finished), default=None)
        if status.get("phase") in ("Succeeded", "Failed")
        else None,
        containers=containers,
    )


def abridged(pod: Object, conventions: PodConventions = UNMARKED) -> AbridgedPod:
    """What is kept of an abridged pod; `completed` makes the summary of it."""
    meta = pod["metadata"]
    role = job_role(pod, conventions)
    return AbridgedPod(
        meta["name"],
        meta["namespace"],
        meta["uid"],
        role,
        _index(pod, conventions, role),
        role in conventions.chief_roles or meta["labels"].get(labels.JOB_ROLE) == "master",
        pod["spec"]["nodeName"],
        pod["status"],
        meta["creationTimestamp"],
        _controller(meta),
    )


def completed(pod: AbridgedPod, gpus: int) -> PodSummary:
    """The summary of an abridged pod that requests so many GPUs: as `summary`, at a third of the cost."""
    name, namespace, uid, role, number, chief, node, status, created, owner = pod
    stand_in = status["containerStatuses"][0]
    is_running = status["phase"] == "Running"
    made = Instance(
        name=name,
        namespace=namespace,
        uid=uid,
        status="Running" if is_running else "Completed",
        phase=status["phase"],
        role=role,
        index=number,
        chief=chief,
        node=node,
        node_ip=status["hostIP"],
        gpus=gpus,
        created=_when(created),
        containers=_stand_in(is_running, stand_in["ready"], stand_in["restartCount"]),
    )
    return PodSummary(made, owner)


_when = lru_cache(when)


@lru_cache
def _stand_in(is_running: bool, is_ready: bool, restarts: int) -> tuple[Container, ...]:
    if is_running:
        return (Container(name="", ready=is_ready, restarts=restarts),)
    return (Container(name="", restarts=restarts, reason="Completed", exit_code=0, ended=True),)


def summary(pod: Pod, conventions: PodConventions = UNMARKED) -> PodSummary:
    """The summary of a whole pod; a summary is returned unchanged."""
    if isinstance(pod, PodSummary):
        return pod
    return PodSummary(instance(pod, conventions), _controller(pod["metadata"]))


def _controller(meta: Mapping[str, Any]) -> tuple[str, str]:
    """Name and uid of the owner that controls an object; empty if none does."""
    for owner in meta.get("ownerReferences") or ():
        if owner.get("controller"):
            return owner.get("name", ""), owner.get("uid", "")
    return "", ""


def instances(found: Sequence[Instance], *, has_chief: bool = False) -> tuple[Instance, ...]:
    """The instances of a job: chief first, then by role and number.

    The chief is the first of several masters, or the newest of several launchers, since each retry creates
    one. Without either, it is the first that is not a parameter server, unless the job `has_chief` and that
    one is missing.
    """
    found = sorted(found, key=lambda one: (one.role, one.index, one.name))
    chiefs = [one for one in found if one.chief]
    chiefs = chiefs or [one for one in found if one.role != "ps" and not has_chief][:1]
    if not chiefs:
        return tuple(found)
    first = max(chiefs, key=lambda one: (-one.index, by_age(one)))
    rest = [_as_chief(one, False) for one in found if one is not first]
    return (_as_chief(first, True), *rest)


def _as_chief(one: Instance, chief: bool) -> Instance:
    return one if one.chief is chief else replace(one, chief=chief)


def is_ready(pod: Object) -> bool:
    """Whether a pod answers and stays: one that is being deleted counts as ready until its containers end."""
    if pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def job_role(pod: Object, conventions: PodConventions = UNMARKED) -> str:
    """The role of a pod in lower case: `worker`, `ps`, `launcher` ...; "" if its kind has no roles."""
    own = pod["metadata"].get("labels") or {}
    for key in conventions.role_labels:
        if role := own.get(key):
            return str(role).lower()
    return conventions.default_role.lower()


def _index(pod: Object, conventions: PodConventions, role: str) -> int:
    meta = pod["metadata"]
    own, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    word = ""
    for key in conventions.index_labels:
        if word := (own[key] if key in own else notes.get(key)) or "":
            break
    if not word and role == "worker" and not conventions.default_role:
        word = meta["name"].rpartition("-")[2]
    return whole(word) or 0


def gpus(spec: Mapping[str, Any]) -> int:
    """The number of GPUs and other accelerators that a pod's spec requests."""
    found = 0
    for container in spec.get("containers") or ():
        asked = container.get("resources")
        if asked:
            amounts = {**(asked.get("requests") or {}), **(asked.get("limits") or {})}
            for name, amount in amounts.items():
                if amount and accelerators.counts(name):
                    found += int(quantity(amount))
    return found


def main(pod: Object, known: Sequence[str] = ()) -> str:
    """The name of a pod's main container, the one that runs the program; "" if there is none.

    It is named by kubectl's annotation, else by the kind's operator (`known`); else it is the first.
    """
    spec, notes = pod.get("spec") or {}, (pod.get("metadata") or {}).get("annotations") or {}
    names: list[str] = [one.get("name", "") for one in spec.get("containers") or ()]
    meant = (name for name in (notes.get(labels.DEFAULT_CONTAINER, ""), *known) if name in names)
    return next(meant, names[0] if names else "")


def _containers(pod: Object, conventions: PodConventions) -> tuple[Container, ...]:
    """Containers in the order of `Instance.containers`: init containers first, then the main one."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    policy = spec.get("restartPolicy") or "Always"
    usual = status.get("containerStatuses") or ()
    if len(usual) > 1:
        first = main(pod, conventions.main_containers)
        names = [one.get("name") for one in spec.get("containers") or ()]
        # Nodes report them in the order of their names.
        usual = sorted(
            usual,
            key=lambda one: (one.get("name") != first, one.get("name") in names and names.index(one["name"])),
        )
    found = [_container(one, policy, init=True) for one in status.get("initContainerStatuses") or ()]
    return (*found, *(_container(one, policy) for one in usual))


def _container(status: Mapping[str, Any], policy: str, *, init: bool = False) -> Container:
    state = status.get("state") or {}
    running, ended = state.get("running") or {}, state.get("terminated") or {}
    pause = state.get("waiting") or {}
    # Why it waits says more than that it waits: the exit code of a crash loop is in the last state.
    before = (status.get("lastState") or {}).get("terminated") or {}
    last = before if pause else {}
    return Container(
        name=status.get("name", ""),
        ready=bool(status.get("ready")),
        restarts=int(status.get("restartCount") or 0),
        reason=pause.get("reason") or _ended(ended),
        message=pause.get("message") or ended.get("message") or "",
        exit_code=ended.get("exitCode", last.get("exitCode")),
        started=when(running.get("startedAt") or ended.get("startedAt")),
        finished=when(ended.get("finishedAt")),
        ended=bool(ended) and (policy == "Never" or (policy == "OnFailure" and not ended.get("exitCode"))),
        init=init,
        last_reason=_ended(before),
        last_exit_code=before.get("exitCode"),
        last_finished=when(before.get("finishedAt")),
    )


def _ended(ended: Mapping[str, Any]) -> str:
    if not ended:
        return ""
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def _state(pod: Object, containers: Sequence[Container]) -> tuple[str, str, str]:
    """(kubectl's STATUS, reason, message)."""
    status = pod.get("status") or {}
    reason, message = status.get("reason") or "", status.get("message") or ""
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating", reason, message
    init = [one for one in containers if one.init]
    undone = init and [one for one in init if not (one.exit_code == 0 and one.finished)]
    if undone and status.get("phase") not in ("Succeeded", "Running"):
        done = len(init) - len(undone)
        blamed = undone[0].reason if undone[0].reason not in ("", "PodInitializing") else ""
        total = len((pod.get("spec") or {}).get("initContainers") or init)
        word = f"Init:{blamed or f'{done}/{total}'}"
        return word, reason or blamed, message or undone[0].message
    return _main_state(status, [one for one in containers if not one.init], reason, message)


def _main_state(
    status: Mapping[str, Any], containers: Sequence[Container], reason: str, message: str
) -> tuple[str, str, str]:
    phase = status.get("phase") or "Pending"
    told = [one for one in containers if one.reason]
    blamed = next((one for one in told if one.reason != "Completed"), told[0] if told else None)
    if blamed and not reason:
        running = any(one.ready for one in containers) and blamed.reason == "Completed"
        return (
            "Running" if running else blamed.reason,
            "" if blamed.reason == "Completed" else blamed.reason,
            message or blamed.message,
        )
    if not reason and phase == "Pending":
        reason, message = _unscheduled(status)
        return "Pending", reason, message
    return reason or phase, reason, message


def _unscheduled(status: Mapping[str, Any]) -> tuple[str, str]:
    for one in status.get("conditions") or ():
        if one.get("type") == "PodScheduled" and one.get("status") == "False":
            return one.get("reason") or "Unschedulable", one.get("message") or ""
    return "", ""
