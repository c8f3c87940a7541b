"""Serving runtimes: which one serves a model, and the pod that it describes."""

import copy
import re
from collections.abc import Mapping
from typing import Any

from arena.local.machinery.pod_template import overlaid
from arena.local.objects import Object, Objects, key
from arena.local.operators.kserve.kinds import CLUSTER_RUNTIMES, CONTAINER, RUNTIMES

POD_FIELDS = (
    "affinity",
    "hostIPC",
    "imagePullSecrets",
    "nodeSelector",
    "serviceAccountName",
    "tolerations",
    "volumes",
)
"""What a runtime says of the pod besides its containers."""
_NO_CONTAINER = (
    "modelFormat",
    "runtime",
    "protocolVersion",
    "runtimeVersion",
    "storageUri",
    "storage",
    "confidential",
)
_PLACE = re.compile(r"\{\{-?\s*\.(Name|Namespace|(?:Annotations|Labels)\.[\w.-]+)\s*-?\}\}")


class Unusable(Exception):
    """No runtime can serve the model.

    Attributes:
        reason: as `lastFailureInfo` of an InferenceService calls it.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def choose(objects: Objects, service: Object, model: Object) -> Object:
    """The runtime that the model names, else one that supports its format and protocol by itself.

    Raises:
        Unusable: there is none.
    """
    namespace = key(service)[0]
    name = model.get("runtime")
    if name:
        found = objects.get(RUNTIMES, name, namespace) or objects.get(CLUSTER_RUNTIMES, name)
        if found is None:
            known = ", ".join(one["metadata"]["name"] for one in _every(objects, namespace)) or "none"
            raise Unusable("RuntimeNotRecognized", f'there is no runtime "{name}"; the cluster has {known}')
        if found["spec"].get("disabled"):
            raise Unusable("RuntimeDisabled", f'the runtime "{name}" is disabled')
        if not _supports(found, model, named=True):
            raise Unusable("NoSupportingRuntime", f'the runtime "{name}" does not support {_wanted(model)}')
        return found
    able = [one for one in _every(objects, namespace) if _supports(one, model, named=False)]
    if not able:
        formats = sorted({one for runtime in _every(objects, namespace) for one in _formats(runtime)})
        text = f"no runtime supports {_wanted(model)}; the formats that have one are {', '.join(formats)}"
        raise Unusable("NoSupportingRuntime", text)
    return able[0]


def _every(objects: Objects, namespace: str) -> list[Object]:
    """The runtimes in the order of their preference: those of the namespace come first."""
    found = (objects.list(RUNTIMES, namespace), objects.list(CLUSTER_RUNTIMES))
    return [one for some in found for one in sorted(some, key=_preference)]


def _preference(runtime: Object) -> tuple[int, str]:
    """The highest priority first, and then by name."""
    formats = runtime["spec"].get("supportedModelFormats") or []
    return -max((int(one.get("priority") or 0) for one in formats), default=0), str(
        runtime["metadata"]["name"]
    )


def _formats(runtime: Object) -> list[str]:
    return [str(one.get("name")) for one in runtime["spec"].get("supportedModelFormats") or []]


def _wanted(model: Object) -> str:
    form = model["modelFormat"]
    version = f" {form['version']}" if form.get("version") else ""
    return f"the model format {form['name']}{version} with the protocol {_protocol(model)}"


def _protocol(model: Object) -> str:
    return str(model.get("protocolVersion") or "v1")


def _supports(runtime: Object, model: Object, named: bool) -> bool:
    """Whether a runtime supports a model; one that is not `named` must offer itself for the format."""
    spec, wanted = runtime["spec"], model["modelFormat"]
    protocols = spec.get("protocolVersions") or []
    if not named and (spec.get("disabled") or spec.get("multiModel")):
        return False
    # A model that names its runtime and no protocol speaks what the runtime does.
    if protocols and _protocol(model) not in protocols and not (named and not model.get("protocolVersion")):
        return False
    return any(
        one.get("name") == wanted["name"]
        and (not wanted.get("version") or one.get("version") in (None, wanted["version"]))
        and (named or bool(one.get("autoSelect")))
        for one in spec.get("supportedModelFormats") or []
    )


def pod(runtime: Object, service: Object, model: Object) -> Object:
    """The spec of the pod that serves a model: the runtime's, changed by the fields of the model.

    Raises:
        Unusable: the runtime has no container that serves.
    """
    spec = runtime["spec"]
    containers = copy.deepcopy(spec.get("containers") or [])
    served = next((one for one in containers if one["name"] == CONTAINER), None)
    if served is None:
        name = runtime["metadata"]["name"]
        raise Unusable("InvalidPredictorSpec", f'the runtime "{name}" has no container {CONTAINER}')
    own = {field: value for field, value in model.items() if field not in _NO_CONTAINER}
    args = [*(served.get("args") or []), *(own.pop("args", None) or [])]
    made = {**overlaid(served, own), **({"args": args} if args else {})}
    if model.get("runtimeVersion") and made.get("image"):
        made["image"] = f"{_untagged(made['image'])}:{model['runtimeVersion']}"
    others = [one for one in containers if one is not served]
    found = {field: copy.deepcopy(spec[field]) for field in POD_FIELDS if spec.get(field)}
    filled: Object = _filled({**found, "containers": [made, *others]}, _facts(service))
    return filled


def _untagged(image: str) -> str:
    folder, slash, name = image.rpartition("/")
    return f"{folder}{slash}{name.split('@')[0].split(':')[0]}"


def _facts(service: Object) -> dict[str, str]:
    meta = service["metadata"]
    found = {"Name": meta["name"], "Namespace": meta.get("namespace", "default")}
    for title in ("Annotations", "Labels"):
        found |= {f"{title}.{name}": str(text) for name, text in (meta.get(title.lower()) or {}).items()}
    return found


def _filled(value: Any, facts: Mapping[str, str]) -> Any:
    """The value with `{{.Name}}` and the like filled in, in all texts."""
    if isinstance(value, str):
        return _PLACE.sub(lambda place: facts.get(place[1], ""), value)
    if isinstance(value, list):
        return [_filled(one, facts) for one in value]
    return {name: _filled(one, facts) for name, one in value.items()} if isinstance(value, dict) else value
