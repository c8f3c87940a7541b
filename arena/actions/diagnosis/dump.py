"""Records from a folder, as `kubectl cluster-info dump` or `arena why --save` made it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from arena.actions.diagnosis import log_texts
from arena.actions.diagnosis.dump_files import File, Files
from arena.diagnosis import choosing
from arena.diagnosis.json_fields import items, mapping, name, text
from arena.diagnosis.records import Log, Record
from arena.paths import StrPath

Object = dict[str, Any]
_KINDS = {
    "pods": "Pod", "events": "Event", "nodes": "Node", "services": "Service", "deployments": "Deployment",
    "replicasets": "ReplicaSet", "daemonsets": "DaemonSet",
    "replication-controllers": "ReplicationController",
}  # fmt: skip
"""Files of a dump -> the kind of their items, which those of a typed list do not name themselves."""


def record(folder: StrPath, job: str = "", namespace: str = "") -> Record:
    """What a folder tells about a job.

    Args:
        job: its name, or that of an owner of its pods, or of a pod; "" for the only one.
        namespace: that of the job; "" for any.

    Raises:
        SpecError: there is no such folder, or it has several jobs and none is named.
        NotFound: it has no such job.
    """
    files = Files(folder)
    objects = [one for file in files.all for one in _objects(files, file)]
    chosen = choosing.choose(objects, job, namespace)
    wanted = {(text(one, "metadata", "namespace"), name(one)) for one in chosen.pods}
    logs = [one for file in files.all for one in _logs(files, file, wanted)]
    if not chosen.pods and not logs:  # logs alone
        logs = [one for file in files.all for one in _logs(files, file, None)]
    return choosing.with_logs(chosen, logs, files.unread)


def _objects(files: Files, file: File) -> Iterator[Object]:
    *folders, base = file.parts
    if not base.endswith(".json"):
        return
    data = files.json(file)
    if not isinstance(data, dict):
        if data is not None:
            files.missing(file, "it holds no objects")
        return
    listed = items(data, "items") if isinstance(data.get("items"), list) else [data]
    kind = _KINDS.get(base.removesuffix(".json"), text(data, "kind").removesuffix("List"))
    for one in listed:
        if name(one) or text(one, "involvedObject", "name"):
            found = dict(one)
            found.setdefault("kind", kind)
            meta = dict(mapping(one, "metadata"))
            if folders and kind not in ("Node",) and "namespace" not in meta and base != "nodes.json":
                meta["namespace"] = folders[0]
            found["metadata"] = meta
            yield found


def _logs(files: Files, file: File, pods: set[tuple[str, str]] | None) -> Iterator[Log]:
    *folders, base = file.parts
    pod = folders[-1] if folders else ""
    namespace = folders[-2] if len(folders) > 1 else ""
    if pods is not None and not any(one == pod and namespace in (there, "") for there, one in pods):
        return
    if base == "logs.txt":
        for container, part in log_texts.parts(files.text(file)):
            yield Log(namespace, pod, container, log_texts.lines(part))
    elif base.endswith(".log"):
        container = base.removesuffix(".log")
        previous = container.endswith(".previous")
        found = _split(files.text(file))
        yield Log(namespace, pod, container.removesuffix(".previous"), log_texts.lines(found), previous)


def _split(found: str) -> Sequence[str]:
    lines = [one.rstrip("\r") for one in found.split("\n")]
    return lines[:-1] if lines and not lines[-1] else lines
