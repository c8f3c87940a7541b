"""What a container finds around it: variables, volumes, GPUs, its folder."""

import base64
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from bed import Node, until

from arena.local.node.environment import expand
from arena.local.node.value_sources import Missing, quantity
from arena.local.objects import (
    CONFIGMAPS,
    JOBS,
    JOBSETS,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    SECRETS,
    Resource,
)

SHOW = "import os, json; print(json.dumps(dict(os.environ)))"


def environ(node: Node, name: str) -> dict[str, str]:
    node.phase(name, "Succeeded")
    return json.loads(node.text(name))


def show(node: Node, **fields: Any) -> str:
    return node.pod(sys.executable, "-c", SHOW, **fields)


def test_programs_of_engines(node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of installed engines come last on a pod's PATH; without engines it is as it was."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    programs = tmp_path / "arena/engines/bin"
    assert not environ(node, show(node))["PATH"].endswith(str(programs))
    programs.mkdir(parents=True)
    assert environ(node, show(node))["PATH"].endswith(f":{programs}")


def config(node: Node, name: str, **data: str) -> None:
    node.api.create(CONFIGMAPS, {"metadata": {"name": name}, "data": data}, "default")


def secret(node: Node, name: str, **data: str) -> None:
    coded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    node.api.create(SECRETS, {"metadata": {"name": name}, "data": coded}, "default")


def test_variables(node: Node) -> None:
    """Variables come from values, ConfigMaps, Secrets, fields and resources, and refer to each other."""
    config(node, "conf", A="1", B="2")
    secret(node, "sec", TOKEN="t0p")
    name = show(
        node,
        resources={"limits": {"memory": "64Mi", "cpu": "1500m"}},
        envFrom=[
            {"configMapRef": {"name": "conf"}, "prefix": "C_"},
            {"secretRef": {"name": "none", "optional": True}},
        ],
        env=[
            {"name": "X", "value": "x"},
            {"name": "Y", "value": "$(X)-$(C_A)-$$(X)-$(NOPE)"},
            {"name": "ONE", "valueFrom": {"configMapKeyRef": {"name": "conf", "key": "B"}}},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "sec", "key": "TOKEN"}}},
            {"name": "GONE", "valueFrom": {"secretKeyRef": {"name": "sec", "key": "no", "optional": True}}},
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "ROLE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['role']"}}},
            {
                "name": "MEM",
                "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}},
            },
            {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        ],
        meta={"labels": {"role": "master"}},
    )
    env = environ(node, name)
    assert env["Y"] == "x-1-$(X)-$(NOPE)"
    assert (env["C_B"], env["ONE"], env["TOKEN"]) == ("2", "2", "t0p")
    assert (env["NAME"], env["ROLE"], env["MEM"], env["CPU"]) == (name, "master", "64", "2")
    assert "GONE" not in env


