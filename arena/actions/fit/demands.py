"""The pods that the operator of a kind creates for a plan: their roles, templates and numbers.

They are found in the objects of the plan, which are those that a submit sends: every pod template, and the
numbers beside and above it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from arena import labels
from arena.actions.submit.plan import Plan
from arena.values import frozen

Object = Mapping[str, Any]
INIT_PYTORCH = {
    "name": "init-pytorch",
    "resources": {
        "limits": {"cpu": "100m", "memory": "20Mi"},
        "requests": {"cpu": "50m", "memory": "10Mi"},
    },
}
"""The container with which workers of a PyTorchJob wait for their master."""
DELIVERY = {
    "name": "kubectl-delivery",
    "resources": {
        "limits": {"cpu": "100m", "memory": "512Mi", "ephemeral-storage": "5Gi"},
        "requests": {"cpu": "100m", "memory": "512Mi", "ephemeral-storage": "5Gi"},
    },
}
"""The container of a launcher of MPIJob v1 that fetches kubectl."""
SUBMITTERS = ("submitterPodTemplate",)
"""Fields that are pod templates themselves."""
COUNTS = ("replicas", "parallelism", "numOfHosts", "instances")
"""Fields that multiply the pods below them."""


@frozen
class Demand:
    """Pods of one role, which are all alike."""

    role: str
    template: Object
    """A pod's `metadata` and `spec`."""
    count: int


def demands(plan: Plan) -> list[Demand]:
    """The pods of all objects of a plan, those of the main one first."""
    main = _of_train_job(plan.main) or _of_spark(plan.main) or list(_of_object(plan.main))
    beside = [one for obj in plan.dependents for one in _of_object(obj)]
    return [one for one in (*main, *beside) if one.count > 0]


def _of_object(obj: Object) -> Iterator[Demand]:
    kind, name = obj.get("kind"), str(obj["metadata"].get("labels", {}).get(labels.COMPONENT) or "")
    for one in _found(obj.get("spec"), name if kind == "Deployment" else "", 1):
        yield _with_operator(one, obj)


def _found(data: Any, name: str, count: int) -> Iterator[Demand]:
    """The pod templates in a part of an object.

    Args:
        name: the role, if nothing nearer says it.
        count: the product of the numbers above.
    """
    if isinstance(data, list):
        for one in data:
            yield from _found(one, name, count)
    elif isinstance(data, dict):
        name = str(data.get("name") or data.get("groupName") or name)
        for key in COUNTS:
            if isinstance(data.get(key), int):
                count *= _number(data, key)
        template = data.get("template")
        spec = template.get("spec") if isinstance(template, dict) else None
        if isinstance(spec, dict) and "containers" in spec:
            yield Demand(role=name.lower() or "worker", template=template or {}, count=count)
            return
        if "leaderWorkerTemplate" in data:
            yield from _of_group(data["leaderWorkerTemplate"], count)
            return
        yield from _below(data, name, count)


def _below(data: Object, name: str, count: int) -> Iterator[Demand]:
    for key, value in data.items():
        if key in SUBMITTERS:
            yield Demand(role="submitter", template=value, count=count)
        elif isinstance(value, dict | list):
            below = name if key in ("template", "spec", "jobTemplate") else _role(key)
            yield from _found(value, below, count)


def _number(data: Object, key: str) -> int:
    number = int(data[key])
    completions = data.get("completions")
    return min(number, completions) if key == "parallelism" and isinstance(completions, int) else number


def _role(key: str) -> str:
    return "head" if key == "headGroupSpec" else key


def _of_group(data: Object, count: int) -> Iterator[Demand]:
    """The pods of groups of a LeaderWorkerSet."""
    size, worker = data.get("size") or 1, data.get("workerTemplate") or {}
    yield Demand(role="leader", template=data.get("leaderTemplate") or worker, count=count)
    yield Demand(role="worker", template=worker, count=count * (size - 1))


def _with_operator(one: Demand, obj: Object) -> Demand:
    """The pods with what the operator itself adds and the scheduler counts."""
    spec = one.template["spec"]
    kind, version = obj.get("kind"), obj.get("apiVersion")
    roles = (obj.get("spec") or {}).get("pytorchReplicaSpecs") or {}
    extra = None
    if kind == "PyTorchJob" and one.role == "worker" and "Master" in roles:
        extra = INIT_PYTORCH
    elif (kind, version) == ("MPIJob", "kubeflow.org/v1") and one.role == "launcher":
        extra = DELIVERY
    meta = dict(one.template.get("metadata") or {})
    if str(version).startswith("kubeflow.org/"):
        own = {labels.JOB_NAME: obj["metadata"].get("name"), labels.REPLICA_TYPE: one.role}
        meta["labels"] = {**(meta.get("labels") or {}), **own}
    inits = [*(spec.get("initContainers") or ()), *([extra] if extra else ())]
    template = {"metadata": meta, "spec": {**spec, **({"initContainers": inits} if inits else {})}}
    return Demand(role=one.role, template=template, count=one.count)


def _of_train_job(obj: Object) -> list[Demand]:
    """The nodes of a TrainJob, as far as it says itself; its runtime may add to them."""
    spec = obj.get("spec") or {}
    trainer = spec.get("trainer")
    if obj.get("kind") != "TrainJob" or not isinstance(trainer, dict):
        return []
    container = {"name": "node", "resources": trainer.get("resourcesPerNode") or {}}
    pod: dict[str, Any] = {"containers": [container]}
    for one in _found(spec.get("runtimePatches") or spec.get("podTemplateOverrides"), "", 1):
        patch = one.template["spec"]
        pod |= {key: patch[key] for key in PLACING if key in patch}
    return [Demand(role="node", template={"metadata": {}, "spec": pod}, count=trainer.get("numNodes") or 1)]


PLACING = ("nodeSelector", "affinity", "tolerations", "volumes", "priorityClassName")
"""Fields of a pod's spec that decide where it goes."""


def _of_spark(obj: Object) -> list[Demand]:
    """The driver and the executors of a SparkApplication, whose memory has an overhead."""
    if obj.get("kind") != "SparkApplication":
        return []
    spec = obj["spec"]
    found = []
    for role in ("driver", "executor"):
        own = spec.get(role) or {}
        gpu = own.get("gpu") or {}
        requests = {"cpu": str(own.get("coreRequest") or own.get("cores") or 1), "memory": _spark_memory(own)}
        limits = {gpu["name"]: str(gpu.get("quantity", 1))} if gpu.get("name") else {}
        container = {"name": role, "resources": {"requests": requests, "limits": limits}}
        pod = {"containers": [container], **{key: own[key] for key in PLACING if key in own}}
        template = {"metadata": {"labels": own.get("labels") or {}}, "spec": pod}
        found.append(Demand(role=role, template=template, count=own.get("instances", 1)))
    return found


def _spark_memory(own: Object) -> str:
    """The memory of Spark's JVM in MiB, and a tenth of it or 384 MiB beside it."""
    from arena import units

    text = str(own.get("memory") or "1g").lower()
    unit = {"k": "Ki", "m": "Mi", "g": "Gi", "t": "Ti"}.get(text[-1:])
    mib = int(units.quantity(f"{text[:-1]}{unit}" if unit else f"{text}Mi")) >> 20
    return f"{mib + max(384, mib // 10)}Mi"
