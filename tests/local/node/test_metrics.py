"""Metrics that programs print or write become ObservationLogs: complete, once, and small."""

import json
import os
import signal
import struct
from pathlib import Path
from typing import Any

import psutil
import pytest
from bed import PYTHON, Node, collectors, until

from arena.local.machinery.runner import Runner
from arena.local.node.metrics import collection, request
from arena.local.objects import COLLECT, JOBS, OBSERVATION_LOGS, PODS


def asking(**collector: Any) -> dict[str, Any]:
    """The metadata of a pod whose container `main` is collected."""
    return {"annotations": {COLLECT: json.dumps({"main": collector})}, "labels": {"trial": "one"}}


def observed(node: Node, name: str) -> Any:
    """The pod's ObservationLog, or None."""
    return node.api.get(OBSERVATION_LOGS, node.uid(name), "default")


def complete(node: Node, name: str, seconds: float = 60) -> dict[str, Any]:
    """The metrics by name once all output has been read."""

    def reached() -> Any:
        found = observed(node, name)
        return found if found and found["status"]["complete"] else None

    found = until(reached, seconds, "the log is complete")
    return {one["name"]: one for one in found["status"]["metrics"]}


def texts(metric: dict[str, Any]) -> list[str]:
    return [one["value"] for one in metric["values"]]


def test_values_arrive_while_the_program_runs(node: Node) -> None:
    """Values are there before the program ends, with the pod's labels, their times and extremes."""
    script = (
        "echo 'epoch 1 loss=0.5 accuracy=0.7'; while [ ! -e go ]; do sleep 0.02; done; "
        "echo 'loss=0.25, accuracy=nan'; echo '2024-02-03T04:05:06Z loss=1e-3' >&2"
    )
    name = node.pod("sh", "-c", script, meta=asking())
    found = until(lambda: observed(node, name))
    assert {one["name"]: one["latest"]["value"] for one in found["status"]["metrics"]} == {
        "loss": "0.5", "accuracy": "0.7",
    }  # fmt: skip
    assert found["metadata"]["labels"] == {"trial": "one"}
    assert found["pod"] == {"name": name, "uid": node.uid(name)}
    (node.home / "pods" / node.uid(name) / "work" / "go").touch()
    metrics = complete(node, name)
    loss = metrics["loss"]
    assert (texts(loss), loss["min"], loss["max"], loss["count"]) == (
        ["0.5", "0.25", "1e-3"],
        "1e-3",
        "0.5",
        3,
    )
    assert loss["latest"] == {"time": "2024-02-03T04:05:06Z", "value": "1e-3"}
    assert texts(metrics["accuracy"]) == ["0.7", "nan"]


def test_server_and_collector_killed(idle: Node) -> None:
    """Killed servers and collectors lose no value, double none, and the collector outlives the server."""
    idle.serve()
    script = "for i in 1 2 3; do echo n=$i; while [ ! -e go$i ]; do sleep 0.02; done; done; echo n=4"
    name = idle.pod("sh", "-c", script, meta=asking())
    uid = idle.uid(name)
    work, state = (
        idle.home / "pods" / uid / "work",
        idle.home / "pods" / uid / "containers/main/observed.json",
    )
    count = lambda: json.loads(state.read_text())["series"]["n"]["count"] if state.exists() else 0  # noqa: E731
    until(lambda: count() == 1)
    idle.kill()
    assert len(collectors(idle.home)) == 1
    (work / "go1").touch()
    until(lambda: count() == 2)
    for one in collectors(idle.home):
        one.kill()
    (work / "go2").touch()
    idle.start()
    until(lambda: count() == 3)
    (work / "go3").touch()
    assert texts(complete(idle, name)["n"]) == ["1", "2", "3", "4"]
    until(lambda: not collectors(idle.home))


def test_supervisor_killed(node: Node) -> None:
    """What was printed before the supervisor was killed is collected all the same."""
    name = node.pod("sh", "-c", "echo x=1; echo x=2; sleep 1000", meta=asking())
    until(lambda: node.state(name, "running") and "x=2" in node.text(name))
    os.kill(node.pids(name)["supervisor"], signal.SIGKILL)
    node.phase(name, "Failed")
    assert texts(complete(node, name)["x"]) == ["1", "2"]


