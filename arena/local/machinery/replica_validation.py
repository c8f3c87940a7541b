"""What the webhooks of training jobs of all kinds refuse."""

from collections.abc import Iterator, Sequence

from arena.local.field_errors import (
    DNS_1035,
    FieldError,
    check_count,
    forbidden,
    invalid,
    missing,
    unsupported,
)
from arena.local.objects import Object

_MULTIKUEUE = "kueue.x-k8s.io/multikueue"
_RESTARTS = ("Always", "OnFailure", "Never", "ExitCode")
_CLEANUPS = ("All", "Running", "None")


def check_replicas(
    obj: Object, replicas: str, container: str, operator: str = "training-operator"
) -> Iterator[FieldError]:
    """Check the name, the runPolicy, and the replica specs in the field `replicas` and their container."""
    managers = (f"kubeflow.org/{operator}", _MULTIKUEUE)
    name, spec = obj["metadata"]["name"], obj["spec"]
    if not DNS_1035.fullmatch(name) or len(name) > 63:
        why = "a DNS-1035 label must consist of lower case letters, digits or '-', at most 63, and start "
        yield invalid("metadata.name", name, why + "with a letter")
    policy = spec.get("runPolicy") or {}
    cleanup = policy.get("cleanPodPolicy")
    if cleanup not in (None, *_CLEANUPS):
        yield unsupported("spec.runPolicy.cleanPodPolicy", cleanup, _CLEANUPS)
    for field in ("backoffLimit", "ttlSecondsAfterFinished", "activeDeadlineSeconds"):
        yield from check_count(f"spec.runPolicy.{field}", policy.get(field))
    if policy.get("managedBy") not in (None, *managers):
        yield unsupported("spec.runPolicy.managedBy", policy["managedBy"], managers)
    if not spec[replicas]:
        yield missing(f"spec.{replicas}", "must be specified")
    for kind, one in spec[replicas].items():
        yield from _replica(one or {}, f"spec.{replicas}[{kind}]", container)


def _replica(replica: Object, path: str, container: str) -> Iterator[FieldError]:
    yield from check_count(f"{path}.replicas", replica.get("replicas"))
    if replica.get("restartPolicy") not in (None, *_RESTARTS):
        yield unsupported(f"{path}.restartPolicy", replica["restartPolicy"], _RESTARTS)
    spec = (replica.get("template") or {}).get("spec") or {}
    if not spec.get("containers"):
        yield missing(f"{path}.template.spec.containers", "must be specified")
        return
    if container and container not in [one.get("name") for one in spec["containers"]]:
        why = f'must have at least one container with name "{container}"'
        yield missing(f"{path}.template.spec.containers", why)


def check_types(spec: Object, replicas: str, known: Sequence[str]) -> Iterator[FieldError]:
    """Yield an error for each replica type that the kind does not have."""
    for kind in spec[replicas]:
        if kind not in known:
            yield unsupported(f"spec.{replicas}[{kind}]", kind, known)


def check_single(spec: Object, replicas: str, kind: str) -> Iterator[FieldError]:
    """Yield an error unless there is exactly one replica of the type."""
    if kind in spec[replicas] and (spec[replicas][kind] or {}).get("replicas") != 1:
        value = (spec[replicas][kind] or {}).get("replicas")
        yield forbidden(f"spec.{replicas}[{kind}].replicas", f"must be 1, not {value}")
