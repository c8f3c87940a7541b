"""What containers wrote stays until the job of their pod is gone, or until there is too much of it."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from bed import PYTHON, Node, until

from arena.local.node import retention
from arena.local.objects import JOBS, PODS, Resource
from arena.operating_system import is_running

CRONJOBS = Resource("batch", "v1", "cronjobs", "CronJob")
SPEC = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}


def job(node: Node, name: str = "bert", owner: Any = None) -> Any:
    """A Job that makes no pods: no operator is here."""
    return node.api.create(JOBS, {"metadata": {"name": name, **(owner or {})}, "spec": SPEC}, "default")


def owned(obj: Any, kind: str = "Job") -> Any:
    """Metadata of what `obj` controls."""
    meta = obj["metadata"]
    reference = {"apiVersion": "batch/v1", "kind": kind, "name": meta["name"], "uid": meta["uid"]}
    return {"ownerReferences": [{**reference, "controller": True}], "labels": {"rank": "0"}}


def kept(node: Node, obj: Any) -> list[Any]:
    """The pods of a job that are gone and kept."""
    found = node.kubelet.pods_of(obj["metadata"]["uid"])
    names = {one["metadata"]["uid"] for one in node.api.list(PODS)}
    return [one["pod"] for one in found if one["pod"]["metadata"]["uid"] not in names]


def text(node: Node, pod: Any, restart: int = 0, container: str = "main") -> str:
    """What a run of a container of a kept pod wrote."""
    path = node.kubelet.run(pod["metadata"]["uid"], container, restart)
    return (
        "" if path is None else "".join(line.split(" ", 3)[3] for line in path.read_text().splitlines(True))
    )


def remove(node: Node, name: str, **how: Any) -> None:
    """Delete a pod and wait until it is gone."""
    node.api.delete(PODS, name, "default", **how)
    until(lambda: node.get(name) is None)


@pytest.mark.parametrize("grace", [None, 0])
def test_output_outlives_its_pod(node: Node, grace: int | None) -> None:
    """A deleted pod's output and last state stay with its job; volumes and the environment do not."""
    bert = job(node)
    script = "trap 'echo term; exit 3' TERM; echo secret > work; echo up; while :; do sleep 0.02; done"
    name = node.pod("sh", "-c", script, meta=owned(bert), env=[{"name": "TOKEN", "value": "hush"}])
    until(lambda: node.state(name, "running") and node.text(name) == "up")
    remove(node, name, grace=grace)
    folder = until(lambda: next(node.home.glob("pods/*/kept.json"), None)).parent
    until(lambda: not (folder / "pod.json").exists())
    [pod] = kept(node, bert)
    assert text(node, pod).replace("Terminated\n", "") == "up\nterm\n"
    assert (pod["metadata"]["name"], pod["metadata"]["labels"]) == (name, {"rank": "0"})
    assert pod["status"]["phase"] == "Failed"
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3
    files = {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}
    assert files == {"kept.json", "containers/main/0/log", "containers/main/0/exit"}
    assert "hush" not in (folder / "kept.json").read_text()


def test_it_goes_with_its_job(node: Node) -> None:
    """What is kept of a job is removed when the job is; what is kept of another stays."""
    bert, other = job(node), job(node, "other")
    for one in (bert, other):
        name = node.pod("echo", "hello", meta=owned(one))
        node.phase(name, "Succeeded")
        remove(node, name)
        until(lambda one=one: kept(node, one))
    node.api.delete(JOBS, "bert", "default")
    until(lambda: not kept(node, bert) and len(list((node.home / "pods").iterdir())) == 1)
    until(lambda: [one.name for one in (node.home / "jobs").iterdir()] == [other["metadata"]["uid"]])
    assert [text(node, one) for one in kept(node, other)] == ["hello\n"]


def test_a_job_that_ends_first(node: Node) -> None:
    """Of a pod whose job is gone before it nothing is kept, nor of one that has no job."""
    bert = job(node)
    names = [node.pod("sleep", "1000", meta=owned(bert)), node.pod("sleep", "1000")]
    for name in names:
        node.state(name, "running")
    node.api.delete(JOBS, "bert", "default")
    for name in names:
        remove(node, name)
    until(lambda: not [*(node.home / "pods").iterdir(), *(node.home / "jobs").iterdir()])


