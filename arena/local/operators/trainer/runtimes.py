"""Training runtimes: how a TrainJob's JobSet is made from one, and those that the cluster provides."""

import copy
from collections.abc import Iterator

from arena.digits import whole
from arena.local.field_errors import FieldError, forbidden
from arena.local.machinery.pod_template import merged_lists, overlaid
from arena.local.objects import Object

STEP = "trainer.kubeflow.org/trainjob-ancestor-step"
"""Label of a replicated job's template: whether it trains or downloads the dataset or the model."""
TRAINER, DATASET, MODEL = "trainer", "dataset-initializer", "model-initializer"
CONTAINER = "node"
PORT = 29500
INDEX = "metadata.annotations['batch.kubernetes.io/job-completion-index']"

_RESERVED = ("PET_NNODES", "PET_NPROC_PER_NODE", "PET_NODE_RANK", "PET_MASTER_ADDR", "PET_MASTER_PORT")
_UNKNOWN = ("mpi", "xgboost", "flux")
"""Policies that need hosts, keys or trackers, which the local cluster does not create."""


def refusal(runtime: Object, job: Object) -> str:
    """Why this runtime cannot be used for this job; "" when it can."""
    name, policy = runtime["metadata"]["name"], runtime["spec"].get("mlPolicy") or {}
    lost = next((one for one in _UNKNOWN if one in policy), "")
    if lost:
        return f'runtime "{name}" needs {lost}, which the local cluster does not provide'
    if not any(_step(one) == TRAINER for one in _groups(runtime["spec"]["template"])):
        return f'runtime "{name}" has no replicated job with the label {STEP}={TRAINER}'
    given = [one["name"] for one in (job["spec"].get("trainer") or {}).get("env") or []]
    taken = next((one for one in given if one in _RESERVED), "")
    if taken and "torch" in policy:
        return f'runtime "{name}" sets the variable {taken} itself'
    return ""


def _groups(template: Object) -> list[Object]:
    return template["spec"].get("replicatedJobs") or []


def _step(group: Object) -> str:
    return str(((group["template"].get("metadata") or {}).get("labels") or {}).get(STEP, ""))


def jobset(runtime: Object, job: Object) -> Object:
    """The metadata and the spec of the JobSet of a TrainJob."""
    template = copy.deepcopy(runtime["spec"]["template"])
    name, spec = job["metadata"]["name"], job["spec"]
    policy = runtime["spec"].get("mlPolicy") or {}
    for group in _groups(template):
        limit = spec.get("activeDeadlineSeconds")
        if limit is not None:
            group["template"]["spec"]["activeDeadlineSeconds"] = limit
        if _step(group) == TRAINER:
            _train(group, job, policy)
        elif _step(group) in (DATASET, MODEL):
            _fetch(group, spec.get("initializer") or {})
    for change in spec.get("runtimePatches") or []:
        _patch(template, (change.get("trainingRuntimeSpec") or {}).get("template") or {})
    meta = template.get("metadata") or {}
    kept = {word: meta[word] for word in ("labels", "annotations") if meta.get(word)}
    made = {**template["spec"], "suspend": bool(spec.get("suspend"))}
    return {"metadata": {"name": name, **kept}, "spec": made}


def _train(group: Object, job: Object, policy: Object) -> None:
    """Apply the TrainJob's trainer to the replicated job that trains."""
    trainer = job["spec"].get("trainer")
    wanted = ((trainer or {}).get("numNodes"), policy.get("numNodes"), 1)
    nodes = next(int(one) for one in wanted if one is not None)
    group["template"]["spec"] |= {"parallelism": nodes, "completions": nodes}
    for container in _containers(group):
        if container["name"] == CONTAINER and trainer is not None:
            _override(container, trainer)
            host = f"{job['metadata']['name']}-{group['name']}-0-0.{job['metadata']['name']}"
            variables = _variables(policy, trainer, host, nodes)
            container["env"] = merged_lists(container.get("env") or [], variables, "name")
            if variables:
                ports = container.get("ports") or []
                container["ports"] = merged_lists(ports, [{"containerPort": PORT}], "containerPort")


def _containers(group: Object) -> list[Object]:
    found: list[Object] = group["template"]["spec"]["template"]["spec"].get("containers") or []
    return found


