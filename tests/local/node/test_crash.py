"""The kubelet, a supervisor, a container or all of them are killed: nothing is orphaned, nothing lost."""

import json
import os
import random
import shlex
import signal
from typing import Any

import psutil
import pytest
from bed import QUICK, Node, until

from arena import operating_system
from arena.local.node import container_runs, processes
from arena.local.node.node_context import Pace
from arena.local.objects import PODS
from arena.operating_system import is_running


def gone(pid: dict[str, Any]) -> bool:
    return not is_running(pid["pid"], pid["start"])


def test_kubelet_killed(idle: Node) -> None:
    """A pod lives on while its kubelet is dead, and the next one sees its end as if nothing had been."""
    idle.serve()
    name = idle.pod("sh", "-c", "echo begun; while [ ! -e stop ]; do sleep 0.02; done; echo over; exit 4")
    idle.state(name, "running")
    pid = idle.pids(name)
    idle.kill()
    assert not gone(pid)
    idle.start()
    until(lambda: not idle.kubelet._inbox.qsize())
    (idle.home / "pods" / idle.uid(name) / "work" / "stop").touch()
    pod = idle.phase(name, "Failed", "Succeeded")
    state = pod["status"]["containerStatuses"][0]
    assert state["state"]["terminated"]["exitCode"] == 4
    assert state["restartCount"] == 0
    assert idle.text(name) == "begun\nover"


def test_ended_while_kubelet_dead(idle: Node) -> None:
    """A pod that ended while no kubelet ran has its true exit code afterwards."""
    idle.serve()
    name = idle.pod("sh", "-c", "while [ ! -e stop ]; do sleep 0.02; done; exit 5")
    idle.state(name, "running")
    idle.kill()
    folder = idle.home / "pods" / idle.uid(name)
    (folder / "work" / "stop").touch()
    until((folder / "containers/main/0/exit").exists)
    idle.start()
    pod = idle.phase(name, "Failed")
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 5


def test_supervisor_killed(node: Node) -> None:
    """Without its supervisor a container is killed, not orphaned, and its end is told as unknown."""
    name = node.pod("sh", "-c", "setsid sleep 1000 & setsid env -i sleep 987654 & echo up; sleep 1000")
    until(lambda: node.state(name, "running") and node.text(name) == "up")
    pid, uid = node.pids(name), node.uid(name)
    below = until(lambda: hidden(pid["pid"]))
    os.kill(pid["supervisor"], signal.SIGKILL)
    pod = node.phase(name, "Failed")
    state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (state["exitCode"], state["reason"]) == (137, "ContainerStatusUnknown")
    until(lambda: gone(pid))
    until(lambda: not processes.marked(uid))
    until(lambda: not psutil.pid_exists(below))


def hidden(parent: int) -> int | None:
    """A process below another that has dropped its environment."""
    children = [one for one in psutil.Process(parent).children(True) if one.cmdline()[-1:] == ["987654"]]
    return next((one.pid for one in children if not one.environ()), None)


def test_container_killed(node: Node) -> None:
    """A command that was killed ends with 137, and what it started dies with it, also in other sessions."""
    name = node.pod("sh", "-c", "setsid sleep 1000 & (setsid setsid sleep 1000 &) ; sleep 1000")
    node.state(name, "running")
    pid, uid = node.pids(name), node.uid(name)
    until(lambda: len(processes.marked(uid)) >= 4)
    os.kill(pid["pid"], signal.SIGKILL)
    pod = node.phase(name, "Failed")
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137
    assert processes.marked(uid) == []


def test_all_killed(idle: Node) -> None:
    """With kubelet, supervisor and command killed at once, the next kubelet restarts what policy demands."""
    idle.serve()
    once = idle.pod("sh", "-c", "setsid sleep 1000 & sleep 1000")
    always = idle.pod("sleep", "1000", policy="Always")
    for name in (once, always):
        idle.state(name, "running")
    pids = [idle.pids(name) for name in (once, always)]
    idle.kill()
    for pid in pids:
        os.kill(pid["supervisor"], signal.SIGKILL)
        os.kill(pid["pid"], signal.SIGKILL)
    idle.start()
    pod = idle.phase(once, "Failed")
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137
    again = idle.pids(always, number=1)
    assert not gone(again)
    until(lambda: idle.state(always, "running")["restartCount"] == 1)
    until(lambda: not processes.marked(idle.uid(once)))


def test_kubelet_killed_in_deletion(idle: Node) -> None:
    """A deletion that a killed kubelet had begun is finished by the next one."""
    idle.serve()
    name = idle.pod(
        "sh", "-c", "trap '' TERM; while :; do sleep 0.05; done", spec={"terminationGracePeriodSeconds": 1}
    )
    idle.state(name, "running")
    uid = idle.uid(name)
    idle.api.delete(PODS, name, "default")
    until(lambda: idle.events(name, "Killing"))
    idle.kill()
    idle.start()
    until(lambda: idle.get(name) is None)
    until(lambda: not (idle.home / "pods" / uid).exists())
    assert processes.marked(uid) == []


