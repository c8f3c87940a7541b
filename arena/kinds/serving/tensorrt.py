"""TensorRT plans in Triton."""

from arena.kinds.serving.base import deployments

NAME = "tensorrt"
TYPE = "trt-serving"
"""The value of the label `servingType`."""
SUFFIX = "tensorrt-serving"
"""The end of the names of its Deployments, as in the Go arena."""
PROTOCOL = "v2"

KIND = deployments.kind(
    NAME,
    TYPE,
    aliases=("trt", "trt-serving"),
    summary="TensorRT plans in Triton",
    examples=("arena serve tensorrt --name vision --version 1 --gpus 1 --model pvc://models/plans",),
    suffix=SUFFIX,
    protocol=PROTOCOL,
)
