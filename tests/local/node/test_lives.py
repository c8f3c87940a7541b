"""Restarts, init containers, deadlines, deletion and what a pod's status shows of them."""

import json
import sys
import time

import pytest
from bed import Node, until

from arena import operating_system
from arena.local.node import processes
from arena.local.node.node_context import Pace
from arena.local.objects import PODS


def test_restart_always(node: Node) -> None:
    """With Always, a container restarts repeatedly, with back-off, and its last end is shown."""
    name = node.pod("sh", "-c", "echo run; exit 2", policy="Always")
    status = until(lambda: next((one for one in _statuses(node, name) if one["restartCount"] >= 3), None))
    assert status["lastState"]["terminated"]["exitCode"] == 2
    assert node.get(name)["status"]["phase"] == "Running"
    assert node.event(name, "BackOff")["type"] == "Warning"
    runs = node.home / "pods" / node.uid(name) / "containers/main"
    until(lambda: len(list(runs.iterdir())) <= 2, what="the removal of earlier runs")


def test_restart_rules(node: Node) -> None:
    """A container with a rule restarts on its exit codes, though neither its policy nor its pod's says so."""
    rule = {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
    script = "import os; n = len(os.listdir()); open(f'ran{n}', 'w'); os._exit((42, 0)[n])"
    name = node.pod(
        sys.executable, "-c", script, policy="Never", restartPolicy="Never", restartPolicyRules=[rule]
    )
    node.phase(name, "Succeeded")
    assert [one["restartCount"] for one in _statuses(node, name)] == [1]
    other = node.pod("sh", "-c", "exit 41", policy="Always", restartPolicy="Never", restartPolicyRules=[rule])
    node.phase(other, "Failed")


def test_last_output(node: Node) -> None:
    """A failed container that asks for it has the end of its output as its message; others have none."""
    script = "seq 300; echo 'ValueError: no model' >&2; exit 3"
    asked = node.pod("sh", "-c", script, terminationMessagePolicy="FallbackToLogsOnError")
    plain = node.pod("sh", "-c", script)
    well = node.pod("sh", "-c", "echo done", terminationMessagePolicy="FallbackToLogsOnError")
    message = node.state(asked, "terminated")["state"]["terminated"]["message"]
    assert message.splitlines()[-2:] == ["300", "ValueError: no model"]
    assert len(message.splitlines()) == 80
    for name in (plain, well):
        assert "message" not in node.state(name, "terminated")["state"]["terminated"]


def _statuses(node: Node, name: str) -> list[dict]:
    return (node.get(name).get("status") or {}).get("containerStatuses") or []


def test_crash_loop(idle: Node) -> None:
    """While the back-off lasts the container waits as CrashLoopBackOff; the first restart is at once."""
    idle.start(pace=Pace(backoff=50))
    name = idle.pod("false", policy="OnFailure")
    status = idle.state(name, "waiting")
    status = until(
        lambda: next(
            (
                one
                for one in _statuses(idle, name)
                if one["restartCount"] == 1
                and one["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"
            ),
            None,
        )
    )
    assert "back-off 50s restarting failed container=main" in status["state"]["waiting"]["message"]
    assert status["lastState"]["terminated"]["exitCode"] == 1
    assert status["ready"] is False


def test_on_failure(node: Node) -> None:
    """With OnFailure a container runs until it succeeds."""
    name = node.pod("sh", "-c", "test -e ../work/x || { touch x; exit 1; }", policy="OnFailure")
    pod = node.phase(name, "Succeeded")
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 1


def test_init_containers(node: Node) -> None:
    """Init containers run one by one before the others."""
    spec = {
        "initContainers": [
            {"name": one, "command": ["sh", "-c", f"sleep 0.1; echo {one} >> order"]} for one in "ab"
        ]
    }
    name = node.pod("cat", "order", spec=spec)
    pod = node.phase(name, "Succeeded")
    assert node.text(name) == "a\nb"
    assert [one["ready"] for one in pod["status"]["initContainerStatuses"]] == [True, True]


def test_init_failure(node: Node) -> None:
    """With Never a failed init container fails the pod, and the others never run."""
    name = node.pod("true", spec={"initContainers": [{"name": "first", "command": ["false"]}]})
    pod = node.phase(name, "Failed")
    assert pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "PodInitializing"
    conditions = {one["type"]: one["status"] for one in pod["status"]["conditions"]}
    assert conditions["Initialized"] == "False"


def test_several_containers(node: Node) -> None:
    """A pod runs as long as one of its containers does, and fails when one of them failed."""
    spec = {
        "containers": [
            {"name": "good", "command": ["sh", "-c", "while [ ! -e stop ]; do sleep 0.02; done"]},
            {"name": "bad", "command": ["false"]},
        ]
    }
    name = node.pod(spec=spec)
    node.state(name, "terminated", "bad")
    node.phase(name, "Running")
    (node.home / "pods" / node.uid(name) / "work" / "stop").touch()
    node.phase(name, "Failed")


def test_running_status(node: Node) -> None:
    """A running pod has addresses, conditions, a start time and a ready container."""
    name = node.pod("sleep", "1000")
    status = node.state(name, "running")
    pod = until(lambda: node.get(name))
    assert (status["ready"], status["started"], status["restartCount"]) == (True, True, 0)
    assert status["containerID"].startswith("process://")
    assert (pod["status"]["podIP"], pod["status"]["hostIP"]) == ("127.0.0.1", "127.0.0.1")
    conditions = {one["type"]: one["status"] for one in pod["status"]["conditions"]}
    assert conditions == dict.fromkeys(("PodScheduled", "Initialized", "ContainersReady", "Ready"), "True")
    until(lambda: {one["reason"] for one in node.events(name)} >= {"Created", "Started"})


def test_no_command(node: Node) -> None:
    """A container without a command fails with a sentence that says what to do."""
    pod = node.phase(node.pod(), "Failed")
    state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert state["reason"] == "CreateContainerError"
    assert state["message"] == "the local cluster has no container runtime: give a command"


def test_missing_command(node: Node) -> None:
    """A command that is not on this machine ends with 127 and a hint what to install."""
    name = node.pod("horovodrun", "-np", "2")
    pod = node.phase(name, "Failed")
    state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (state["exitCode"], state["reason"]) == (127, "ContainerCannotRun")
    assert "pip install horovod" in node.event(name, "Hint")["message"]


def test_cuda_hint(node: Node) -> None:
    """A program that fails for want of CUDA earns a hint."""
    name = node.pod(
        "sh", "-c", "echo 'ProcessGroupNCCL is only supported with GPUs, no GPUs found!' >&2; exit 1"
    )
    node.phase(name, "Failed")
    assert "gloo" in node.event(name, "Hint")["message"]


def test_deadline(node: Node) -> None:
    """A pod past its activeDeadlineSeconds is ended and Failed for that reason."""
    name = node.pod("sleep", "1000", spec={"activeDeadlineSeconds": 1})
    pod = node.phase(name, "Failed")
    assert pod["status"]["reason"] == "DeadlineExceeded"
    assert processes.marked(node.uid(name)) == []


def test_graceful_delete(node: Node) -> None:
    """Deletion sends TERM and gives the command its time to end."""
    name = node.pod(
        "sh",
        "-c",
        "trap 'echo bye > \"$OUT\"; exit 0' TERM; echo up; while :; do sleep 0.02; done",
        env=[{"name": "OUT", "value": str(node.home / "out")}],
    )
    until(lambda: node.state(name, "running") and node.text(name) == "up")
    node.api.delete(PODS, name, "default")
    until(lambda: node.get(name) is None)
    assert (node.home / "out").read_text() == "bye\n"


def test_stubborn_delete(node: Node) -> None:
    """What ignores TERM is killed after the grace period, descendants in sessions of their own too."""
    loop = "trap '' TERM; while :; do sleep 0.05; done"
    script = f'setsid sh -c "{loop}" & {loop}'
    name = node.pod("sh", "-c", script, spec={"terminationGracePeriodSeconds": 1})
    node.state(name, "running")
    uid = node.uid(name)
    until(lambda: len(processes.marked(uid)) >= 2)
    node.api.delete(PODS, name, "default")
    until(lambda: node.get(name) is None)
    assert processes.marked(uid) == []


def test_forced_delete(node: Node) -> None:
    """A pod whose object vanished is ended at once."""
    name = node.pod("sleep", "1000")
    node.state(name, "running")
    uid = node.uid(name)
    node.api.delete(PODS, name, "default", grace=0)
    until(lambda: not (node.home / "pods" / uid).exists())
    assert processes.marked(uid) == []


def test_pre_stop(node: Node) -> None:
    """The preStop hook runs before TERM."""
    hook = {"preStop": {"exec": {"command": ["sh", "-c", "echo hook >> $OUT"]}}}
    out = node.home / "out"
    name = node.pod(
        "sh",
        "-c",
        "trap 'echo term >> $OUT; exit' TERM; echo up; while :; do sleep 0.02; done",
        lifecycle=hook,
        env=[{"name": "OUT", "value": str(out)}],
    )
    until(lambda: node.state(name, "running") and node.text(name) == "up")
    node.api.delete(PODS, name, "default")
    until(lambda: node.get(name) is None)
    assert out.read_text() == "hook\nterm\n"


def test_post_start_failure(node: Node) -> None:
    """A container whose postStart hook fails is ended."""
    name = node.pod("sleep", "1000", lifecycle={"postStart": {"exec": {"command": ["false"]}}})
    node.phase(name, "Failed")
    assert node.event(name, "FailedPostStartHook")


def test_hook_does_not_hold_the_server(node: Node) -> None:
    """A kubelet stops at once even if a hook is running, and the next one continues."""
    name = node.pod("sleep", "1000", lifecycle={"postStart": {"exec": {"command": ["sleep", "1000"]}}})
    node.state(name, "running")
    began = time.monotonic()
    node.stop()
    assert time.monotonic() - began < 30
    node.start()
    assert node.state(name, "running")["restartCount"] == 0


def test_without_descriptors(idle: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no descriptor for processes, their ends are seen by looking."""
    monkeypatch.setattr(operating_system, "pidfd_open", lambda: None)
    idle.start(pace=Pace(look=0.05))
    idle.phase(idle.pod("sleep", "0.2"), "Succeeded")
    name = idle.pod("sleep", "1000")
    idle.state(name, "running")
    idle.api.delete(PODS, name, "default")
    until(lambda: idle.get(name) is None)


def test_unwritable_folder(idle: Node) -> None:
    """A container whose run cannot be written down waits with the reason, and starts once it can."""
    name = idle.pod("echo", "hi")
    folder = idle.home / "pods" / idle.uid(name)
    folder.mkdir(parents=True)
    (folder / "containers").touch()
    idle.start()
    assert "cannot start container main" in idle.event(name, "Failed")["message"]
    waiting = idle.state(name, "waiting")["state"]["waiting"]
    assert waiting["reason"] == "CreateContainerError"
    (folder / "containers").unlink()
    idle.phase(name, "Succeeded")


def test_same_name_again(node: Node) -> None:
    """A pod that takes the name of a deleted one is another pod."""
    node.create("twin", {"containers": [{"name": "main", "command": ["sleep", "1000"]}]})
    node.state("twin", "running")
    first = node.uid("twin")
    node.api.delete(PODS, "twin", "default", grace=0)
    node.create(
        "twin", {"containers": [{"name": "main", "command": ["echo", "two"]}], "restartPolicy": "Never"}
    )
    node.phase("twin", "Succeeded")
    assert node.uid("twin") != first
    assert node.text("twin") == "two"


def test_many(node: Node) -> None:
    """Forty pods at once all end, each with its own code."""
    names = {node.pod("sh", "-c", f"exit {number}"): number for number in range(40)}
    codes = {}
    for name in names:
        pod = node.phase(name, "Succeeded", "Failed")
        codes[name] = pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"]
    assert codes == names


def test_foreign_node(node: Node) -> None:
    """Pods of other nodes and unbound pods are left alone."""
    body = {
        "metadata": {"name": "other"},
        "spec": {"nodeName": "elsewhere", "containers": [{"name": "a", "image": "b"}]},
    }
    node.api.create(PODS, body, "default")
    node.phase(node.pod("true"), "Succeeded")
    assert not (node.home / "pods" / node.uid("other")).exists()


def test_hostile_names(node: Node) -> None:
    """Arguments, variables and output survive byte for byte."""
    words = ["quote'\"", "a\nb", "$HOME", "${x}", "$(NOPE)", "ünï", " sp ace ", "*", "\\"]
    show = "import sys, json, os; print(json.dumps([sys.argv[1:], os.environ['V']]))"
    name = node.pod(sys.executable, "-c", show, *words, env=[{"name": "V", "value": "\n'$x\"ü"}])
    node.phase(name, "Succeeded")
    assert json.loads(node.text(name)) == [words, "\n'$x\"ü"]


def test_ended_for_good(idle: Node) -> None:
    """A pod that has ended keeps its phase, also while a finalizer holds what is left of it."""
    idle.start()
    name = idle.pod(
        "sleep", "1000", spec={"activeDeadlineSeconds": 1}, meta={"finalizers": ["example.com/held"]}
    )
    idle.phase(name, "Failed")
    uid = idle.uid(name)
    idle.api.delete(PODS, name, "default")
    until(lambda: not (idle.home / "pods" / uid).exists())
    idle.stop()
    idle.start()
    until(lambda: uid not in idle.kubelet._workers and not idle.kubelet._inbox.qsize())
    assert idle.get(name)["status"]["phase"] == "Failed"
    idle.api.patch(PODS, name, {"metadata": {"finalizers": None}}, "default")
    assert idle.get(name) is None
