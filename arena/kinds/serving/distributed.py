"""Groups of pods that serve together: LeaderWorkerSets, optionally with Ray."""

from arena import labels
from arena.kinds.kind import Kind, count
from arena.kinds.serving import FAMILY
from arena.kinds.serving.base import groups
from arena.model.servings import Serving

NAME = "distributed"
TYPE = "distributed-serving"
"""The value of the label `servingType`, and the end of the names of its LeaderWorkerSets."""

KIND: Kind[object, Serving] = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("distributed-serving", "lws"),
    summary="A model that several pods serve together, as LeaderWorkerSet",
    resources=(groups.LEADER_WORKER_SETS,),
    template="distributed-serving.yaml",
    specs="arena.kinds.serving.specs.distributed",
    read=groups.reader(NAME),
    pods=groups.pods,
    owns=lambda obj: groups.type_of(obj) in ("", TYPE),
    job_of=groups.object_of,
    conventions=groups.PODS,
    scale=count("spec", "replicas"),
    selectors=(labels.LWS_NAME,),
    examples=(
        "arena serve distributed --name chat --version 1 --image vllm/vllm-openai:v0.32.0 "
        "--restful-port 8000 --worker-num 1 --gpus 8 --init-backend ray "
        '"vllm serve ORG/NAME --tensor-parallel-size 16"',
    ),
)
