"""vLLM: language models, by the protocol of OpenAI."""

from arena.kinds.serving.base import deployments

NAME = "vllm"
TYPE = "vllm-serving"
"""The value of the label `servingType`, and the end of the names of its Deployments."""
PROTOCOL = "openai"

KIND = deployments.kind(
    NAME,
    TYPE,
    aliases=("vllm-serving",),
    summary="Language models in vLLM, by the protocol of OpenAI",
    examples=(
        "arena serve vllm --name chat --version 1 --gpus 1 --model hf://ORG/NAME",
        "arena serve vllm --name chat --version 2 --nodes 2 --gpus 8 --model pvc://models/chat",
    ),
    in_groups=True,
    protocol=PROTOCOL,
)
