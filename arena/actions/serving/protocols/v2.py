"""Open Inference (V2): `/v2/models/NAME/infer` of Triton, KServe, MLServer and others."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any

from arena.actions.serving import tensors
from arena.actions.serving.client import Client
from arena.actions.serving.inputs import Input
from arena.actions.serving.protocols.base import Payload, Protocol, Wish
from arena.actions.serving.tensors import Shape, Signature, Tensor
from arena.errors import SpecError
from arena.kube.urls import quoted

_UNNAMED = Tensor(name="input-0")
"""The input of a model that describes none; such servers take any name."""
Sent = tuple[dict[str, Any], bytes]
"""An input in the JSON of a request, and the bytes after the JSON."""


def models(client: Client) -> Sequence[str] | None:
    """The models of the server's repository."""
    server = client.ask("GET", "/v2").found
    if not (isinstance(server, dict) and "name" in server):
        return None
    found = client.ask("POST", "/v2/repository/index", b"{}", (("Content-Type", "application/json"),)).found
    if not isinstance(found, list):
        listed = client.ask("GET", "/v2/models").found
        found = listed.get("models") if isinstance(listed, dict) else None
    return list(dict.fromkeys(filter(None, map(_name, found if isinstance(found, list) else ()))))


def _name(one: Any) -> str:
    return str(one.get("name") or "") if isinstance(one, dict) else str(one)


def describe(client: Client, model: str) -> Signature:
    """The inputs by the model's metadata."""
    found = client.ask("GET", f"/v2/models/{quoted(model)}").found
    server = client.ask("GET", "/v2").found
    extensions = server.get("extensions") if isinstance(server, dict) else None
    try:
        inputs = tuple(_tensor(one) for one in found.get("inputs") or ())
    except (AttributeError, KeyError, TypeError, ValueError):
        inputs = ()
    return Signature(inputs=inputs, binary="binary_tensor_data" in (extensions or ()))


def _tensor(described: dict[str, Any]) -> Tensor:
    shape = described.get("shape")
    dims = tuple(map(int, shape)) if isinstance(shape, list) else None
    return Tensor(name=str(described["name"]), datatype=str(described.get("datatype") or ""), shape=dims)


def build(given: Input, wish: Wish) -> Payload:
    """Tensors of a nested list, of an object with one for each input, or of a file."""
    signature = wish.signature
    if given.raw is not None:
        return _payload([_of_file(_only(signature), given, signature)])
    data = given.json()
    if isinstance(data, dict) and owns(data):
        for one in data["inputs"]:
            _check(one, signature)
        return Payload(body=json.dumps(data).encode())
    if isinstance(data, dict):
        if missing := [one.name for one in signature.inputs if one.name not in data]:
            raise SpecError(f'the input "{missing[0]}" is missing', f"the inputs are {signature.listed}")
        named = [(signature.named(name) if signature.inputs else Tensor(name=name)) for name in data]
        return _payload([_of_data(one, data[one.name], signature) for one in named])
    return _payload([_of_data(_only(signature), data, signature)])


def _only(signature: Signature) -> Tensor:
    if len(signature.inputs) > 1:
        raise SpecError(
            f"the model takes several inputs: {signature.listed}",
            f'give an object with their names, such as {{"{signature.inputs[0].name}": [...], ...}}',
        )
    return signature.inputs[0] if signature.inputs else _UNNAMED


def _check(one: Any, signature: Signature) -> None:
    """Refuse an input of a complete body that does not fit."""
    if not signature.inputs:
        return
    if not isinstance(one, dict) or not isinstance(shape := one.get("shape"), list):
        raise SpecError("an input of the body has no name or no shape", "give name, shape, datatype and data")
    tensor = signature.named(str(one.get("name")))
    if tensor.datatype and one.get("datatype") != tensor.datatype:
        got = f"{shape} {one.get('datatype')}"
        raise SpecError(f'input "{tensor.name}" takes {tensor}; got {got}', "change its datatype")
    if "data" in one:
        tensors.fitted(tensor, one["data"], given=tuple(shape))


def _of_data(tensor: Tensor, data: Any, signature: Signature) -> Sent:
    if not isinstance(data, list):
        data = [data]
    shape, datatype = tensors.fitted(tensor, data)
    values = list(tensors.flat(data))
    if datatype == "FP16":  # JSON has none
        _need_binary(tensor, signature)
        return _binary(tensor, shape, struct.pack(f"<{len(values)}e", *values))
    sent = {"name": tensor.name, "shape": list(shape), "datatype": datatype, "data": values}
    return sent, b""


def _of_file(tensor: Tensor, given: Input, signature: Signature) -> Sent:
    """A file as it is, for a model that takes bytes; an image as its pixels, for one that takes numbers."""
    if tensor.datatype not in ("", "BYTES"):
        from arena.actions.serving import images

        return _of_data(tensor, images.pixels(tensor, given), signature)
    raw = given.raw or b""
    shape, _ = tensors.fitted(tensor, ["one file"])
    if signature.binary:
        return _binary(tensor, shape, struct.pack("<I", len(raw)) + raw)
    import base64

    text = base64.b64encode(raw).decode()
    sent = {"name": tensor.name, "shape": list(shape), "datatype": "BYTES", "data": [text]}
    return {**sent, "parameters": {"content_type": "base64"}}, b""  # as MLServer reads it


def _need_binary(tensor: Tensor, signature: Signature) -> None:
    if not signature.binary:
        raise SpecError(f'input "{tensor.name}" takes {tensor}, which JSON cannot hold', "use another server")


def _binary(tensor: Tensor, shape: Shape, data: bytes) -> Sent:
    datatype = tensor.datatype or "BYTES"
    sent = {"name": tensor.name, "shape": list(shape), "datatype": datatype}
    return {**sent, "parameters": {"binary_data_size": len(data)}}, data


def _payload(inputs: Sequence[Sent]) -> Payload:
    head = json.dumps({"inputs": [one for one, _ in inputs]}).encode()
    tail = b"".join(data for _, data in inputs)
    if not tail:
        return Payload(body=head)
    # By default, the answer would come in bytes, too.
    own = {"inputs": [one for one, _ in inputs], "parameters": {"binary_data_output": False}}
    head = json.dumps(own).encode()
    sizes = (("Inference-Header-Content-Length", str(len(head))),)
    return Payload(body=head + tail, media="application/octet-stream", headers=sizes)


def owns(data: dict[str, Any]) -> bool:
    """Whether an object is a complete body."""
    inputs = data.get("inputs")
    return isinstance(inputs, list) and bool(inputs) and all(
        isinstance(one, dict) and "name" in one and "data" in one for one in inputs
    )  # fmt: skip


def answer(data: Any) -> Any:
    """The outputs."""
    return data.get("outputs") if isinstance(data, dict) else None


PROTOCOL = Protocol(
    name="v2",
    path="/v2/models/{model}/infer",
    build=build,
    answer=answer,
    models=models,
    describe=describe,
    owns=owns,
    right=lambda body: b'"outputs"' in body,
)
