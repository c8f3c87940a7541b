"""The rules for training jobs: what their operators' webhooks refuse."""

from collections.abc import Iterator, Sequence

from arena.local.api import pods
from arena.local.api.causes import DNS_1035, invalid, missing, unsupported
from arena.local.api.refusals import Cause
from arena.local.objects import Object

_MANAGERS = ("kubeflow.org/training-operator", "kueue.x-k8s.io/multikueue")
_RESTARTS = ("Always", "OnFailure", "Never", "ExitCode")
_CLEANUPS = ("All", "Running", "None")


def _common(obj: Object, replicas: str, container: str) -> Iterator[Cause]:
    name, spec = obj["metadata"]["name"], obj["spec"]
    if not DNS_1035.fullmatch(name) or len(name) > 63:
        why = "a DNS-1035 label must consist of lower case letters, digits or '-', at most 63, and start "
        yield invalid("metadata.name", name, why + "with a letter")
    policy = spec.get("runPolicy") or {}
    cleanup = policy.get("cleanPodPolicy")
    if cleanup not in (None, *_CLEANUPS):
        yield unsupported("spec.runPolicy.cleanPodPolicy", cleanup, _CLEANUPS)
    for field in ("backoffLimit", "ttlSecondsAfterFinished", "activeDeadlineSeconds"):
        yield from pods.check_count(f"spec.runPolicy.{field}", policy.get(field))
    if policy.get("managedBy") not in (None, *_MANAGERS):
        yield unsupported("spec.runPolicy.managedBy", policy["managedBy"], _MANAGERS)
    for kind, one in spec[replicas].items():
        yield from _replica(one or {}, f"spec.{replicas}[{kind}]", container)


def _replica(replica: Object, path: str, container: str) -> Iterator[Cause]:
    yield from pods.check_count(f"{path}.replicas", replica.get("replicas"))
    if replica.get("restartPolicy") not in (None, *_RESTARTS):
        yield unsupported(f"{path}.restartPolicy", replica["restartPolicy"], _RESTARTS)
    spec = (replica.get("template") or {}).get("spec") or {}
    if not spec.get("containers"):
        yield missing(f"{path}.template.spec.containers", "must be specified")
        return
    yield from pods.check(spec, f"{path}.template.spec")
    if container and container not in [one.get("name") for one in spec["containers"]]:
        why = f'must have at least one container with name "{container}"'
        yield missing(f"{path}.template.spec.containers", why)


def _types(spec: Object, replicas: str, known: Sequence[str]) -> Iterator[Cause]:
    for kind in spec[replicas]:
        if kind not in known:
            yield unsupported(f"spec.{replicas}[{kind}]", kind, known)


def _lone(spec: Object, replicas: str, kind: str) -> Iterator[Cause]:
    """A replica type of which there must be exactly one."""
    if kind in spec[replicas] and (spec[replicas][kind] or {}).get("replicas") != 1:
        value = (spec[replicas][kind] or {}).get("replicas")
        yield Cause(
            f"spec.{replicas}[{kind}].replicas", "FieldValueForbidden", f"Forbidden: must be 1, not {value}"
        )


def check_tfjob(obj: Object) -> Iterator[Cause]:
    """A TFJob has at most one Chief or Master."""
    yield from _common(obj, "tfReplicaSpecs", "tensorflow")
    chiefs = [kind for kind in obj["spec"]["tfReplicaSpecs"] if kind in ("Chief", "Master")]
    if len(chiefs) > 1:
        message = "Forbidden: must not have more than 1 Chief or Master role"
        yield Cause("spec.tfReplicaSpecs", "FieldValueForbidden", message)
    if obj["spec"].get("successPolicy") not in (None, "", "AllWorkers"):
        yield unsupported("spec.successPolicy", obj["spec"]["successPolicy"], ("", "AllWorkers"))


def check_pytorchjob(obj: Object) -> Iterator[Cause]:
    """A PyTorchJob has one Master at most, a Worker where it has one, and a Worker when elastic."""
    spec = obj["spec"]
    yield from _common(obj, "pytorchReplicaSpecs", "pytorch")
    yield from _types(spec, "pytorchReplicaSpecs", ("Master", "Worker"))
    yield from _lone(spec, "pytorchReplicaSpecs", "Master")
    workers = spec["pytorchReplicaSpecs"].get("Worker")
    count = (workers or {}).get("replicas")
    if workers and isinstance(count, int) and count < 1:
        yield invalid("spec.pytorchReplicaSpecs[Worker].replicas", count, "must be at least 1")
    if spec.get("elasticPolicy") is not None and not workers:
        yield missing("spec.pytorchReplicaSpecs[Worker]", "must be configured when elasticPolicy is used")
    elastic = spec.get("elasticPolicy") or {}
    if spec.get("nprocPerNode") is not None and elastic.get("nProcPerNode") is not None:
        message = "Forbidden: spec.elasticPolicy.nProcPerNode and spec.nprocPerNode exclude each other"
        yield Cause("spec.elasticPolicy.nProcPerNode", "FieldValueForbidden", message)
    word = spec.get("nprocPerNode")
    if word is not None and word not in ("auto", "cpu", "gpu") and not str(word).isdigit():
        yield invalid("spec.nprocPerNode", word, "must be auto, cpu, gpu or an integer")


def check_mpijob(obj: Object) -> Iterator[Cause]:
    """An MPIJob has exactly one Launcher, and Workers if any."""
    spec = obj["spec"]
    yield from _common(obj, "mpiReplicaSpecs", "")
    yield from _types(spec, "mpiReplicaSpecs", ("Launcher", "Worker"))
    if "Launcher" not in spec["mpiReplicaSpecs"]:
        yield missing("spec.mpiReplicaSpecs", "must have Launcher replica spec")
    elif (spec["mpiReplicaSpecs"]["Launcher"] or {}).get("replicas", 1) != 1:
        yield from _lone(spec, "mpiReplicaSpecs", "Launcher")
    workers = spec["mpiReplicaSpecs"].get("Worker") or {}
    if isinstance(workers.get("replicas"), int) and workers["replicas"] < 1:
        yield invalid("spec.mpiReplicaSpecs[Worker].replicas", workers["replicas"], "must be at least 1")
    known = ("OpenMPI", "Intel", "MPICH")
    if spec.get("mpiImplementation") not in (None, *known):
        yield unsupported("spec.mpiImplementation", spec["mpiImplementation"], known)