def test_given_variables(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every container gets the node's variables, and of the server's only what is harmless."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "leak")
    env = environ(node, name := show(node))
    assert env["ARENA_POD_UID"] == node.uid(name)
    assert env["PYTHONUNBUFFERED"] == "1"
    assert env["HOSTNAME"] == name
    assert env["GLOO_SOCKET_IFNAME"] == env["NCCL_SOCKET_IFNAME"] == "lo"
    assert env["OMP_NUM_THREADS"] == str(os.cpu_count())
    assert env["HOME"] == os.environ["HOME"]
    assert "AWS_SECRET_ACCESS_KEY" not in env


def test_submitters_environment(node: Node) -> None:
    """The annotations of the submitter say where and with which PATH a command starts."""
    there = node.home / "there"
    there.mkdir()
    tool = there / "my-tool"
    tool.write_text("#!/bin/sh\npwd; echo $VIRTUAL_ENV\n")
    tool.chmod(0o755)
    told = {"PATH": f"{there}:/usr/bin:/bin", "VIRTUAL_ENV": "/venv"}
    meta = {"annotations": {"local.arena.io/cwd": str(there), "local.arena.io/env": json.dumps(told)}}
    name = node.pod("my-tool", meta=meta, workingDir="/workspace")
    node.phase(name, "Succeeded")
    assert node.text(name) == f"{there}\n/venv"


def test_submitters_environment_is_nonsense(node: Node) -> None:
    """Annotations that hold no environment are refused at once, however deeply they are nested."""
    for text in ("{", "[]", "[" * 100_000):
        name = node.pod("true", meta={"annotations": {"local.arena.io/env": text}})
        assert "annotation local.arena.io/env is not" in node.event(name, "Failed")["message"]


def test_submitters_directory_gone(node: Node) -> None:
    """A pod does not start elsewhere when the submitter's directory is gone; it says so and waits."""
    there = node.home / "there"
    name = node.pod("pwd", meta={"annotations": {"local.arena.io/cwd": str(there)}})
    assert f"the directory {there}" in node.event(name, "Failed")["message"]
    there.mkdir()
    node.phase(name, "Succeeded")
    assert node.text(name) == str(there)


def test_shadowed_mount(node: Node) -> None:
    """Where this machine has a mount path itself, an event says that programs will see that."""
    config(node, "conf", a="A")
    name = mounted(node, 'cat "$ARENA_MOUNT_VOL"/a', {"configMap": {"name": "conf"}}, str(node.home))
    node.phase(name, "Succeeded")
    assert node.text(name) == "A"
    assert "$ARENA_MOUNT_VOL" in node.event(name, "MountShadowed")["message"]


def test_unknown_owner(node: Node) -> None:
    """An owner of a type that the local cluster does not have keeps no pod from running."""
    one = {"apiVersion": "example.com/v1", "kind": "Thing", "name": "t", "uid": "u", "controller": True}
    node.phase(node.pod("true", meta={"ownerReferences": [one]}), "Succeeded")


TWO = {
    "parallelism": 2,
    "template": {"spec": {"containers": [{"name": "a", "image": "b"}], "restartPolicy": "Never"}},
}
"""The spec of a Job with two pods."""


@pytest.mark.parametrize(
    ("resource", "spec"),
    [(JOBS, TWO), (JOBSETS, {"replicatedJobs": [{"name": "w", "replicas": 1, "template": {"spec": TWO}}]})],
    ids=["Job", "JobSet"],
)
def test_threads(node: Node, resource: Resource, spec: dict[str, Any]) -> None:
    """OMP_NUM_THREADS shares the cores between the pods of a job of any kind, unless it is set."""
    job = node.api.create(resource, {"metadata": {"name": "job"}, "spec": spec}, "default")
    reference = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": "job",
        "uid": job["metadata"]["uid"],
        "controller": True,
    }
    meta = {"ownerReferences": [reference]}
    assert environ(node, show(node, meta=meta))["OMP_NUM_THREADS"] == str(max(1, (os.cpu_count() or 1) // 2))
    own = show(node, meta=meta, env=[{"name": "OMP_NUM_THREADS", "value": "7"}])
    assert environ(node, own)["OMP_NUM_THREADS"] == "7"


def test_port(node: Node) -> None:
    """PORT is the allotted port, and so is a variable NAME_PORT with a containerPort, in arguments, too."""
    ports = [{"containerPort": 6006}]
    name = node.pod(
        "sh", "-c", "echo $PORT $0", "--port=$(PORT)", ports=ports, env=[{"name": "PORT", "value": "6006"}]
    )
    node.phase(name, "Succeeded")
    allotted = json.loads(node.get(name)["metadata"]["annotations"]["local.arena.io/ports"])["6006"]
    assert node.text(name) == f"{allotted} --port={allotted}"
    assert environ(node, show(node, ports=ports))["PORT"].isdigit()
    assert (
        environ(node, show(node, ports=ports, env=[{"name": "HTTP_PORT", "value": "6006"}]))["HTTP_PORT"]
        != "6006"
    )
    for other in ("1", "\u00b2", "9" * 5000):
        assert environ(node, show(node, ports=ports, env=[{"name": "PORT", "value": other}]))["PORT"] == other


def test_missing_reference(node: Node) -> None:
    """A missing ConfigMap keeps the container waiting with a reason, and it starts once that is there."""
    source = {"configMapKeyRef": {"name": "later", "key": "K"}}
    name = node.pod("sh", "-c", "echo $V", env=[{"name": "V", "valueFrom": source}])
    waiting = until(
        lambda: next(
            (
                one["state"].get("waiting")
                for one in (node.get(name).get("status") or {}).get("containerStatuses") or []
                if "message" in one["state"].get("waiting", {})
            ),
            None,
        )
    )
    assert waiting == {"reason": "CreateContainerConfigError", "message": 'configmap "later" not found'}
    config(node, "later", K="now")
    node.phase(name, "Succeeded")
    assert node.text(name) == "now"


def mounted(node: Node, script: str, source: dict, path: str = "/no/such/place", **mount: Any) -> str:
    spec = {"volumes": [{"name": "vol", **source}]}
    return node.pod("sh", "-c", script, spec=spec, volumeMounts=[{"name": "vol", "mountPath": path, **mount}])


def test_empty_dir(node: Node) -> None:
    """An emptyDir is a folder that the containers of a pod share, found under its mount path everywhere."""
    both = [{"name": "vol", "mountPath": "/no/such"}]
    spec = {
        "volumes": [{"name": "vol", "emptyDir": {}}],
        "initContainers": [
            {"name": "a", "volumeMounts": both, "command": ["sh", "-c", "echo hi > /no/such/file"]}
        ],
    }
    name = node.pod(
        "sh",
        "-c",
        'cat "$F"; cat "$ARENA_MOUNT_VOL"/file',
        spec=spec,
        volumeMounts=both,
        env=[{"name": "F", "value": "/no/such/file"}],
    )
    node.phase(name, "Succeeded")
    assert node.text(name) == "hi\nhi"


def test_secret_volume(node: Node) -> None:
    """A Secret's files are readable by their owner only, in a folder that is closed to others."""
    secret(node, "sec", key="k3y", other="o")
    items = [{"key": "key", "path": "deep/id", "mode": 0o400}]
    source = {"secretName": "sec", "items": items}
    name = mounted(node, "cat /no/such/place/deep/id; echo; sleep 1000", {"secret": source})
    until(lambda: node.state(name, "running") and node.text(name) == "k3y")
    folder = node.home / "pods" / node.uid(name) / "volumes" / "vol"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "deep" / "id").stat().st_mode) == 0o400
    assert not (folder / "other").exists()


