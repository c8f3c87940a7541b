"""TorchServe: archives of PyTorch models."""

from arena.kinds.serving.base import deployments

NAME = "torchserve"
TYPE = "torchserve-serving"
"""The value of the label `servingType`, and the end of the names of its Deployments."""
PROTOCOL = "torchserve"

KIND = deployments.kind(
    NAME,
    TYPE,
    aliases=("torchserve-serving",),
    summary="Archives of PyTorch models in TorchServe",
    examples=("arena serve torchserve --name digits --version 1 --model pvc://models/store",),
    protocol=PROTOCOL,
)
