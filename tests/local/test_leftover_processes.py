"""How processes of pods are found that no server looks after, also where their environment is hidden."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from product import is_running, until

from arena import operating_system
from arena.local import leftover_processes
from arena.local.node import container_runs


class Pod:
    """A pod in the state folder `home`, whose program is a shell with a child of its own."""

    def __init__(self, home: Path, script: str = "sleep 1000 & : > up; wait; wait") -> None:
        self.home = home
        folder = home / "pods" / "uid" / "containers" / "main" / "0"
        env = {"PATH": os.environ["PATH"]}
        spec = {"argv": ["sh", "-c", script], "env": env, "cwd": str(home)}
        container_runs.prepare(folder, spec)
        container_runs.launch(folder).wait()
        until((home / "up").exists, what="the program")
        run = container_runs.read(folder)
        self.supervisor, self.shell = psutil.Process(run.supervisor), psutil.Process(run.pid)
        [self.child] = self.shell.children()

    def kill(self, *processes: psutil.Process) -> None:
        """Kill processes, and wait until they are gone."""
        for process in processes:
            process.kill()
            until(lambda process=process: not is_running(process.pid), what="the end of a killed process")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder, on a system that hides every environment."""
    monkeypatch.setattr(operating_system, "environment", lambda pid: b"")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    yield tmp_path / "real"
    leftover_processes.kill(tmp_path / "real", grace=0.1)


def test_sessions(home: Path) -> None:
    """Without supervisor and shell, their child is known by its session; a stranger with that id is not."""
    pod = Pod(home)
    assert set(leftover_processes.find(home)) == {pod.supervisor, pod.shell, pod.child}
    pod.kill(pod.supervisor, pod.shell)
    assert leftover_processes.find(home) == [pod.child]
    record = home / "pods/uid/containers/main/0/pid"
    text = record.read_text("utf-8")
    for old, new in (('"started": ', '"started": -'), (f'"pid": {pod.shell.pid}', f'"pid": {os.getpid()}')):
        assert old in text
        record.write_text(text.replace(old, new), "utf-8")  # before this boot; the id of a stranger
        assert leftover_processes.find(home) == []
    record.write_text(text, "utf-8")
    assert leftover_processes.kill(home) == 1
    assert not is_running(pod.child.pid)


def test_a_folder_that_is_gone(home: Path) -> None:
    """Where there is no record, the children of supervisors lead the sessions of their pods."""
    pod = Pod(home)
    (home / "pods").rename(home / "elsewhere")
    assert set(leftover_processes.find(home)) == {pod.supervisor, pod.shell, pod.child}
    assert leftover_processes.kill(home) == 3


def test_programs_that_ignore_sigterm(home: Path) -> None:
    """They are killed, those in other sessions too, before the supervisor, which records their end."""
    pod = Pod(home, "trap '' TERM; setsid sleep 1000 & : > up; wait; wait")
    until(lambda: os.getsid(pod.child.pid) == pod.child.pid, what="the session")
    assert pod.child in leftover_processes.find(home)
    leftover_processes.kill(home, grace=0.1)
    assert not is_running(pod.shell.pid)
    assert not is_running(pod.child.pid)
    assert container_runs.latest(home / "pods/uid/containers/main").code == 137


def test_links(home: Path) -> None:
    """Supervisors are found by any name of the state folder, which is a link below /tmp on macOS."""
    pod = Pod(home.with_name("link"))
    for name in ("real", "link"):
        assert pod.supervisor in leftover_processes.find(home.with_name(name))
