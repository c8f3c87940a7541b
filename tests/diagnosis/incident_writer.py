"""Write the folders of incidents from short descriptions: `python incident_writer.py FILE.txt FOLDER`.

A description is a heading, a few keys of YAML and the logs. In a log, a line `@10:04:11` sets the clock of
the lines that follow.

    === oom-cuda-on-one-rank
    cause: oom.cuda
    source: https://github.com/...
    evidence: [CUDA out of memory]
    job: PyTorchJob bert
    state: Failed
    pods: {bert-master-0: exit 1 10:04:11, bert-worker-0: running}
    --- bert-master-0
    Traceback (most recent call last):
"""

import json
import re
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

NAMESPACE = "team"
DAY = "2026-03-02T"
BEGIN = f"{DAY}10:00:00Z"
API = {"Job": "batch/v1", "MPIJob": "kubeflow.org/v2beta1", "RayJob": "ray.io/v1"}
CONTAINERS = {"PyTorchJob": "pytorch", "TFJob": "tensorflow", "JAXJob": "jax", "MPIJob": "mpi", "Job": "main"}


def write(folder: Path, told: dict[str, Any], logs: dict[str, list[str]]) -> None:
    """Write one incident in the layout of `kubectl cluster-info dump`."""
    kind, job = told["job"].split()
    space = folder / NAMESPACE
    space.mkdir(parents=True, exist_ok=True)
    expected = {key: told[key] for key in ("cause", "evidence", "source") if key in told}
    if told["cause"] == "none" and told.get("state") in ("Succeeded", "Running"):
        expected["well"] = True
    (folder / "expected.yaml").write_text(
        yaml.safe_dump({"job": job, **expected}, sort_keys=False, width=1000)
    )
    _list(space / "pods.json", [_pod(kind, job, name, text) for name, text in told["pods"].items()])
    _list(space / "events.json", [_event(one) for one in told.get("events", [])])
    _list(space / "objects.json", [_job(kind, job, told.get("state", "Failed"), told["pods"])])
    container = CONTAINERS.get(kind, "main")
    for title, lines in logs.items():
        name, _, previous = title.partition(" ")
        (space / name).mkdir(exist_ok=True)
        if told.get("dump"):
            heading = f"logs for container {container} of pod {NAMESPACE}/{name} ===="
            body = [f"==== START {heading}", *_plain(lines), f"==== END {heading}"]
            (space / name / "logs.txt").write_text("\n".join(body) + "\n", encoding="utf-8")
        else:
            file = f"{container}{'.previous' if previous else ''}.log"
            (space / name / file).write_text("\n".join(_stamped(lines)) + "\n", encoding="utf-8")


def _list(path: Path, items: list[dict[str, Any]]) -> None:
    rows = ",\n".join(json.dumps(one) for one in items)
    path.write_text(f'{{"kind": "List", "apiVersion": "v1", "items": [\n{rows}\n]}}\n', encoding="utf-8")


def _plain(lines: list[str]) -> list[str]:
    return [line for line in lines if not re.fullmatch(r"@\d\d:\d\d:\d\d", line)]


def _stamped(lines: list[str]) -> list[str]:
    now, stamped = datetime.fromisoformat(f"{DAY}10:00:05"), []
    for line in lines:
        if re.fullmatch(r"@\d\d:\d\d:\d\d", line):
            now = datetime.fromisoformat(DAY + line[1:])
        else:
            stamped.append(f"{now.isoformat(timespec='microseconds')}000Z {line}")
            now += timedelta(milliseconds=7)
    return stamped


def _role(job: str, name: str) -> tuple[str, str]:
    found = re.fullmatch(rf"{re.escape(job)}-([a-z]+)(?:-(\w+))?", name)
    role, index = (found[1], found[2] or "0") if found else ("", "0")
    return role, index if index.isdigit() else "0"


def _pod(kind: str, job: str, name: str, text: str) -> dict[str, Any]:
    role, index = _role(job, name)
    short = {"PyTorchJob": "pytorchjob", "TFJob": "tfjob", "JAXJob": "jaxjob", "MPIJob": "mpi"}.get(
        kind, "job"
    )
    labels = {
        "training.kubeflow.org/job-name": job,
        "training.kubeflow.org/operator-name": f"{short}-controller" if short != "mpi" else "mpi-operator",
        "training.kubeflow.org/replica-type": role,
        "training.kubeflow.org/replica-index": index,
    }
    if kind == "Job":
        labels = {"batch.kubernetes.io/job-name": job, "job-name": job}
    owner = {"apiVersion": API.get(kind, "kubeflow.org/v1"), "kind": kind, "name": job, "uid": f"uid-{job}"}
    container = CONTAINERS.get(kind, "main")
    phase, status = _status(text)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": f"uid-{name}",
            "creationTimestamp": BEGIN,
            "labels": labels,
            "ownerReferences": [{**owner, "controller": True}],
        },
        "spec": {
            "nodeName": "gpu-a",
            "containers": [{"name": container, "image": "registry.example/train:1"}],
        },
        "status": {
            "phase": phase,
            "startTime": BEGIN,
            "containerStatuses": [{"name": container, "image": "registry.example/train:1", **status}],
        },
    }


