"""Triton: repositories of models of several frameworks."""

from arena.kinds.serving.base import deployments

NAME = "triton"
TYPE = "triton-serving"
"""The value of the label `servingType`."""
SUFFIX = "tritoninferenceserver"
"""The end of the names of its Deployments, as in the Go arena."""
PROTOCOL = "v2"

KIND = deployments.kind(
    NAME,
    TYPE,
    aliases=("triton-serving",),
    summary="A repository of models in Triton",
    examples=("arena serve triton --name vision --version 1 --gpus 1 --model pvc://models/repository",),
    suffix=SUFFIX,
    protocol=PROTOCOL,
)