def _override(container: Object, trainer: Object) -> None:
    for field in ("image", "command", "args"):
        if trainer.get(field):
            container[field] = trainer[field]
    if trainer.get("resourcesPerNode"):
        container["resources"] = trainer["resourcesPerNode"]
    container["env"] = merged_lists(container.get("env") or [], trainer.get("env") or [], "name")


def _variables(policy: Object, trainer: Object, host: str, nodes: int) -> list[Object]:
    """The variables by which a node finds the others."""
    plain: dict[str, str] = {}
    rank = ""
    if "torch" in policy:
        rank = "PET_NODE_RANK"
        plain = {"PET_NNODES": str(nodes), "PET_NPROC_PER_NODE": _processes(trainer)}
        plain |= {"PET_MASTER_ADDR": host, "PET_MASTER_PORT": str(PORT)}
    elif "jax" in policy:
        rank = "JAX_PROCESS_ID"
        plain = {"JAX_NUM_PROCESSES": str(nodes), "JAX_COORDINATOR_ADDRESS": f"{host}:{PORT}"}
    found: list[Object] = [{"name": name, "value": value} for name, value in plain.items()]
    return [*found, {"name": rank, "valueFrom": {"fieldRef": {"fieldPath": INDEX}}}] if rank else []


def _processes(trainer: Object) -> str:
    """Processes of a node: the given number, or one for each requested CPU without GPUs, or `auto`."""
    if trainer.get("numProcPerNode") is not None:
        return str(trainer["numProcPerNode"])
    resources = trainer.get("resourcesPerNode") or {}
    asked = {**(resources.get("requests") or {}), **(resources.get("limits") or {})}
    cpus = str(asked.get("cpu", ""))
    return cpus if whole(cpus) and not any("gpu" in name for name in asked) else "auto"


def _fetch(group: Object, initializer: Object) -> None:
    """Apply the TrainJob's initializer to the replicated job that downloads the dataset or the model."""
    source = initializer.get("dataset" if _step(group) == DATASET else "model")
    for container in _containers(group):
        if source and container["name"] == _step(group):
            uri = [{"name": "STORAGE_URI", "value": source["storageUri"]}] if source.get("storageUri") else []
            env = merged_lists(container.get("env") or [], uri, "name")
            container["env"] = merged_lists(env, source.get("env") or [], "name")
            if source.get("secretRef"):
                container["envFrom"] = [*(container.get("envFrom") or []), {"secretRef": source["secretRef"]}]


def _patch(template: Object, change: Object) -> None:
    """Apply one patch of the runtime to the JobSet's template, in place."""
    template["metadata"] = overlaid(template.get("metadata") or {}, change.get("metadata") or {})
    by_name = {one["name"]: one for one in (change.get("spec") or {}).get("replicatedJobs") or []}
    for group in _groups(template):
        more = by_name.get(group["name"], {}).get("template") or {}
        group["template"] = overlaid(group["template"], more)


def check_patches(spec: Object) -> Iterator[FieldError]:
    """Yield an error for patches that set variables for which the TrainJob has fields."""
    for number, change in enumerate(spec.get("runtimePatches") or []):
        template = (change.get("trainingRuntimeSpec") or {}).get("template") or {}
        for group in (template.get("spec") or {}).get("replicatedJobs") or []:
            pod = (((group.get("template") or {}).get("spec") or {}).get("template") or {}).get("spec") or {}
            for container in pod.get("containers") or []:
                if container.get("env") and container["name"] in (CONTAINER, DATASET, MODEL):
                    why = f"must not be set for the container {container['name']}"
                    yield forbidden(f"spec.runtimePatches[{number}].env", why)


def _shipped(framework: str) -> Object:
    pod = {"containers": [{"name": CONTAINER, "image": f"{framework}:local"}], "restartPolicy": "Never"}
    job = {
        "name": CONTAINER,
        "template": {
            "metadata": {"labels": {STEP: TRAINER}},
            "spec": {"backoffLimit": 0, "template": {"spec": pod}},
        },
    }
    return {
        "apiVersion": "trainer.kubeflow.org/v1alpha1",
        "kind": "ClusterTrainingRuntime",
        "metadata": {
            "name": f"{framework}-distributed",
            "labels": {"trainer.kubeflow.org/framework": framework},
        },
        "spec": {"mlPolicy": {"numNodes": 1, framework: {}}, "template": {"spec": {"replicatedJobs": [job]}}},
    }


SHIPPED = (_shipped("jax"), _shipped("torch"))
"""The runtimes that the local cluster provides."""
