"""A serving that runs any program that answers HTTP or gRPC."""

from arena.kinds.serving.base import deployments

NAME = "custom"
TYPE = "custom-serving"
"""The value of the label `servingType`, and the end of the names of its Deployments."""

KIND = deployments.kind(
    NAME,
    TYPE,
    aliases=("custom-serving",),
    summary="Any program that answers requests",
    examples=(
        'arena serve custom --name digits --version 1 --image IMAGE --restful-port 8080 "python serve.py"',
    ),
)
