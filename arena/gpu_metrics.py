"""GPUs from samples of the exporters that measure them, whatever their labels are called."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from arena.model.gpus import Gpu
from arena.tuples import NamedTuple

_MIB = 1 << 20
_UNKNOWN = 0x7FFFFFF0
"""DCGM writes unknown values as the largest of each type: this one in 32 bits, and even larger ones."""
_LARGEST = 1 << 47
"""More bytes than a GPU has; also what DCGM writes for unknown fractions."""
BUSY, ENGINE = "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_PROF_GR_ENGINE_ACTIVE"
USED, FREE, RESERVED = "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_FREE", "DCGM_FI_DEV_FB_RESERVED"
DUTY, USED_BYTES, TOTAL_BYTES = (f"nvidia_gpu_{one}" for one in ("duty_cycle", "memory_used_bytes",
                                                                 "memory_total_bytes"))  # fmt: skip
METRICS = (BUSY, ENGINE, USED, FREE, RESERVED, DUTY, USED_BYTES, TOTAL_BYTES)
"""Those of the DCGM exporter, and of the exporter that the Go arena reads."""
QUERY = f'{{__name__=~"{"|".join(METRICS)}"}}'
"""One query for all of them."""
_WORKLOAD = (
    ("exported_namespace", "exported_pod"),
    ("namespace_name", "pod_name"),
    ("pod_namespace", "pod_name"),
    ("namespace", "pod_name"),
    ("namespace", "pod"),
)
"""Labels of the pod that uses a GPU. Where Prometheus does not honour those of the exporter, `pod` is that of
the exporter, and the others are renamed.
"""
_PLACES = ("Hostname", "node_name", "node", "kubernetes_node", "hostname", "instance")
_EXPORTER = "dcgm-exporter"


class Sample(NamedTuple):
    """A value of a metric."""

    name: str
    labels: Mapping[str, str]
    value: float


class _Key(NamedTuple):
    gpu: tuple[str, ...]
    part: str
    namespace: str
    pod: str


def samples(answer: Any) -> Iterator[Sample]:
    """The samples in what Prometheus answers to an instant query; what is no sample is left out."""
    data = answer.get("data") if isinstance(answer, dict) else None
    result = data.get("result") if isinstance(data, dict) else None
    for one in result if isinstance(result, list) else ():
        try:
            labels = {str(key): str(value) for key, value in one["metric"].items()}
            yield Sample(labels["__name__"], labels, float(one["value"][1]))
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            continue


def gpus(found: Iterable[Sample]) -> list[Gpu]:
    """The GPUs by node and number, one for each pod that shares it, from samples of one moment."""
    every = [one for one in found if one.name in METRICS]
    exporters = {
        (one.labels.get("namespace"), one.labels.get("pod"))
        for one in every
        if one.labels.get("exported_pod") or one.labels.get("pod_name")
    }
    values: dict[_Key, dict[str, float]] = {}
    labels: dict[_Key, Mapping[str, str]] = {}
    for one in every:
        key = _key(one.labels, exporters)
        labels.setdefault(key, one.labels)
        known = values.setdefault(key, {})
        if _is_known(one):
            known.setdefault(one.name, one.value)
    made = [_gpu(key, labels[key], known) for key, known in values.items()]
    return sorted(
        made, key=lambda gpu: (gpu.places[:1], _natural(gpu.index), gpu.uuid, gpu.namespace, gpu.pod)
    )


def _key(labels: Mapping[str, str], exporters: set[tuple[str | None, str | None]]) -> _Key:
    namespace, pod = _workload(labels, exporters)
    uuid = labels.get("UUID") or labels.get("uuid")
    gpu = (uuid,) if uuid else (*_places(labels)[:1], _index(labels))
    return _Key(gpu, labels.get("GPU_I_ID", ""), namespace, pod)


def _workload(labels: Mapping[str, str], exporters: set[tuple[str | None, str | None]]) -> tuple[str, str]:
    for namespace, pod in _WORKLOAD:
        there = labels.get(namespace, ""), labels.get(pod, "")
        if all(there):
            # The labels of a GPU that no pod uses are empty, and so are not there.
            is_own = pod == "pod" and (there in exporters or _EXPORTER in there[1])
            return ("", "") if is_own else there
    return "", ""


def _places(labels: Mapping[str, str]) -> tuple[str, ...]:
    every = (labels.get(one, "") for one in _PLACES)
    return tuple(dict.fromkeys(_host(one) for one in every if one))


def _host(place: str) -> str:
    """The host of `10.0.0.7:9400`, or of `[fd00::7]:9400`."""
    if place.startswith("["):
        return place[1:].partition("]")[0]
    host, _, port = place.rpartition(":")
    return host if port.isdigit() and ":" not in host else place


def _index(labels: Mapping[str, str]) -> str:
    return labels.get("gpu") or labels.get("minor_number") or ""


def _is_known(one: Sample) -> bool:
    if not math.isfinite(one.value) or one.value < 0:
        return False
    if one.name in (BUSY, DUTY):
        return one.value <= 100
    if one.name == ENGINE:
        return one.value <= 1
    return one.value < (_LARGEST if one.name in (USED_BYTES, TOTAL_BYTES) else _UNKNOWN)


def _gpu(key: _Key, labels: Mapping[str, str], known: Mapping[str, float]) -> Gpu:
    busy = known.get(BUSY)
    if busy is None and ENGINE in known:
        busy = 100 * known[ENGINE]
    used, total = known.get(USED_BYTES), known.get(TOTAL_BYTES)
    if USED in known:
        used, free = known[USED] * _MIB, known.get(FREE)
        total = total if free is None else used + (free + known.get(RESERVED, 0)) * _MIB
    return Gpu(
        index=_index(labels) + (f"/{key.part}" if key.part else ""),
        uuid=labels.get("UUID") or labels.get("uuid") or "",
        places=_places(labels),
        namespace=key.namespace,
        pod=key.pod,
        model=labels.get("modelName", ""),
        utilization=known.get(DUTY) if busy is None else busy,
        memory_used=None if used is None else int(used),
        memory_total=None if total is None else int(total),
    )


def _natural(index: str) -> list[tuple[int, str]]:
    """So that 10 comes after 9."""
    return [(int(one), "") if one.isdecimal() and len(one) < 10 else (0, one) for one in index.split("/")]