def _status(text: str) -> tuple[str, dict[str, Any]]:
    """`running`, `exit 1 10:04:11`, `exit 137 10:04:11 OOMKilled`, `crash 1 10:04:11 5` (restarts)."""
    word, *rest = text.split()
    if word == "running":
        return "Running", {"ready": True, "restartCount": 0, "state": {"running": {"startedAt": BEGIN}}}
    code, clock, *more = rest
    reason = more[0] if more and not more[0].isdigit() else "Error" if int(code) else "Completed"
    ended = {
        "exitCode": int(code),
        "reason": reason,
        "startedAt": BEGIN,
        "finishedAt": f"{DAY}{clock}Z",
    }
    if word == "crash":
        waiting = {"reason": "CrashLoopBackOff", "message": "back-off 2m40s restarting failed container"}
        again = {"restartCount": int(more[-1]), "state": {"waiting": waiting}}
        return "Running", {"ready": False, **again, "lastState": {"terminated": ended}}
    phase = "Failed" if int(code) else "Succeeded"
    return phase, {"ready": False, "restartCount": 0, "state": {"terminated": ended}}


def _job(kind: str, job: str, state: str, pods: dict[str, str]) -> dict[str, Any]:
    ended = max(
        [f"{DAY}{text.split()[2]}Z" for text in pods.values() if text.startswith("exit")], default=BEGIN
    )
    conditions = [{"type": "Created", "status": "True", "lastTransitionTime": BEGIN}]
    if state != "Failed":
        conditions.append({"type": state, "status": "True", "lastTransitionTime": ended})
    else:
        failed = {"type": "Failed", "status": "True", "reason": f"{kind}Failed", "lastTransitionTime": ended}
        conditions.append({**failed, "message": f"{kind} {job} is failed because 1 replica(s) failed."})
    replicas: dict[str, Any] = {}
    for name in pods:
        role = _role(job, name)[0].capitalize() or "Worker"
        replicas[role] = {
            "replicas": replicas.get(role, {}).get("replicas", 0) + 1,
            "template": _template(kind),
        }
    field = {"PyTorchJob": "pytorchReplicaSpecs", "TFJob": "tfReplicaSpecs", "MPIJob": "mpiReplicaSpecs"}
    spec = {field.get(kind, "jaxReplicaSpecs"): replicas} if kind != "Job" else {"template": _template(kind)}
    meta = {"name": job, "namespace": NAMESPACE, "uid": f"uid-{job}", "creationTimestamp": BEGIN}
    status = {"conditions": conditions, "startTime": BEGIN}
    return {
        "apiVersion": API.get(kind, "kubeflow.org/v1"),
        "kind": kind,
        "metadata": meta,
        "spec": spec,
        "status": status,
    }


def _template(kind: str) -> dict[str, Any]:
    return {
        "spec": {"containers": [{"name": CONTAINERS.get(kind, "main"), "image": "registry.example/train:1"}]}
    }


def _event(text: str) -> dict[str, Any]:
    """`10:04:11 Warning OOMKilling node/gpu-a: text`."""
    clock, type_, reason, rest = text.split(" ", 3)
    about, _, message = rest.partition(": ")
    kind, _, name = about.partition("/")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{name}.{clock.replace(':', '')}", "namespace": NAMESPACE},
        "type": type_,
        "reason": reason,
        "message": message,
        "count": 1,
        "involvedObject": {
            "kind": kind.capitalize(),
            "name": name,
            "namespace": NAMESPACE,
            "uid": f"uid-{name}",
        },
        "lastTimestamp": f"{DAY}{clock}Z",
    }


def described(text: str) -> dict[str, tuple[dict[str, Any], dict[str, list[str]]]]:
    """The incidents of a description: name -> what is told of it, its logs."""
    found = {}
    for part in re.split(r"(?m)^=== ", text)[1:]:
        name, _, rest = part.partition("\n")
        head, *sections = re.split(r"(?m)^--- ", rest)
        logs = {}
        for section in sections:
            title, _, body = section.partition("\n")
            logs[title.strip()] = body.rstrip("\n").split("\n")
        found[name.strip()] = (yaml.safe_load(head), logs)
    return found


if __name__ == "__main__":
    for name, (told, logs) in described(Path(sys.argv[1]).read_text(encoding="utf-8")).items():
        write(Path(sys.argv[2]) / name, told, logs)