def test_configmap_volume(node: Node) -> None:
    """A ConfigMap's keys are files; subPath mounts one of them."""
    config(node, "conf", **{"train.py": "print('hello')"})
    name = mounted(
        node,
        "cat /no/such/train.py",
        {"configMap": {"name": "conf"}},
        "/no/such/train.py",
        subPath="train.py",
    )
    node.phase(name, "Succeeded")
    assert node.text(name) == "print('hello')"


def test_projected(node: Node) -> None:
    """A projected volume holds ConfigMaps, Secrets and the pod's own fields."""
    config(node, "conf", a="A")
    secret(node, "sec", b="B")
    fields = {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}
    sources = [
        {"configMap": {"name": "conf"}},
        {"secret": {"name": "sec"}},
        {"downwardAPI": fields},
        {"configMap": {"name": "none", "optional": True}},
    ]
    name = mounted(node, "cd /no/such/place; cat a b name", {"projected": {"sources": sources}})
    node.phase(name, "Succeeded")
    assert node.text(name) == f"AB{name}"


def test_what_changes_is_seen(node: Node) -> None:
    """A pod that runs sees what its ConfigMap and Secret hold now, in files that are never half written."""
    config(node, "conf", a="old")
    secret(node, "sec", b="old")
    source = {"projected": {"sources": [{"configMap": {"name": "conf"}}, {"secret": {"name": "sec"}}]}}
    line = "while ! grep -q new a b || grep -q old a b; do sleep 0.05; done; cat a b"
    name = mounted(node, f"cd /no/such/place; {line}", source)
    node.phase(name, "Running")
    node.api.patch(CONFIGMAPS, "conf", {"data": {"a": "new"}}, "default")
    coded = base64.b64encode(b"new").decode()
    node.api.patch(SECRETS, "sec", {"data": {"b": coded}}, "default")
    node.phase(name, "Succeeded")
    assert node.text(name) == "newnew"