def test_restarts_and_rotation(node: Node) -> None:
    """The values of all runs are collected, each once, also from log files that were rotated."""
    script = (
        "import os, time\n"
        "n = len(os.listdir('.')); open(f'ran{n}', 'w')\n"
        "for i in range(300): print(f'v={n}.{i}' + ' ' * 60000, flush=True); time.sleep(0.002)\n"
        "os._exit(1 if n < 2 else 0)"
    )
    name = node.pod(PYTHON, "-c", script, policy="OnFailure", meta=asking(values=200))
    node.phase(name, "Succeeded", seconds=90)
    metric = complete(node, name)["v"]
    assert (metric["count"], metric["latest"]["value"], metric["min"]) == (900, "2.299", "0.0")
    numbers = [tuple(map(int, text.split("."))) for text in texts(metric)]
    assert numbers == sorted(set(numbers))
    assert 100 <= len(numbers) <= 200
    assert observed(node, name)["status"]["gaps"] == 0


def test_files(node: Node) -> None:
    """A file is read by the path that the program knows, also when it appears late."""
    lines = '{"acc": 0.5, "timestamp": 1.5}\\nno json\\n{"acc": "0.75"}'
    script = f"sleep 0.2; printf '{lines}' > /no/such/logs/m; sleep 0.1"
    where = {
        "volumes": [{"name": "logs", "emptyDir": {}}],
        "containers": [
            {
                "name": "main",
                "command": ["sh", "-c", script],
                "volumeMounts": [{"name": "logs", "mountPath": "/no/such/logs"}],
            }
        ],
        "restartPolicy": "Never",
    }
    meta = asking(source="file", path="/no/such/logs/m", format="json", metrics=["acc"])
    node.create("files", where, meta)
    metric = complete(node, "files")["acc"]
    assert texts(metric) == ["0.5", "0.75"]
    assert metric["values"][0]["time"] == "1970-01-01T00:00:01.500000Z"


def field(number: int, kind: int, body: bytes) -> bytes:
    length = bytes([len(body)]) if kind == 2 else b""
    return bytes([number << 3 | kind]) + length + body


def record(body: bytes) -> bytes:
    return struct.pack("<Q", len(body)) + b"\0" * 4 + body + b"\0" * 4


def scalar(tag: str, value: bytes, wall: float = 2.0) -> bytes:
    summary = field(1, 2, field(1, 2, tag.encode()) + value)
    return record(field(1, 1, struct.pack("<d", wall)) + field(5, 2, summary))


def test_tensorflow_events(node: Node, tmp_path: Path) -> None:
    """Scalars of event files are read in the old and in the new form, by tag or by folder and tag."""
    old = field(2, 5, struct.pack("<f", 0.93))
    tensor = field(1, 0, b"\x01") + field(4, 2, struct.pack("<f", 0.5))
    folder = tmp_path / "events"
    (folder / "train").mkdir(parents=True)
    (folder / "events.out.tfevents.1").write_bytes(
        scalar("loss", old) + record(b"\xff" * 9) + scalar("skip", old)
    )
    (folder / "train" / "events.out.tfevents.2").write_bytes(scalar("acc", field(8, 2, tensor)) + b"\x99" * 7)
    meta = asking(source="tensorflowEvents", path=str(folder), metrics=["loss", "train/acc"])
    name = node.pod("true", meta=meta)
    metrics = complete(node, name)
    assert {key: texts(one) for key, one in metrics.items()} == {"loss": ["0.93"], "train/acc": ["0.5"]}
    assert metrics["loss"]["latest"]["time"] == "1970-01-01T00:00:02Z"


