"""TensorFlow Serving: SavedModels, by HTTP and gRPC."""

from arena.kinds.serving.base import deployments

NAME = "tensorflow"
TYPE = "tf-serving"
"""The value of the label `servingType`."""
SUFFIX = "tensorflow-serving"
"""The end of the names of its Deployments, as in the Go arena."""
PROTOCOL = "v1"

KIND = deployments.kind(
    NAME,
    TYPE,
    aliases=("tf", "tf-serving", "tfserving"),
    summary="SavedModels in TensorFlow Serving",
    examples=(
        "arena serve tensorflow --name mnist --version 1 --model-name mnist --model pvc://models/mnist",
    ),
    suffix=SUFFIX,
    protocol=PROTOCOL,
)