def test_claim(node: Node) -> None:
    """A claim is a folder that outlives its pods; one that is missing is waited for."""
    source = {"persistentVolumeClaim": {"claimName": "data"}}
    first = mounted(node, "echo kept > /no/such/place/file", source)
    assert 'persistentvolumeclaim "data" not found' in node.event(first, "FailedMount")["message"]
    spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
    node.api.create(PERSISTENT_VOLUME_CLAIMS, {"metadata": {"name": "data"}, "spec": spec}, "default")
    node.phase(first, "Succeeded")
    node.api.delete(PODS, first, "default")
    until(lambda: node.get(first) is None)
    second = mounted(node, "cat /no/such/place/file", source)
    node.phase(second, "Succeeded")
    assert node.text(second) == "kept"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ({"nfs": {"server": "s", "path": "/p"}}, "is of type nfs, which the local cluster cannot mount"),
        ({"hostPath": {"path": "/etc/passwd", "type": "Directory"}}, "is not a Directory"),
        ({"configMap": {"name": "none"}}, 'configmap "none" not found'),
    ],
)
def test_failed_mount(node: Node, kind: dict, message: str) -> None:
    """A mount that fails is reported in an event, and the container waits."""
    name = mounted(node, "true", kind)
    assert message in node.event(name, "FailedMount")["message"]
    assert node.state(name, "waiting")["state"]["waiting"]["reason"] == "ContainerCreating"


def test_host_path(node: Node) -> None:
    """A hostPath is the path itself, made when asked to."""
    path = node.home / "made"
    name = mounted(
        node, "echo x > /no/such/place/y", {"hostPath": {"path": str(path), "type": "DirectoryOrCreate"}}
    )
    node.phase(name, "Succeeded")
    assert (path / "y").read_text() == "x\n"


def test_escape(node: Node) -> None:
    """A subPath cannot leave its volume, not even by a variable, which the API does not see."""
    mount = {"name": "vol", "mountPath": "/x", "subPathExpr": "$(UP)/x"}
    spec = {"volumes": [{"name": "vol", "emptyDir": {}}]}
    up = {"name": "UP", "value": "../.."}
    name = node.pod("sh", "-c", "true", spec=spec, volumeMounts=[mount], env=[up])
    assert 'without ".."' in node.event(name, "Failed")["message"]


def test_part_of_a_file(node: Node) -> None:
    """A subPath that cannot be created is reported, with the reason."""
    path = node.home / "file"
    path.touch()
    name = mounted(node, "true", {"hostPath": {"path": str(path)}}, subPath="x")
    message = node.event(name, "Failed")["message"]
    assert message == f'Error: cannot make the subPath of volumeMount "vol": Not a directory: {path}/x'


def test_virtual_gpus(node: Node) -> None:
    """Virtual GPUs are numbered, never shared, hidden from CUDA, and free again when their pod ends."""
    want = {"resources": {"limits": {"nvidia.com/gpu": 3}}}
    first = node.pod("sh", "-c", 'echo "$ARENA_VIRTUAL_GPUS/$CUDA_VISIBLE_DEVICES/"; sleep 1000', **want)
    until(lambda: node.state(first, "running") and node.text(first) == "0,1,2//")
    second = node.pod("true", **want)
    assert node.phase(second, "Failed")["status"]["reason"] == "UnexpectedAdmissionError"
    node.api.delete(PODS, first, "default")
    until(lambda: node.get(first) is None)
    third = node.pod("sh", "-c", "echo $ARENA_VIRTUAL_GPUS", **want)
    node.phase(third, "Succeeded")
    assert node.text(third) == "0,1,2"


NVML = """
class NVMLError(Exception): pass
def nvmlInit(): pass
def nvmlDeviceGetCount(): return 2
"""


def test_real_gpus(node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GPUs from NVIDIA's library are real, visible to containers that request them, hidden from others."""
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "pynvml.py").write_text(NVML)
    monkeypatch.syspath_prepend(tmp_path / "library")
    node.stop()
    try:
        node.start(gpus=None)
    finally:
        sys.modules.pop("pynvml", None)
    label = "local.arena.io/gpu"
    until(lambda: node.api.get(NODES, "local")["metadata"]["labels"].get(label) == "nvml")
    # The label is written before the status.
    until(lambda: node.api.get(NODES, "local")["status"]["capacity"]["nvidia.com/gpu"] == "2")
    one = show(node, resources={"limits": {"nvidia.com/gpu": 1}})
    assert environ(node, one)["CUDA_VISIBLE_DEVICES"] == "0"
    assert environ(node, show(node))["CUDA_VISIBLE_DEVICES"] == ""


