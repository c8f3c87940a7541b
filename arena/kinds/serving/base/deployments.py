"""Servings that are Deployments, created by arena or by the Go arena."""

from collections.abc import Callable, Mapping, Sequence

from arena import labels
from arena.kinds.kind import Kind, Object, Pod, PodConventions, count
from arena.kinds.serving import FAMILY
from arena.kinds.serving.base import groups, reading
from arena.kinds.serving.base import probes as probes_of
from arena.kinds.serving.base import status as status_of
from arena.kinds.workload import instances
from arena.model.servings import Serving
from arena.resources import DEPLOYMENTS

Read = Callable[[Object, Sequence[Pod]], Serving]
MAIN = PodConventions(main_containers=("serving", "custom-serving", "tritonserver"))
"""The container that serves: arena's own name, and those that the Go arena uses."""


def kind(  # noqa: PLR0913  # what distinguishes these kinds
    name: str,
    type: str,
    *,
    aliases: tuple[str, ...],
    summary: str,
    examples: tuple[str, ...],
    protocol: str = "",
    suffix: str = "",
    in_groups: bool = False,
) -> Kind[object, Serving]:
    """A kind of servings that are Deployments; its Spec and its template are named after it.

    Args:
        name: its name.
        type: the value of the label `servingType`.
        aliases: other words for it.
        summary: one line for help.
        examples: command lines for help.
        protocol: the protocol of its requests, if all its servings speak the same.
        suffix: the end of the names of its Deployments, unless it is the type.
        in_groups: whether groups of pods can serve it, too, as LeaderWorkerSets.
    """
    conventions = groups.PODS if in_groups else MAIN
    alone = reader(name, protocol, conventions)
    grouped = groups.reader(name, protocol)
    alone_of = object_of(type, suffix or type)
    return Kind(
        name=name,
        family=FAMILY,
        aliases=aliases,
        summary=summary,
        resources=(DEPLOYMENTS,),
        also=(groups.LEADER_WORKER_SETS,) if in_groups else (),
        template=f"{name}-serving.yaml",
        specs=f"arena.kinds.serving.specs.{name}",
        read=lambda obj, pods: (grouped if groups.is_set(obj) else alone)(obj, pods),
        pods=lambda obj: (groups.pods if groups.is_set(obj) else pods)(obj),
        owns=owner(type),
        job_of=lambda pod: groups.object_of(pod) or alone_of(pod),
        conventions=conventions,
        selectors=(labels.SERVING_NAME,),
        scale=count("spec", "replicas"),
        one_world=False,
        examples=examples,
    )


def reader(kind: str, protocol: str = "", conventions: PodConventions = MAIN) -> Read:
    """The function that reads Deployments of a kind.

    Args:
        kind: its name.
        protocol: the protocol of its requests, if all its servings speak the same.
        conventions: those of its pods.
    """

    def read(obj: Object, pods: Sequence[Pod]) -> Serving:
        meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
        notes = meta.get("annotations") or {}
        wanted = int(spec.get("replicas", 1))
        return reading.serving(
            kind,
            obj,
            meta.get("labels") or {},
            wanted=wanted,
            available=int(status.get("availableReplicas") or 0),
            protocol=notes.get(labels.PROTOCOL, protocol),
            gpus=wanted * instances.gpus((spec.get("template") or {}).get("spec") or {}),
            instances=reading.pods_of(pods, conventions),
            rollout=status_of.deployment_rollout(obj),
            canary=status_of.canary(obj),
            probes=probes_of.probes(spec.get("template") or {}),
        )

    return read


def owner(type: str) -> Callable[[Object], bool]:
    """Whether a Deployment is a serving of a type, such as `custom-serving`."""
    return lambda obj: (obj["metadata"].get("labels") or {}).get(labels.SERVING_TYPE) == type


def pods(obj: Object) -> Mapping[str, str]:
    """The labels that all pods of a Deployment have."""
    selector = (obj.get("spec") or {}).get("selector") or {}
    found: Mapping[str, str] = selector.get("matchLabels") or {}
    return found


def object_of(type: str, suffix: str) -> Callable[[Object], str]:
    """Pod -> the name of the Deployment of that type to which it belongs, or ""."""

    def object_of_pod(pod: Object) -> str:
        own = pod["metadata"].get("labels") or {}
        if own.get(labels.SERVING_TYPE) != type:
            return ""
        return f"{own.get(labels.SERVING_NAME)}-{own.get(labels.SERVING_VERSION)}-{suffix}"

    return object_of_pod
