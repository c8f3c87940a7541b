"""Values that a pod takes from ConfigMaps, Secrets, its own fields and its containers' resources."""

import base64
import json
import math
import os
import re
from decimal import Decimal, InvalidOperation

import psutil

from arena.local.objects import CONFIGMAPS, SECRETS, Object, Objects

HOST = "127.0.0.1"
_FACTORS: dict[str, int | Decimal] = {
    "": 1, "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"),
    "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
}  # fmt: skip
_QUANTITY = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]{0,2})")


class Missing(Exception):
    """Something that a pod refers to does not exist (yet); the message says what."""


def quantity(text: object) -> Decimal:
    """Parse a resource quantity such as `500m` or `2Gi`; raises Missing if it is invalid."""
    found = _QUANTITY.fullmatch(str(text))
    try:
        if found:
            return Decimal(found[1]) * _FACTORS[found[2]]
    except (InvalidOperation, KeyError):
        pass
    raise Missing(f'"{text}" is not a quantity')


def data(objects: Objects, kind: str, name: str, namespace: str, optional: bool) -> dict[str, bytes] | None:
    """Return the data of a ConfigMap or Secret (`kind`), or None if it is missing and optional."""
    found = objects.get(SECRETS if kind == "secret" else CONFIGMAPS, name, namespace)
    if found is None:
        if optional:
            return None
        raise Missing(f'{kind} "{name}" not found')
    plain = {key: value.encode(errors="replace") for key, value in (found.get("stringData") or {}).items()}
    coded = found.get("data") or {}
    try:
        if kind == "configmap":
            return {key: value.encode(errors="replace") for key, value in coded.items()} | _decoded(
                found.get("binaryData")
            )
        return _decoded(coded) | plain
    except ValueError:
        raise Missing(f'{kind} "{name}" holds a value that is not base64') from None


def _decoded(coded: dict[str, str] | None) -> dict[str, bytes]:
    return {key: base64.b64decode(value) for key, value in (coded or {}).items()}


def one(objects: Objects, kind: str, reference: Object, namespace: str) -> str | None:
    """Return one value of a ConfigMap or Secret as text, or None if it is missing and optional."""
    optional = bool(reference.get("optional"))
    found = data(objects, kind, reference.get("name", ""), namespace, optional)
    if found is None:
        return None
    value = found.get(reference["key"])
    if value is None and not optional:
        raise Missing(f"couldn't find key {reference['key']} in {kind} {namespace}/{reference.get('name')}")
    return None if value is None else value.decode("utf-8", "surrogateescape")


_KEYED = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")


def pod_field(pod: Object, path: str) -> str:
    """Return a field of the pod by a path of the downward API."""
    meta, spec = pod["metadata"], pod["spec"]
    keyed = _KEYED.fullmatch(path)
    if keyed:
        return str((meta.get(keyed[1]) or {}).get(keyed[2], ""))
    if path in ("metadata.labels", "metadata.annotations"):
        values = (meta.get(path.rpartition(".")[2]) or {}).items()
        return "\n".join(f"{key}={json.dumps(value)}" for key, value in sorted(values))
    known = {
        "metadata.name": meta["name"],
        "metadata.namespace": meta.get("namespace", ""),
        "metadata.uid": meta["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
        "status.podIP": HOST,
        "status.podIPs": HOST,
        "status.hostIP": HOST,
        "status.hostIPs": HOST,
    }
    if path not in known:
        raise Missing(f"the local cluster knows no pod field {path}")
    return str(known[path])


def resource_field(pod: Object, container: Object, reference: Object) -> str:
    """Return a container's limit or request, else the node's, divided by the divisor and rounded up."""
    wanted = reference.get("containerName") or container.get("name")
    spec = pod["spec"]
    everyone = [*spec["containers"], *(spec.get("initContainers") or [])]
    found = next((entry for entry in everyone if entry["name"] == wanted), None)
    if found is None:
        raise Missing(f'container "{wanted}" not found')
    side, _, resource = reference["resource"].partition(".")
    given = (found.get("resources") or {}).get(side) or {}
    node = {"cpu": os.cpu_count() or 1, "memory": psutil.virtual_memory().total}
    value = quantity(given.get(resource, node.get(resource, 0) if side == "limits" else 0))
    divisor = quantity(reference.get("divisor") or "1") or Decimal(1)
    return str(math.ceil(value / divisor))
