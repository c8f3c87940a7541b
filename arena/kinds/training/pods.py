"""A pod, as the cluster describes it, as an instance of the model: status in kubectl's words, and why."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from arena import labels
from arena.kinds.kind import STANDARD, Member, Object, Places, Pod
from arena.model import Container, Instance
from arena.units import by_age, quantity, when

_GPU = re.compile(
    r"(nvidia|aliyun|amd)\.com/gpu|nvidia\.com/(gpu\.shared|mig-.+)|gpu\.intel\.com/(i915|xe)"
    r"|habana\.ai/gaudi|google\.com/tpu|huawei\.com/Ascend\w+"
)
"""What nodes call their GPUs, parts of such, and what stands in for them."""


def instance(pod: Object, places: Places = STANDARD) -> Instance:
    """The instance that the pod is; `places` names the labels of its kind."""
    meta, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
    containers = _containers(status)
    word, reason, message = _state(pod, containers)
    role = job_role(pod, places)
    return Instance(
        name=meta["name"],
        namespace=meta.get("namespace", ""),
        uid=meta.get("uid", ""),
        status=word,
        phase=status.get("phase", ""),
        reason=reason,
        message=message,
        role=role,
        index=_index(pod, places, role),
        chief=role in places.chiefs or (meta.get("labels") or {}).get(labels.JOB_ROLE) == "master",
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


def member(pod: Pod, places: Places = STANDARD) -> Member:
    """What a job is made of; a pod that is it already stays as it is."""
    if isinstance(pod, Member):
        return pod
    owners = pod["metadata"].get("ownerReferences") or ()
    owner: Object = next((one for one in owners if one.get("controller")), {})
    return Member(instance(pod, places), (owner.get("name", ""), owner.get("uid", "")))


def instances(found: Sequence[Instance]) -> tuple[Instance, ...]:
    """The instances of a job: chief first, then by role and number; with one chief if there is any pod.

    Of several masters the first is the chief, and of several launchers, as each retry makes one, the newest.
    """
    found = sorted(found, key=lambda one: (one.role, one.index, one.name))
    chiefs = [one for one in found if one.chief] or [one for one in found if one.role != "ps"][:1]
    if not chiefs:
        return tuple(found)
    first = max(chiefs, key=lambda one: (-one.index, by_age(one)))
    rest = [_as_chief(one, False) for one in found if one is not first]
    return (_as_chief(first, True), *rest)


def _as_chief(one: Instance, chief: bool) -> Instance:
    return one if one.chief is chief else replace(one, chief=chief)


def job_role(pod: Object, places: Places = STANDARD) -> str:
    """The role of a pod in lower case: `worker`, `ps`, `launcher` ...; "" where its kind names none."""
    own = pod["metadata"].get("labels") or {}
    return next((str(own[key]) for key in places.roles if own.get(key)), places.other).lower()


def _index(pod: Object, places: Places, role: str) -> int:
    meta = pod["metadata"]
    known = {**(meta.get("annotations") or {}), **(meta.get("labels") or {})}
    word = next((known[key] for key in places.indices if known.get(key)), "")
    if not word and role == "worker" and not places.other:
        word = meta["name"].rpartition("-")[2]
    return int(word) if word.isdecimal() else 0


def gpus(spec: Mapping[str, Any]) -> int:
    """The GPUs that a pod's spec asks for."""
    found = 0
    for container in spec.get("containers") or ():
        asked = container.get("resources") or {}
        amounts = {**(asked.get("requests") or {}), **(asked.get("limits") or {})}
        found += sum(
            int(quantity(amount)) for name, amount in amounts.items() if amount and _GPU.fullmatch(name)
        )
    return found


def _containers(status: Mapping[str, Any]) -> tuple[Container, ...]:
    found = [_container(one, True) for one in status.get("initContainerStatuses") or ()]
    return (*found, *(_container(one, False) for one in status.get("containerStatuses") or ()))


def _container(status: Mapping[str, Any], init: bool) -> Container:
    state = status.get("state") or {}
    running, ended = state.get("running") or {}, state.get("terminated") or {}
    pause = state.get("waiting") or {}
    # What it waits after tells more than that it waits: a crash loop's exit is in the last state.
    last = (status.get("lastState") or {}).get("terminated") or {} if pause else {}
    return Container(
        name=status.get("name", ""),
        ready=bool(status.get("ready")),
        restarts=int(status.get("restartCount") or 0),
        reason=pause.get("reason") or _ended(ended),
        message=pause.get("message") or ended.get("message") or "",
        exit_code=ended.get("exitCode", last.get("exitCode")),
        started=when(running.get("startedAt") or ended.get("startedAt")),
        finished=when(ended.get("finishedAt")),
        init=init,
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
    undone = [one for one in init if not (one.exit_code == 0 and one.finished)]
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