def test_the_job_below_a_schedule(node: Node) -> None:
    """What runs on a schedule leaves its output with each Job, which may go before the schedule does."""
    spec = {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": SPEC}}
    cron = node.api.create(CRONJOBS, {"metadata": {"name": "nightly"}, "spec": spec}, "default")
    bert = job(node, owner=owned(cron, "CronJob"))
    name = node.pod("echo", "hello", meta=owned(bert))
    node.phase(name, "Succeeded")
    remove(node, name)
    until(lambda: kept(node, bert))
    node.api.delete(JOBS, "bert", "default")
    until(lambda: not list((node.home / "pods").iterdir()))


def test_every_run_is_kept(node: Node) -> None:
    """All runs of a container that was restarted can be read, of a pod that lives and of one that is gone."""
    bert = job(node)
    script = "echo x >> runs; echo run $(wc -l < runs); test $(wc -l < runs) = 5 && exec sleep 1000; exit 1"
    name = node.pod("sh", "-c", script, policy="OnFailure", meta=owned(bert))
    until(lambda: node.state(name, "running")["restartCount"] == 4)
    pod = node.get(name)
    until(lambda: text(node, pod, 4))
    assert [text(node, pod, number) for number in range(5)] == [f"run {n}\n" for n in range(1, 6)]
    remove(node, name)
    until(lambda: kept(node, bert))
    assert [text(node, pod, number) for number in range(5)] == [f"run {n}\n" for n in range(1, 6)]
    assert kept(node, bert)[0]["status"]["containerStatuses"][0]["restartCount"] == 4


def test_too_much_of_it(idle: Node) -> None:
    """Past the limit the oldest output goes first, and what is known of its pod stays."""
    idle.start(kept=300_000)
    bert = job(idle)
    for number in range(5):
        name = idle.pod("sh", "-c", f"seq 1 2000; echo pod {number}", meta=owned(bert))
        idle.phase(name, "Succeeded")
        remove(idle, name)
        until(lambda number=number: len(kept(idle, bert)) == number + 1)
    until(lambda: len(list(idle.home.glob("pods/*/containers/main/0/log"))) < 5)
    by_name = sorted(kept(idle, bert), key=lambda one: one["metadata"]["name"])
    there = [text(idle, one)[-6:] for one in by_name]
    assert there == ["", "", "", "pod 3\n", "pod 4\n"] or there == ["", "", "pod 2\n", "pod 3\n", "pod 4\n"]
    assert all(one["status"]["phase"] == "Succeeded" for one in by_name)
    idle.stop()
    idle.start(kept=30_000)
    until(lambda: not list(idle.home.glob("pods/*/containers/main/0/log")))


def test_nothing_is_to_be_kept(idle: Node) -> None:
    """A limit of 0 keeps nothing of pods that are gone, and two runs of those that are there."""
    idle.start(kept=0)
    bert = job(idle)
    name = idle.pod("sh", "-c", "echo x; exit 1", policy="OnFailure", meta=owned(bert))
    folder = idle.home / "pods" / idle.uid(name)
    until((folder / "containers" / "main" / "4").exists)
    until(lambda: not (folder / "containers" / "main" / "2").exists())
    remove(idle, name)
    until(lambda: not folder.exists())


@pytest.mark.parametrize("step", ["record", "strip", "write", "unlink"])
def test_killed_between_two_steps(idle: Node, step: str) -> None:
    """A kubelet that dies anywhere between a pod's end and the last step loses and doubles nothing."""
    bert = job(idle)
    idle.start()
    name = idle.pod("sh", "-c", "echo one; echo two", meta=owned(bert))
    idle.phase(name, "Succeeded")
    folder = idle.home / "pods" / idle.uid(name)
    idle.stop()
    idle.api.delete(PODS, name, "default", grace=0)
    known = retention.recorded(folder)
    if step in ("strip", "write", "unlink"):
        (folder / "containers" / "main" / "0" / "spec.json").unlink()
    if step in ("write", "unlink"):
        (folder / "kept.json.new").write_text("{")
    if step == "unlink":
        (folder / "kept.json").write_text(json.dumps({**known, "pod": retention.last(folder, known)}))
    idle.start()
    until(lambda: (folder / "kept.json").exists() and not (folder / "pod.json").exists())
    [pod] = kept(idle, bert)
    assert text(idle, pod) == "one\ntwo\n"
    assert pod["status"]["phase"] == "Succeeded"
    idle.stop()
    idle.api.delete(JOBS, "bert", "default")
    idle.start()
    until(lambda: not folder.exists())


def test_a_pod_of_an_earlier_release(idle: Node) -> None:
    """A pod whose folder an earlier release has made, without its job, is removed as it was then."""
    bert = job(idle)
    idle.start()
    name = idle.pod("sleep", "1000", meta=owned(bert))
    idle.state(name, "running")
    idle.stop()
    folder = idle.home / "pods" / idle.uid(name)
    (folder / "pod.json").write_text(json.dumps({"name": name, "ports": {}}))
    idle.start()
    assert kept(idle, bert) == []
    remove(idle, name)
    until(lambda: not folder.exists())
    assert kept(idle, bert) == []


def test_kubelet_and_supervisor_killed(idle: Node) -> None:
    """With both killed as the pod is deleted, what it wrote until then is kept, once."""
    bert = job(idle)
    idle.serve()
    name = idle.pod("sh", "-c", "seq 1 100; sleep 1000", meta=owned(bert))
    until(lambda: idle.state(name, "running") and len(idle.text(name).split()) == 100)
    pid = idle.pids(name)
    idle.kill()
    os.kill(pid["supervisor"], signal.SIGKILL)
    idle.api.delete(PODS, name, "default", grace=0)
    idle.start()
    until(lambda: list(idle.home.glob("pods/*/kept.json")))
    [pod] = kept(idle, bert)
    assert text(idle, pod).split() == [str(n) for n in range(1, 101)]
    assert not is_running(pid["pid"], pid["start"])


def test_a_job_of_a_type_that_is_gone(idle: Node) -> None:
    """What is kept of a job whose type another release served goes; the node starts all the same."""
    bert = job(idle)
    idle.start()
    name = idle.pod("echo", "hello", meta=owned(bert))
    idle.phase(name, "Succeeded")
    remove(idle, name)
    path = until(lambda: next(idle.home.glob("pods/*/kept.json"), None))
    idle.stop()
    known = json.loads(path.read_text())
    path.write_text(json.dumps({**known, "job": {**known["job"], "version": "v9"}}))
    idle.start()
    idle.phase(idle.pod("true"), "Succeeded")
    assert not path.exists()


def test_memory_of_what_is_forgotten(tmp_path: Path) -> None:
    """What was kept of jobs that are gone takes no memory: a server may see many of them."""

    class There:
        """An API in which every job is."""

        def get(self, resource: Resource, name: str, namespace: str | None) -> Any:
            return {"metadata": {"uid": name}}

    keeper = retention.Retention(There(), tmp_path / "pods")  # type: ignore[arg-type]
    reference = {**JOBS._asdict(), "namespace": "default"}
    for number in range(300):
        folder = tmp_path / "pods" / f"p{number}"
        (folder / "containers" / "main" / "0").mkdir(parents=True)
        note = tmp_path / "jobs" / f"j{number}" / folder.name
        note.parent.mkdir(parents=True)
        note.touch()
        pod = {"metadata": {"uid": folder.name}, "spec": {"containers": [{"name": "main"}]}}
        known = {"began": 0, "job": {**reference, "name": f"j{number}", "uid": f"j{number}"}, "pod": pod}
        (folder / "pod.json").write_text(json.dumps(known))
        keeper.retire(folder)
        assert (folder / "kept.json").exists()
        keeper.forget(f"j{number}")
        assert not folder.exists()
    assert len(keeper._oldest) < 100


def test_folders_in_folders(idle: Node) -> None:
    """However many folders in each other a program has left, its pod goes."""
    bert = job(idle)
    idle.start()
    script = "import os\nfor _ in range(1200):\n    os.mkdir('d')\n    os.chdir('d')\nprint('deep')"
    names = [idle.pod(PYTHON, "-c", script, meta=meta) for meta in (owned(bert), {})]
    folders = [idle.home / "pods" / idle.uid(name) for name in names]
    for name in names:
        idle.phase(name, "Succeeded")
        remove(idle, name)
    try:
        until(lambda: kept(idle, bert) and not (folders[0] / "work").exists())
        until(lambda: not folders[1].exists())
    finally:
        subprocess.run(["rm", "-rf", *(one / "work" for one in folders)], check=True)  # pytest could not
    assert [text(idle, pod) for pod in kept(idle, bert)] == ["deep\n"]
