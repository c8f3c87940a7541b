"""V1: `/v1/models/NAME:predict` of TF Serving and KServe."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from arena.actions.serving import tensors
from arena.actions.serving.client import Client
from arena.actions.serving.inputs import Input
from arena.actions.serving.protocols.base import Payload, Protocol, Wish
from arena.actions.serving.tensors import Signature, Tensor
from arena.errors import SpecError
from arena.kube.urls import quoted

_DATATYPES = {
    "DT_FLOAT": "FP32", "DT_DOUBLE": "FP64", "DT_HALF": "FP16", "DT_BOOL": "BOOL", "DT_STRING": "BYTES",
    **{f"DT_{sign}INT{size}": f"{sign}INT{size}" for sign in ("", "U") for size in (8, 16, 32, 64)},
}  # fmt: skip


def models(client: Client) -> Sequence[str] | None:
    """The models of KServe's server; TF Serving tells none, but answers in a way of its own."""
    answer = client.ask("GET", "/v1/models")
    data = answer.data
    if answer.status == 200 and isinstance(data, dict) and isinstance(data.get("models"), list):
        return [str(one.get("name") if isinstance(one, dict) else one) for one in data["models"]]
    malformed = isinstance(data, dict) and str(data.get("error", "")).startswith("Malformed request")
    return [] if malformed else None


def describe(client: Client, model: str) -> Signature:
    """The inputs by the metadata of TF Serving; KServe's server has none."""
    found = client.ask("GET", f"/v1/models/{quoted(model)}/metadata").found
    try:
        inputs = found["metadata"]["signature_def"]["signature_def"]["serving_default"]["inputs"]
        return Signature(inputs=tuple(_tensor(name, one) for name, one in inputs.items()))
    except (KeyError, TypeError, AttributeError, ValueError):
        return Signature()


def _tensor(name: str, described: dict[str, Any]) -> Tensor:
    shape = described["tensor_shape"]
    dims = None if shape.get("unknown_rank") else tuple(int(one["size"]) for one in shape.get("dim") or ())
    return Tensor(name=name, datatype=_DATATYPES.get(described["dtype"], ""), shape=dims)


def build(given: Input, wish: Wish) -> Payload:
    """`{"instances": [...]}`: an array as it is, and anything else as its only instance."""
    if given.raw is not None:
        data: Any = {"instances": [{"b64": base64.b64encode(given.raw).decode()}]}
    else:
        data = given.json()
        if not (isinstance(data, dict) and owns(data)):
            data = {"instances": data if isinstance(data, list) else [data]}
    if isinstance(instances := data.get("instances"), list) and instances:
        data = {**data, "instances": _checked(instances, wish.signature)}
    return Payload(body=json.dumps(data).encode())


def _checked(instances: list[Any], signature: Signature) -> list[Any]:
    """The instances, which fit the signature; a single row becomes the only instance."""
    if not signature.inputs or any(isinstance(one, dict) and "b64" in one for one in instances):
        return instances
    if isinstance(instances[0], dict):
        for tensor in signature.inputs:
            tensors.fitted(tensor, [_value(one, tensor) for one in instances])
        return instances
    if len(signature.inputs) > 1:
        raise SpecError(f"the model takes several inputs: {signature.listed}", "give an object for each row")
    shape, _ = tensors.fitted(signature.inputs[0], instances)
    return instances if shape == tensors.shape_of(instances) else [instances]


def _value(instance: Any, tensor: Tensor) -> Any:
    if not isinstance(instance, dict) or tensor.name not in instance:
        raise SpecError(f'an instance has no input "{tensor.name}"', f"it takes {tensor}")
    return instance[tensor.name]


def owns(data: dict[str, Any]) -> bool:
    """Whether an object is a complete body."""
    return "instances" in data or isinstance(data.get("inputs"), dict)


def answer(data: Any) -> Any:
    """The predictions."""
    if not isinstance(data, dict):
        return None
    return data.get("predictions", data.get("outputs"))


PROTOCOL = Protocol(
    name="v1",
    path="/v1/models/{model}:predict",
    build=build,
    answer=answer,
    models=models,
    describe=describe,
    owns=owns,
    right=lambda body: b'"predictions"' in body or b'"outputs"' in body,
)