@pytest.mark.parametrize("told", ["0", "3"])
def test_gpu_setting(idle: Node, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """ARENA_LOCAL_GPUS says how many virtual GPUs there are; 0 means none, and takes the label away."""
    idle.start()
    until(
        lambda: (
            "local.arena.io/gpu"
            in (idle.api.get(NODES, "local") or {"metadata": {}})["metadata"].get("labels", {})
        )
    )
    idle.stop()
    monkeypatch.setenv("ARENA_LOCAL_GPUS", told)
    idle.start(gpus=None)
    wanted = None if told == "0" else told
    until(lambda: idle.api.get(NODES, "local")["status"]["capacity"].get("nvidia.com/gpu") == wanted)
    assert ("local.arena.io/gpu" in idle.api.get(NODES, "local")["metadata"]["labels"]) is (
        wanted is not None
    )


def test_device_setting(idle: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """ARENA_LOCAL_DEVICES says which other devices are counted; those of an earlier server are taken away."""

    def devices() -> dict[str, str]:
        capacity = (idle.api.get(NODES, "local") or {}).get("status", {}).get("capacity", {})
        return {name: number for name, number in capacity.items() if "/" in name}

    monkeypatch.setenv("ARENA_LOCAL_DEVICES", "nvidia.com/mig-1g.5gb=7, amd.com/gpu=2")
    idle.start(gpus=None)
    until(lambda: devices() == {"nvidia.com/gpu": "8", "nvidia.com/mig-1g.5gb": "7", "amd.com/gpu": "2"})
    idle.stop()
    monkeypatch.setenv("ARENA_LOCAL_DEVICES", "amd.com/gpu=1")
    idle.start(gpus=None)
    until(lambda: devices() == {"nvidia.com/gpu": "8", "amd.com/gpu": "1"})


def test_gpus_adopted(idle: Node) -> None:
    """A fresh kubelet knows who holds which GPU."""
    idle.start()
    name = idle.pod("sleep", "1000", resources={"limits": {"nvidia.com/gpu": 3}})
    idle.state(name, "running")
    idle.stop()
    idle.start()
    other = idle.pod("sh", "-c", "echo $ARENA_VIRTUAL_GPUS", resources={"limits": {"nvidia.com/gpu": 1}})
    idle.phase(other, "Succeeded")
    assert idle.text(other) == "3"


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("$(A)", "1"),
        ("$$(A)", "$(A)"),
        ("$(B)", "$(B)"),
        ("$A", "$A"),
        ("$$$(A)", "$1"),
        ("$()", "$()"),
        ("a$(A)$(A)", "a11"),
    ],
)
def test_expand(text: str, out: str) -> None:
    """References are filled as Kubernetes does."""
    assert expand(text, {"A": "1"}) == out


def test_quantity() -> None:
    """Quantities are read in all units; invalid ones are refused."""
    assert [int(quantity(one) * 1000) for one in ("1", "500m", "2Ki", "1e3", "0.5G")] == [
        1000,
        500,
        2048000,
        10**6,
        5 * 10**11,
    ]
    for bad in ("x", "1X", "", "1.2.3"):
        with pytest.raises(Missing):
            quantity(bad)


def test_every_interface_is_loopback(node: Node) -> None:
    """Addresses for all interfaces are replaced, so that programs listen on this machine only."""
    env = [{"name": "HOST", "value": "0.0.0.0"}, {"name": "NOTE", "value": "0.0.0.0 is an address"}]
    words = (
        "--host",
        "0.0.0.0",
        "--host=0.0.0.0",
        "--address=[::]:80",
        "0.0.0.0:6006",
        "say 0.0.0.0",
        "$(HOST)",
    )
    name = node.pod("sh", "-c", 'for one; do echo "$one"; done; echo "$HOST; $NOTE"', "sh", *words, env=env)
    node.phase(name, "Succeeded")
    assert node.text(name).splitlines() == [
        "--host", "127.0.0.1", "--host=127.0.0.1", "--address=127.0.0.1:80", "127.0.0.1:6006", "say 0.0.0.0",
        "127.0.0.1", "127.0.0.1; 0.0.0.0 is an address",
    ]  # fmt: skip