def test_object_gone_while_kubelet_dead(idle: Node) -> None:
    """Processes whose pod's object is gone are ended by the next kubelet, and their folder is removed."""
    idle.serve()
    name = idle.pod("sh", "-c", "setsid sleep 1000 & sleep 1000")
    idle.state(name, "running")
    uid, pid = idle.uid(name), idle.pids(name)
    idle.kill()
    idle.api.delete(PODS, name, "default", grace=0)
    assert not gone(pid)
    idle.start()
    until(lambda: not (idle.home / "pods" / uid).exists())
    assert processes.marked(uid) == []


def test_other_boot(idle: Node) -> None:
    """A run of an earlier boot is unknown, and a process that has its number now is not touched."""
    name = idle.pod("true", policy="Always")
    folder = idle.home / "pods" / idle.uid(name) / "containers" / "main" / "0"
    container_runs.prepare(folder, {"argv": ["true"], "env": {}, "cwd": "/"})
    me = {"pid": os.getpid(), "start": 1, "supervisor": os.getpid(), "supervisor_start": 1}
    (folder / "pid").write_text(json.dumps({**me, "boot": "another", "started": 1.0}))
    idle.start()
    status = until(
        lambda: next(
            (
                one
                for one in (idle.get(name).get("status") or {}).get("containerStatuses") or []
                if one["restartCount"]
            ),
            None,
        )
    )
    assert status["restartCount"] == 1


def test_killed_before_supervisor(idle: Node) -> None:
    """A run that was prepared by a kubelet which died then is started by the next, once."""
    name = idle.pod("sh", "-c", "echo here")
    folder = idle.home / "pods" / idle.uid(name) / "containers" / "main" / "0"
    container_runs.prepare(folder, {"argv": ["sh", "-c", "echo there"], "env": {}, "cwd": "/"})
    idle.start()
    pod = idle.phase(name, "Succeeded")
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
    assert idle.text(name) == "here"


def test_kubelet_killed_again_and_again(idle: Node) -> None:
    """Kubelets killed at odd moments lose no pod and run none twice."""
    out = idle.home / "out"
    out.mkdir()
    chance = random.Random(7)
    idle.serve()
    names = []
    for _ in range(8):
        for _ in range(3):
            pause, code = chance.randrange(1, 9), len(names) % 5
            script = f"echo begun >> {shlex.quote(str(out))}/$HOSTNAME; sleep 0.{pause}; exit {code}"
            names.append(idle.pod("sh", "-c", script))
        begun = len(list(out.iterdir())) + chance.randrange(3)
        until(lambda begun=begun: len(list(out.iterdir())) >= begun)
        idle.kill()
        idle.serve()
    for number, name in enumerate(names):
        pod = idle.phase(name, "Succeeded", "Failed")
        state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
        assert (state["exitCode"], state["reason"]) == (number % 5, "Error" if number % 5 else "Completed")
        assert (out / name).read_text() == "begun\n"


def test_stopped_kubelet(idle: Node) -> None:
    """A kubelet that stops in good order leaves its pods running for the next."""
    idle.start()
    name = idle.pod("sleep", "1000")
    idle.state(name, "running")
    pid = idle.pids(name)
    idle.stop()
    assert not gone(pid)
    idle.start()
    assert not gone(pid)
    assert idle.state(name, "running")["restartCount"] == 0


def test_trouble_does_not_keep_it_busy(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    """A pod whose run cannot be settled is retried at the usual pace, and ends once it can be."""
    name = node.pod("sleep", "1000")
    node.state(name, "running")
    pid = node.pids(name)
    lock = node.home / "pods" / node.uid(name) / "containers" / "main" / "0" / "lock"
    lock.unlink()
    lock.mkdir()
    os.kill(pid["supervisor"], signal.SIGKILL)
    until(lambda: len(caplog.records) > 5)
    lock.rmdir()
    node.phase(name, "Failed")
    times = [one.created for one in caplog.records]
    assert times[5] - times[0] > 4 * QUICK.retry


def test_moved_folder(idle: Node, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A container whose folder was moved away is not started again in a new one."""
    monkeypatch.setattr(operating_system, "pidfd_open", lambda: None)
    idle.start(pace=Pace(look=0.02, retry=0.02))
    name = idle.pod("sleep", "1000")
    idle.state(name, "running")
    moved = (idle.home / "pods").rename(idle.home / "moved")
    until(lambda: caplog.text.count("No such file or directory") > 2)
    assert not (idle.home / "pods").exists()
    moved.rename(idle.home / "pods")