def test_hostile_output(node: Node) -> None:
    """Endless lines, binary, countless names and values beyond floats leave object and server small."""
    script = (
        "import os, sys\n"
        "out = sys.stdout.buffer\n"
        "out.write(b'a' * 5_000_000 + b'=1 ' + b'\\n')\n"
        "out.write(os.urandom(300_000) + b'\\n')\n"
        "for i in range(3000): out.write(b'n%d=%d\\n' % (i, i))\n"
        "out.write(b'inf=1e999 big=' + b'9' * 5000 + b' none= good\\n')\n"
        "for i in range(100_000): out.write(b'n0=%d\\n' % i)\n"
    )
    before = psutil.Process().memory_info().rss
    name = node.pod(PYTHON, "-c", script, meta=asking(values=50))
    node.phase(name, "Succeeded", seconds=60)
    metrics = complete(node, name, 120)
    assert len(metrics) <= 32
    assert all(len(one["values"]) <= 50 for one in metrics.values())
    assert metrics["n0"]["latest"]["value"] == "99999"
    assert len(json.dumps(observed(node, name))) < 200_000
    assert observed(node, name)["status"]["dropped"] > 2000
    assert psutil.Process().memory_info().rss - before < 50_000_000


def test_filters() -> None:
    """What cannot be collected is refused in a sentence that names the container."""
    pod = lambda text: {"metadata": {"annotations": {COLLECT: text}}}  # noqa: E731
    assert request.of({"metadata": {}}, "main") is None
    assert request.of(pod("{}"), "main") is None
    found = request.of(pod('{"main": {"filters": ["(a)(b)"]}}'), "main")
    assert found == {
        "source": "stdout", "path": "", "format": "text", "filters": ["(a)(b)"], "metrics": [], "values": 100,
    }  # fmt: skip
    for text, why in (
        ("{", "is not JSON"),
        ("[]", "is not a mapping of containers"),
        ('{"main": 1}', "is not a mapping for main"),
        ('{"main": {"sauce": 1}}', "has an unknown field for main: sauce"),
        (
            '{"main": {"source": "x"}}',
            "is wrong for main: source must be one of stdout, file, tensorflowEvents",
        ),
        ('{"main": {"source": "file"}}', "is wrong for main: path must be absolute"),
        ('{"main": {"filters": ["(a"]}}', "is wrong for main: filter '(a' is not a regular expression: "),
        ('{"main": {"filters": ["(a)"]}}', "needs a group for the name and a group for the value"),
        ('{"main": {"values": 201}}', "is wrong for main: values must be a number from 1 to 200"),
    ):
        with pytest.raises(request.Invalid) as refused:
            request.of(pod(text), "main")
        assert why in str(refused.value)


def test_a_wrong_annotation_is_told(node: Node) -> None:
    """A pod whose annotation is wrong runs, and an Event says what is wrong."""
    name = node.pod("true", meta={"annotations": {COLLECT: '{"main": {"values": 0}}'}})
    node.phase(name, "Succeeded")
    assert "values must be a number from 1 to 200" in node.event(name, "InvalidCollector")["message"]


def test_kept_until_its_job_is_deleted(node: Node) -> None:
    """An ObservationLog belongs to the pod's job, so it outlives the pod; without a job it is the pod's."""
    name = node.pod("sh", "-c", "echo a=1", meta=asking())
    complete(node, name)
    assert [one["kind"] for one in observed(node, name)["metadata"]["ownerReferences"]] == ["Pod"]
    template = {"spec": {"containers": [{"name": "main", "image": "none"}], "restartPolicy": "Never"}}
    body = {"metadata": {"name": "owner"}, "spec": {"template": template, "parallelism": 0}}
    job = node.api.create(JOBS, body, "default")
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "owner", "uid": job["metadata"]["uid"]}
    meta = {**asking(), "ownerReferences": [{**owner, "controller": True}]}
    owned = node.pod("sh", "-c", "echo a=1", meta=meta)
    complete(node, owned)
    log = observed(node, owned)
    assert log["metadata"]["ownerReferences"] == [owner]
    node.api.delete(PODS, owned, "default")
    until(lambda: node.get(owned) is None)
    assert node.api.get(OBSERVATION_LOGS, log["metadata"]["name"], "default") == log
    node.api.delete(JOBS, "owner", "default")
    Runner(node.api).run_until_idle()
    assert [one["pod"]["name"] for one in node.api.list(OBSERVATION_LOGS)] == [name]


def test_a_stop_waits_for_no_pause(idle: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kubelet stops at once, however long the pause between two looks at what collectors found."""
    monkeypatch.setattr(collection, "PAUSE", 3600)
    idle.start()
    idle.phase(idle.pod("true"), "Succeeded")
    idle.stop()
