"""SeldonDeployments: prepackaged servers of Seldon, and programs with its wrapper."""

from collections.abc import Mapping, Sequence

from arena import labels
from arena.kinds.kind import Kind, Modification, Object, Pod, PodConventions
from arena.kinds.serving import FAMILY
from arena.kinds.serving.base import reading
from arena.kinds.serving.base import status as state
from arena.kinds.workload import instances
from arena.model.servings import RevisionShare, Serving
from arena.resources import Resource

NAME = "seldon"
TYPE = "seldon-serving"
"""The value of the label `servingType`."""
DEPLOYMENTS = Resource("machinelearning.seldon.io", "v1", "seldondeployments", kind="SeldonDeployment")
CONTAINER = "inference"
"""The node of the graph that serves, and its container."""
PODS = PodConventions(main_containers=(CONTAINER,))
PROTOCOLS = {"": "seldon", "seldon": "seldon", "tensorflow": "v1", "v2": "v2", "kfserving": "v2"}
"""What Seldon calls protocols, and what they are called elsewhere."""


def read(obj: Object, pods: Sequence[Pod]) -> Serving:
    """The serving for a SeldonDeployment, whoever created it."""
    meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    own = {**_predictor_labels(spec), **(meta.get("labels") or {})}
    counts = [_replicas(one, spec) for one in spec.get("predictors") or ()]
    deployed = (status.get("deploymentStatus") or {}).values()
    return reading.serving(
        NAME,
        obj,
        own,
        wanted=sum(counts),
        available=sum(int(one.get("availableReplicas") or 0) for one in deployed),
        address=str((status.get("address") or {}).get("url") or ""),
        protocol=PROTOCOLS.get(spec.get("protocol") or "", ""),
        model=own.get(labels.MODEL_NAME, "") or _node(spec),
        gpus=sum(count * _gpus(one) for count, one in zip(counts, spec.get("predictors") or (), strict=True)),
        instances=reading.pods_of(pods, PODS),
        rollout=state.seldon_rollout(obj, pods),
        routed=_routed(spec),
        canary=state.canary(obj),
    )


def _predictor_labels(spec: Object) -> Mapping[str, str]:
    """The labels that the Go arena sets on the predictor alone."""
    predictors = spec.get("predictors") or [{}]
    found: Mapping[str, str] = predictors[0].get("labels") or {}
    return found


def _replicas(predictor: Object, spec: Object) -> int:
    given = [one for one in (predictor.get("replicas"), spec.get("replicas")) if one is not None]
    return int(given[0]) if given else 1


def _routed(spec: Object) -> tuple[RevisionShare, ...]:
    """How the requests are split between several predictors, the newest first."""
    predictors = [one for one in spec.get("predictors") or () if not one.get("shadow")]
    found = [
        RevisionShare(
            revision=str(one.get("name") or ""),
            percent=int(one.get("traffic") or 0),
            is_latest=one is predictors[-1],
        )
        for one in reversed(predictors)
    ]
    return tuple(found) if len(found) > 1 else ()


def _node(spec: Object) -> str:
    predictors = spec.get("predictors") or [{}]
    return str((predictors[0].get("graph") or {}).get("name") or "")


def _gpus(predictor: Object) -> int:
    return sum(instances.gpus(one.get("spec") or {}) for one in predictor.get("componentSpecs") or ())


def scaled(obj: Object, number: int) -> Modification:
    """The change to another number of instances of the first predictor."""
    first, *rest = (obj.get("spec") or {}).get("predictors") or [{}]
    return Modification(patch={"spec": {"predictors": [{**first, "replicas": number}, *rest]}})


KIND: Kind[object, Serving] = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("seldon-serving", "SeldonDeployment", "sdep"),
    summary="A model in a server of Seldon Core",
    resources=(DEPLOYMENTS,),
    template="seldon-serving.yaml",
    specs="arena.kinds.serving.specs.seldon",
    read=read,
    pods=lambda obj: {labels.SELDON_NAME: obj["metadata"]["name"]},
    job_of=lambda pod: (pod["metadata"].get("labels") or {}).get(labels.SELDON_NAME, ""),
    conventions=PODS,
    scale=scaled,
    selectors=(labels.SELDON_NAME,),
    one_world=False,
    examples=(
        "arena serve seldon --name iris --implementation SKLEARN_SERVER --model gs://seldon-models/sklearn/iris",
    ),
)
