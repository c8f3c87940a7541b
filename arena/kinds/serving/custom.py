"""A serving that runs any program that answers HTTP or gRPC."""

from arena import labels
from arena.kinds.kind import Kind
from arena.kinds.serving import FAMILY
from arena.kinds.serving.base import deployments
from arena.model.servings import Serving
from arena.resources import DEPLOYMENTS

NAME = "custom"
TYPE = "custom-serving"
"""The value of the label `servingType`, and the end of the names of its Deployments."""

KIND: Kind[object, Serving] = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("custom-serving",),
    summary="Any program that answers requests",
    resources=(DEPLOYMENTS,),
    template="custom-serving.yaml",
    specs="arena.kinds.serving.specs.custom",
    read=deployments.reader(NAME),
    pods=deployments.pods,
    owns=deployments.owner(TYPE),
    job_of=deployments.object_of(TYPE, TYPE),
    conventions=deployments.MAIN,
    selectors=(labels.SERVING_NAME,),
    one_world=False,
    examples=(
        'arena serve custom --name digits --version 1 --image IMAGE --restful-port 8080 "python serve.py"',
    ),
)
