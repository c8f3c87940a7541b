"""The life of the server's process: start, find, stop, crash, idle end, reset."""

import contextlib
import http.client
import json
import os
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import psutil
import pytest
import strangers
from cryptography import x509
from overtls import trust
from product import is_running, until

from arena.local import daemon, leftover_processes, locks, pki, restart, sockets, state, tls
from arena.local.daemon import DaemonError
from arena.local.leftover_processes import find
from arena.local.objects import HOLD

STARTER = "from arena.local import daemon; s = daemon.ensure(); print(s.pid, s.port, s.fresh)"


@pytest.fixture
def home(tmp_path, monkeypatch) -> Iterator[Path]:
    """A state folder of the test's own; whatever runs on it at the end is ended."""
    path = tmp_path / "local"
    monkeypatch.setenv("ARENA_LOCAL_HOME", str(path))
    monkeypatch.delenv("ARENA_LOCAL_IDLE", raising=False)
    monkeypatch.setattr(leftover_processes, "GRACE", 0.5)
    yield path
    if path.is_dir():
        path.chmod(0o700)
        daemon.reset()
    assert not path.exists()


def starters(count: int) -> list[list[str]]:
    """What so many commands, started at once, say of the server they found."""
    pipe = subprocess.PIPE
    children = [
        subprocess.Popen([sys.executable, "-c", STARTER], stdout=pipe, stderr=pipe, text=True)
        for _ in range(count)
    ]
    answers = [child.communicate(timeout=60) for child in children]
    assert all(child.returncode == 0 for child in children), answers
    return [out.split() for out, _ in answers]


def kill(pid: int) -> None:
    """End the server as a crash would."""
    os.kill(pid, signal.SIGKILL)
    until(lambda: locks.holder(state.state_dir()) is None)


def client(server: daemon.Server) -> http.client.HTTPSConnection:
    """A connection to the server, as its kubeconfig asks for."""
    return http.client.HTTPSConnection("127.0.0.1", server.port, timeout=10, context=trust(Path(server.home)))


def request(server: daemon.Server, method: str, path: str, body: Any = None) -> Any:
    """A request on the API."""
    connection = client(server)
    connection.request(method, path, json.dumps(body) if body else None,
                       {"Content-Type": "application/json"})  # fmt: skip
    with connection.getresponse() as answer:
        result = json.loads(answer.read())
    connection.close()
    assert answer.status < 300, result
    return result


def run_pod(server: daemon.Server, script: str) -> dict[str, Any]:
    """Run a pod, wait until it runs."""
    container = {"name": "c", "image": "none", "command": ["sh", "-c", script]}
    spec = {"restartPolicy": "Never", "nodeName": "local", "containers": [container]}
    pods = "/api/v1/namespaces/default/pods"
    request(server, "POST", pods, {"metadata": {"name": "one"}, "spec": spec})
    return until(
        lambda: (pod := request(server, "GET", f"{pods}/one"))["status"]["phase"] == "Running" and pod
    )


def test_cold_start(home):
    """The first command has a server, whose start costs little work and memory."""
    server = daemon.ensure("1.0")
    spent = psutil.Process(server.pid).cpu_times()
    assert spent.user + spent.system < 2  # processor time: a busy machine makes nothing of it late
    assert server.fresh
    found = daemon.find()
    assert found
    assert (found.pid, found.port, found.version, found.fresh) == (server.pid, server.port, "1.0", False)
    status = daemon.status()
    assert status
    assert (status.pid, status.port, status.pods, status.idle) == (server.pid, server.port, 0, 1800)
    assert status.memory < 80 << 20
    assert 0 <= status.uptime < 60


def test_the_kubeconfig_works(home):
    """The kubeconfig is for its owner alone, names the context `local`, and is all that a client needs."""
    path = Path(daemon.kubeconfig())
    assert path == home / "kubeconfig"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    config = json.loads(path.read_text())
    server = daemon.find()
    assert server
    assert config["current-context"] == "local"
    assert config["clusters"][0]["cluster"]["server"] == server.url
    assert request(server, "GET", "/api/v1/namespaces/default")["metadata"]["name"] == "default"


def test_the_types_that_have_objects(home):
    """The server tells which types have objects, in a namespace or anywhere."""
    server = daemon.ensure()
    body = {"metadata": {"name": "one"}, "data": {}}
    request(server, "POST", "/api/v1/namespaces/default/configmaps", body)
    at = f"{daemon.EXTRAS}/types?types=/configmaps,batch/jobs,x"
    assert request(server, "GET", at) == {"types": ["/configmaps"]}
    assert request(server, "GET", f"{at}&namespace=default") == {"types": ["/configmaps"]}
    assert request(server, "GET", f"{at}&namespace=other") == {"types": []}


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_files_are_private(home, monkeypatch, mask):
    """Nobody else can read or replace the server's files, whatever the umask."""
    deep = home / "state" / "arena" / "local"
    monkeypatch.setenv("ARENA_LOCAL_HOME", str(deep))
    old = os.umask(mask)
    try:
        run_pod(daemon.ensure(), "echo hello; exec sleep 1000")
    finally:
        os.umask(old)
    found = [home, *home.rglob("*")]
    open_ = {path for path in found if not path.is_symlink() and path.stat().st_mode & 0o077}
    shut = {path for path in deep.rglob("*") if path.is_dir() and stat.S_IMODE(path.stat().st_mode) == 0o700}
    assert {path for path in open_ if not shut & set(path.parents)} == set()
    assert {stat.S_IMODE(path.stat().st_mode) for path in (home, *deep.parents[:2], deep)} == {0o700}
    daemon.reset()
    (home / "state" / "arena").rmdir()
    (home / "state").rmdir()
    home.rmdir()


@pytest.mark.parametrize("make", [Path.mkdir, Path.symlink_to], ids=["folder", "link"])
def test_a_folder_that_holds_something_else_is_left_alone(home, tmp_path, make):
    """Neither a start nor a reset touches a folder that is not the local cluster's, also behind a link."""
    real = home if make is Path.mkdir else tmp_path / "real"
    real.mkdir()
    if real != home:
        home.symlink_to(real)
    (real / "thesis.tex").write_text("years of work")
    (real / "pods").mkdir(mode=0o755)
    for verb in (daemon.ensure, daemon.reset):
        with pytest.raises(DaemonError, match=r"holds other things, such as thesis\.tex"):
            verb()
    assert sorted(path.name for path in real.iterdir()) == ["pods", "thesis.tex"]
    assert stat.S_IMODE((real / "pods").stat().st_mode) == 0o755
    (real / "thesis.tex").unlink()
    daemon.reset()
    home.unlink(missing_ok=True)


@pytest.mark.parametrize("verb", [daemon.ensure, daemon.stop, daemon.reset])
def test_a_folder_that_others_may_replace_is_not_used(home, monkeypatch, verb):
    """If others may change folders above the state folder, nothing in it is trusted, run or removed."""
    local = home / "local"
    local.mkdir(parents=True)
    (local / "server.lock").write_text(str(os.getpid()))
    home.chmod(0o777)
    monkeypatch.setenv("ARENA_LOCAL_HOME", str(local))
    with pytest.raises(DaemonError, match=f"others may write {home}"):
        verb()
    assert daemon.find() is None
    home.chmod(0o700)
    daemon.reset()
    home.rmdir()


@pytest.mark.parametrize("how", ["removed", "removed and made again", "moved", "unlocked"])
def test_a_folder_that_gets_lost_ends_its_server(home, tmp_path, how):
    """A server without its folder ends; its pods do where nobody could find them again."""
    server = daemon.ensure()
    stubborn = "trap '' HUP TERM; " if how != "removed and made again" else ""
    run_pod(server, f"{stubborn}exec sleep 1000")
    pids = [process.pid for process in find(home)]
    assert pids
    if how == "unlocked":
        (home / "server.lock").unlink()
    elif how == "moved":
        home.rename(tmp_path / "moved")
    else:
        shutil.rmtree(home, ignore_errors=True)
    second = daemon.ensure() if how == "removed and made again" else None
    until(lambda: not is_running(server.pid))
    if how.startswith("removed"):
        until(lambda: not any(map(is_running, pids)))
    else:
        assert all(map(is_running, pids))
    if how == "moved":
        (tmp_path / "moved").rename(home)
    if second:
        assert (now := daemon.find())
        assert now.pid == second.pid
    daemon.reset()
    assert not any(map(is_running, pids))


@pytest.mark.parametrize("end", [daemon.reset, lambda: daemon.stop(pods=True)], ids=["reset", "stop"])
def test_pods_whose_folder_is_gone_are_found(home, end):
    """`stop --pods` and `reset` end what runs although the folder was removed and no server is there."""
    server = daemon.ensure()
    run_pod(server, "sleep 1000")
    pids = [process.pid for process in find(home)]
    kill(server.pid)
    shutil.rmtree(home)
    end()
    until(lambda: not any(map(is_running, pids)))  # one that is on its way out has no command line any more


@pytest.mark.parametrize("name", ["ca.crt", "server.crt", "server.key", "client.crt", "client.key"])
def test_keys_are_kept_unless_they_are_damaged(home, name):
    """Every server has the keys of the first; where one is damaged all are made again, and work."""
    home.mkdir(mode=0o700)
    tls.context(home)
    folder = home / tls.FOLDER
    first = {path.name: path.read_text() for path in folder.iterdir()}
    assert len(first) == 5
    tls.context(home)
    assert {path.name: path.read_text() for path in folder.iterdir()} == first
    (folder / name).write_text(first[name][:100])
    tls.context(home)
    assert not {path.read_text() for path in folder.iterdir()} & set(first.values())
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())
    server = daemon.ensure()
    assert request(server, "GET", "/version")["major"] == "1"


def test_keys_that_do_not_fit_are_made_anew(home):
    """A client's key beside the certificate of another is noticed before a kubeconfig holds it."""
    home.mkdir(mode=0o700)
    tls.context(home)
    folder = home / tls.FOLDER
    shutil.copy(folder / "server.key", folder / "client.key")
    tls.context(home)
    trust(home)


def test_certificates_outlive_every_clock(tmp_path):
    """They are valid from 1970 forever, for one purpose each, and their authority cannot sign any more."""
    pki.make(tmp_path)
    read = {path.name: x509.load_pem_x509_certificate(path.read_bytes()) for path in tmp_path.glob("*.crt")}
    for one in read.values():
        assert (one.not_valid_before_utc.year, one.not_valid_after_utc.year) == (1970, 9999)
        one.verify_directly_issued_by(read["ca.crt"])
    uses = [read[f"{who}.crt"].extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            for who in ("server", "client")]  # fmt: skip
    assert [use[0]._name for use in uses] == ["serverAuth", "clientAuth"]
    assert {path.name for path in tmp_path.glob("*.key")} == {"server.key", "client.key"}


def test_a_long_path_has_a_socket_too(home, tmp_path, monkeypatch):
    """The path of the state folder may be longer than the address of a socket."""
    deep = tmp_path / ("x" * 120)
    monkeypatch.setenv("ARENA_LOCAL_HOME", str(deep))
    assert daemon.ensure().home == str(deep)
    assert daemon.find()
    daemon.reset()


def test_a_socket_of_another_user_is_not_asked(home, monkeypatch):
    """Whoever listens at the socket's path is known by the system, not by what it says."""
    server = daemon.ensure()
    server.dial(1).close()
    with monkeypatch.context() as other:
        other.setattr(os, "getuid", lambda: 54_321)
        with pytest.raises(PermissionError):
            server.dial(1)


def test_a_socket_without_a_server_is_none(home):
    """If nobody holds the lock, nothing is asked, whatever is recorded and whoever listens."""
    server = daemon.ensure()
    kill(server.pid)
    with sockets.listen(home / state.SOCKET):
        assert daemon.find() is None
        with pytest.raises(ConnectionRefusedError):
            server.dial(1)


def test_twelve_commands_at_once_start_one_server(home):
    """However many commands start together, one server answers them all."""
    answers = starters(12)
    assert len({tuple(answer[:2]) for answer in answers}) == 1
    assert sum(answer[2] == "True" for answer in answers) == 1


def test_commands_that_mark_a_new_folder_together(home):
    """A command may find the unfinished mark of another, and lose sight of it."""
    code = "for _ in range(100): (Path(state.prepare()) / state.MARK).unlink(missing_ok=True)"
    command = [sys.executable, "-c", f"from pathlib import Path\nfrom arena.local import state\n{code}"]
    children = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [child.communicate(timeout=60)[1] for child in children] == [""] * 4


def test_a_connection_waits_for_its_turn(tmp_path):
    """A server that has as many connections to accept as fit refuses none before its time."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as listener, contextlib.ExitStack() as others:
        listener.bind(str(tmp_path / "s"))
        listener.listen(1)
        for _ in range(2):
            others.enter_context(contextlib.closing(sockets.connect(tmp_path / "s", 5)))
        began = time.monotonic()
        with pytest.raises(OSError, match="temporarily unavailable"):
            sockets.connect(tmp_path / "s", 0.3)
        assert time.monotonic() - began >= 0.3


def test_after_a_crash_six_commands_find_one_new_server_at_the_same_address(home):
    """A killed server is replaced once, and kubeconfigs stay valid."""
    old = daemon.ensure()
    kill(old.pid)
    assert daemon.find() is None
    answers = starters(6)
    assert {answer[1] for answer in answers} == {str(old.port)}
    assert {answer[0] for answer in answers} != {str(old.pid)}
    assert len({answer[0] for answer in answers}) == 1


def test_a_crash_is_told_from_an_end(home):
    """A server that was killed crashed; none that was never there, runs, or was stopped did."""
    assert not daemon.crashed()
    server = daemon.start()
    assert not daemon.crashed()
    assert daemon.stop()
    assert not daemon.crashed()
    os.kill(daemon.start().pid, signal.SIGKILL)
    until(daemon.crashed)
    assert daemon.start().url == server.url
    assert not daemon.crashed()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["crashed", "hung"])
def test_what_was_stopped_did_not_crash(home, monkeypatch, number):
    """Once the user has stopped it, no command that runs starts it again, however the server ended."""
    monkeypatch.setattr(daemon, "LEAVING", 0.5)
    server = daemon.start()
    os.kill(server.pid, number)
    if number == signal.SIGKILL:
        until(daemon.crashed)
    assert daemon.stop() is (number == signal.SIGSTOP)
    assert not daemon.crashed()
    assert daemon.start().url == server.url


def test_objects_and_pods_outlive_a_crash(home):
    """A pod runs on while the server is dead, and the next server knows it again."""
    server = daemon.ensure()
    run_pod(server, "sleep 1000")
    before = {process.pid for process in find(home)}
    kill(server.pid)
    server = daemon.ensure()
    pod = request(server, "GET", "/api/v1/namespaces/default/pods/one")
    assert pod["status"]["phase"] == "Running"
    assert {process.pid for process in find(home)} == before
    assert before


def test_stop_leaves_pods_running(home):
    """Stop ends the server alone; asked to, it ends the pods' processes, too."""
    server = daemon.ensure()
    run_pod(server, "trap '' TERM; setsid sleep 1000 & wait")
    assert daemon.stop() is True
    until(lambda: not is_running(server.pid))
    assert find(home)
    assert daemon.stop() is False
    daemon.stop(pods=True)
    assert not find(home)
    assert daemon.find() is None
    assert daemon.status() is None


def test_stop_waits_for_no_stream(home):
    """An open watch does not delay the end."""
    server = daemon.ensure()
    connection = client(server)
    connection.request("GET", "/api/v1/pods?watch=true")
    with connection.getresponse() as answer:
        begin = time.perf_counter()
        assert daemon.stop()
        assert time.perf_counter() - begin < daemon.PATIENCE / 2  # after which it is killed
        assert answer.read() == b""
    connection.close()


def test_reset_leaves_nothing(home):
    """After a reset no process and no file is left, even of pods that resist."""
    server = daemon.ensure()
    run_pod(server, "trap '' TERM HUP; (trap '' TERM; setsid sleep 1000) & wait")
    pids = [process.pid for process in find(home)]
    assert pids
    daemon.reset()
    assert not home.exists()
    assert not any(map(is_running, pids))
    daemon.reset()


def test_commands_that_start_a_server_during_resets(home):
    """A command that waits while everything is removed then starts on a new folder."""
    with ThreadPoolExecutor() as pool:
        crowds = [pool.submit(starters, 2) for _ in range(2)]
        for _ in range(5):
            until(lambda: home.exists() or all(crowd.done() for crowd in crowds))
            daemon.reset()
        assert all(crowd.result() for crowd in crowds)


def test_a_lock_on_a_removed_file_is_no_lock(tmp_path):
    """A waiter for a lock whose file is removed meanwhile gets the lock of the new file."""
    path = tmp_path / "folder" / "lock"
    first = locks.acquire(path, 0)
    assert first is not None
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(locks.acquire, path, 10)
        assert locks.acquire(path, 0.05) is None
        shutil.rmtree(path.parent.rename(tmp_path / "removed"))  # at once: the waiting thread makes it again
        os.close(first)
        second = waiting.result()
    assert second is not None
    assert os.path.samestat(os.fstat(second), path.stat())
    os.close(second)


def test_reset_after_a_crash(home):
    """Reset needs no server to find the processes."""
    server = daemon.ensure()
    run_pod(server, "sleep 1000")
    pids = [process.pid for process in find(home)]
    kill(server.pid)
    daemon.reset()
    assert not any(map(is_running, pids))


def test_reset_after_the_folder_was_removed(home):
    """The proxy of a killed server is found although its state folder is gone."""
    server = daemon.ensure()
    body = {"metadata": {"name": "web"}, "spec": {"ports": [{"name": "http", "port": 80}]}}
    request(server, "POST", "/api/v1/namespaces/default/services", body)
    proxy = until(lambda: locks.holder(home, locks.PROXY))
    (home / restart.NAME).unlink()  # otherwise the proxy starts the server again
    kill(server.pid)
    assert is_running(proxy)
    shutil.rmtree(home)
    daemon.reset()
    assert not is_running(proxy)


def in_use(use: Callable[[daemon.Server], Any], idle: float | None = 0.7) -> tuple[daemon.Server, Any]:
    """A server that ends when it has been idle for so many seconds, and the result of its first use.

    On a busy machine it may end before it is used; then the next one is.
    """

    def attempt() -> tuple[daemon.Server, Any] | None:
        server = daemon.start(idle=idle)
        with contextlib.suppress(OSError, http.client.HTTPException):
            return server, use(server)
        return None

    return until(attempt)


def stays(home: Path, server: daemon.Server) -> bool:
    """Whether the server runs for longer than it may be idle."""
    kept = time.monotonic() + 1.5
    until(lambda: locks.holder(home) is None or time.monotonic() > kept)
    return locks.holder(home) == server.pid


def test_idle_end(home, monkeypatch):
    """An idle server ends by itself; one with a pod stays until the pod has ended."""
    monkeypatch.setenv("ARENA_LOCAL_IDLE", "0.7")
    go = home / "go"
    script = f"while [ ! -e {shlex.quote(str(go))} ]; do sleep 0.05; done"
    server, _ = in_use(lambda server: run_pod(server, script), idle=None)
    assert stays(home, server)
    go.touch()
    until(lambda: locks.holder(home) is None)
    assert "idle" in (home / "server.log").read_text()


def test_a_schedule_keeps_the_server(home):
    """A server with a CronJob stays for it, until that is deleted."""
    template = {"spec": {"containers": [{"name": "c", "image": "x"}], "restartPolicy": "Never"}}
    spec = {"schedule": "0 0 29 2 *", "jobTemplate": {"spec": {"template": template}}}
    body = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"}, "spec": spec}
    path = "/apis/batch/v1/namespaces/default/cronjobs"
    server, _ = in_use(lambda server: request(server, "POST", path, body))
    assert stays(home, server)
    request(server, "DELETE", f"{path}/c")
    until(lambda: locks.holder(home) is None)


def test_a_service_that_awaits_requests_keeps_the_server(home):
    """A server stays while requests of a Service may wait for a pod, and ends with its proxy."""
    metadata = {"name": "web", "annotations": {HOLD: "20"}}
    body = {"metadata": metadata, "spec": {"ports": [{"name": "http", "port": 80}]}}
    path = "/api/v1/namespaces/default/services"
    server, _ = in_use(lambda server: request(server, "POST", path, body))
    assert stays(home, server)
    assert locks.holder(home, locks.PROXY)
    request(server, "DELETE", f"{path}/web")
    until(lambda: locks.holder(home) is None)
    assert locks.holder(home, locks.PROXY) is None


def test_an_open_stream_keeps_the_server(home):
    """A watch counts as use for as long as it lasts."""

    def watched(server: daemon.Server) -> contextlib.ExitStack:
        with contextlib.ExitStack() as link:
            connection = link.enter_context(contextlib.closing(client(server)))
            connection.request("GET", "/api/v1/pods?watch=true")
            link.enter_context(connection.getresponse())
            return link.pop_all()

    server, link = in_use(watched)
    with link:
        assert stays(home, server)
    until(lambda: locks.holder(home) is None)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"port": "x"}', "\0"])
def test_a_bad_record_is_no_record(home, content):
    """A damaged server.json is ignored, and a new one is written."""
    home.mkdir(mode=0o700)
    (home / "server.json").write_text(content)
    assert daemon.find() is None
    server = daemon.ensure()
    assert json.loads((home / "server.json").read_text())["pid"] == server.pid


def test_a_record_whose_port_a_stranger_took(home):
    """If another program listens on the old port, the new server chooses another one, and logs this."""
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        home.mkdir(mode=0o700)
        port = stranger.getsockname()[1]
        record = {"port": port, "pid": os.getpid(), "version": "", "started": 0.0}
        (home / "server.json").write_text(json.dumps(record))
        assert daemon.find() is None
        server = daemon.ensure()
        assert server.port != port
        assert f":{server.port}" in (home / "kubeconfig").read_text()
        assert f"port {port} is taken" in (home / "server.log").read_text()


def test_a_server_that_hangs_is_named_and_can_be_stopped(home, monkeypatch):
    """A stopped (SIGSTOP) server is reported with its pid; `stop` ends it by force."""
    server = daemon.ensure()
    os.kill(server.pid, signal.SIGSTOP)
    with monkeypatch.context() as shorter:
        shorter.setattr(daemon, "PATIENCE", 1.0)
        shorter.setattr(daemon, "LEAVING", 1.0)
        shorter.setattr(daemon, "ANSWER", 0.2)
        with pytest.raises(DaemonError, match=rf"pid {server.pid}\) does not answer"):
            daemon.ensure()
        assert daemon.stop()
    until(lambda: not is_running(server.pid))
    assert daemon.ensure().port == server.port


def test_stop_at_a_start(home):
    """A server that has locked its file and not yet written its pid is waited for, and then ended."""
    home.mkdir(mode=0o700)
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from arena.local import locks\n"
        "lock = locks.acquire(Path(sys.argv[1]), 5)\n"
        "print('locked', flush=True)\n"
        "sys.stdin.readline()\n"
        "os.write(lock, str(os.getpid()).encode())\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(home / "server.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin
        assert child.stdout
        assert child.stdout.readline() == "locked\n"
        assert locks.holder(home) == 0
        with ThreadPoolExecutor() as pool:
            stopping = pool.submit(daemon.stop)
            assert not wait([stopping], 0.1).done
            child.stdin.write("\n")
            child.stdin.flush()
            assert stopping.result(15)
        assert child.wait(10) == -signal.SIGTERM


def test_stop_spares_the_next_server(home, monkeypatch):
    """Another command may start the next server before `stop` sees that the last one has ended."""
    monkeypatch.setattr(daemon, "LEAVING", 0.5)
    home.mkdir(mode=0o700)
    lock = locks.acquire(home / "server.lock", 5)
    assert lock is not None
    with subprocess.Popen(["sleep", "1000"]) as old, subprocess.Popen(["sleep", "1000"]) as new:
        try:
            os.pwrite(lock, f"{old.pid}\n".encode(), 0)
            with ThreadPoolExecutor() as pool:
                stopping = pool.submit(daemon.stop)
                assert old.wait(15) == -signal.SIGTERM
                locks.leave(lock)
                os.pwrite(lock, f"{new.pid}\n".encode(), 0)
                assert stopping.result(15)
            assert new.poll() is None
        finally:
            os.close(lock)
            old.kill()
            new.kill()


def test_a_damaged_database_is_told(home):
    """A server that cannot start leaves its reason with the command that wanted it."""
    home.mkdir(mode=0o700)
    (home / "state.db").write_bytes(b"no database at all" * 1000)
    with pytest.raises(DaemonError) as raised:
        daemon.ensure()
    assert "does not start: the local cluster's state at" in raised.value.message
    assert "server.log" in raised.value.hint
    (home / "state.db").unlink()


def test_a_failed_start_shows_its_own_lines(home, monkeypatch):
    """What earlier servers logged is no reason of a start that fails now."""
    home.mkdir(mode=0o700)
    (home / "server.log").write_text("of an earlier one\n" * 20)
    monkeypatch.setenv("ARENA_LOCAL_IDLE", "soon")
    with pytest.raises(DaemonError) as raised:
        daemon.ensure()
    assert "earlier" not in raised.value.hint
    assert "ARENA_LOCAL_IDLE=soon" in raised.value.hint


def test_a_bad_idle_limit_is_told(home, monkeypatch):
    """Nonsense in ARENA_LOCAL_IDLE is an error that names it."""
    monkeypatch.setenv("ARENA_LOCAL_IDLE", "soon")
    with pytest.raises(DaemonError, match="ARENA_LOCAL_IDLE=soon is not a number of seconds"):
        daemon.ensure()


@pytest.mark.parametrize("where", ["/proc/arena", "/sys/arena"])
def test_an_unwritable_folder_is_told(monkeypatch, where):
    """A folder that cannot be written is named, with what to do."""
    monkeypatch.setenv("ARENA_LOCAL_HOME", where)
    assert daemon.find() is None
    with pytest.raises(DaemonError) as raised:
        daemon.ensure()
    assert f"cannot write to {where}" in raised.value.message
    assert "set ARENA_LOCAL_HOME" in raised.value.hint


def test_a_file_in_the_way_is_told(home):
    """A file in place of the folder is an error, not a crash."""
    home.write_text("")
    with pytest.raises(DaemonError, match="cannot write to"):
        daemon.ensure()
    home.unlink()


@pytest.mark.parametrize("where", ["below", "lock"])
def test_a_file_in_the_way_ends_nothing(home, monkeypatch, where):
    """Where no server can be, none runs and none crashed, and there is nothing to stop or to remove."""
    if where == "below":
        home.write_text("")
        monkeypatch.setenv("ARENA_LOCAL_HOME", str(home / "below"))
    else:
        (home / "server.lock").mkdir(parents=True)
    assert daemon.find() is None
    assert not daemon.crashed()
    assert not daemon.stop(pods=True)
    daemon.reset()
    home.unlink(missing_ok=True)


def test_a_full_disk_is_told(home, monkeypatch):
    """Without space for its files the server says so at its start."""
    home.mkdir(mode=0o700)
    code = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); " + STARTER
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "DaemonError: the local cluster" in done.stderr


def test_a_network_file_system_is_refused(monkeypatch):
    """Locks do not hold there: a folder named by hand is refused, the default moves to this machine."""
    monkeypatch.setattr(state, "network", lambda path: "nfs4")
    monkeypatch.setenv("ARENA_LOCAL_HOME", "/nfs/home/local")
    with pytest.raises(DaemonError, match=r"network file system \(nfs4\)"):
        state.state_dir()
    monkeypatch.delenv("ARENA_LOCAL_HOME")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert state.state_dir() == "/run/user/7/arena/local"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert state.state_dir() == f"/tmp/arena-{os.getuid()}"


@strangers.needed
def test_the_folder_in_tmp_is_nobody_else_s(monkeypatch):
    """Where a stranger was first at the name that the temporary folder has for us, it is not used."""
    monkeypatch.setattr(state, "network", lambda path: "nfs4")
    for name in ("ARENA_LOCAL_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    place = Path(state.state_dir())
    if place.exists():
        pytest.skip(f"NOT TESTED: {place} is in use")
    strangers.run("os.mkdir(sys.argv[1], 0o777)", str(place))
    try:
        for verb in (daemon.ensure, daemon.stop, daemon.reset):
            with pytest.raises(DaemonError, match=f"{place} is not yours alone: it belongs to"):
                verb()
        assert list(place.iterdir()) == []
    finally:
        place.rmdir()


def test_the_state_folder_follows_xdg(monkeypatch, tmp_path):
    """ARENA_LOCAL_HOME wins over XDG_STATE_HOME, that over the home folder."""
    monkeypatch.delenv("ARENA_LOCAL_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert daemon.state_dir() == str(tmp_path / ".local/state/arena/local")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "x"))
    assert daemon.state_dir() == str(tmp_path / "x/arena/local")
    monkeypatch.setenv("ARENA_LOCAL_HOME", "~/mine")
    assert daemon.state_dir() == str(tmp_path / "mine")


def test_an_older_server_is_replaced_when_no_pod_runs(home):
    """A newer arena restarts an older server, unless that would concern running pods."""
    old = daemon.ensure("0.9.1")
    same = daemon.ensure("0.9.1")
    assert same.pid == old.pid
    new = daemon.ensure("0.10.0")
    assert new.pid != old.pid
    assert (new.port, new.version) == (old.port, "0.10.0")
    assert daemon.ensure("0.9.1").pid == new.pid
    run_pod(new, "sleep 1000")
    kept = daemon.ensure("0.11.0")
    assert (kept.pid, kept.version) == (new.pid, "0.10.0")


def test_the_caller_s_folder_and_tokens_do_not_matter(home, tmp_path, monkeypatch):
    """Modules lying in the caller's folder are not imported, and its tokens are not kept."""
    (tmp_path / "aiohttp.py").write_text("raise SystemExit('wrong module')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOME_TOKEN", "secret")
    server = daemon.ensure()
    environ = Path(f"/proc/{server.pid}/environ")
    if environ.exists():
        assert b"SOME_TOKEN" not in environ.read_bytes()


def test_the_module_is_cheap_to_import():
    """Every command on the local cluster imports it: nothing heavy comes along."""
    code = "import sys, arena.local.daemon; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"asyncio", "aiohttp", "yaml", "psutil", "subprocess", "http.client", "sqlite3"} & set(
        out.split()
    )


def test_the_server_spares_what_it_never_uses():
    """The local cluster's server loads neither the client of its HTTP library nor the library of C++."""
    code = (
        "import sys; from arena.local import lean_aiohttp; lean_aiohttp.load(); print(*sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    names = set(done.stdout.split())
    assert "aiohttp.web" in names
    assert not names & {"aiohttp.client", "frozenlist._frozenlist"}


def test_foreground(home):
    """In the foreground the server says where it is and ends on Ctrl-C."""
    command = [sys.executable, "-m", "arena.local.server", "--foreground"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr
        assert "the local cluster serves at https://127.0.0.1:" in child.stderr.readline()
        server = daemon.ensure()
        assert server.pid == child.pid
        assert not (home / restart.NAME).exists()  # whoever started it may start it again
        child.send_signal(signal.SIGINT)
        assert child.wait(10) == 0


def test_a_part_that_dies_ends_the_whole(home):
    """A server whose operators died of a bug ends, so that the next command starts one that is whole."""
    home.mkdir(mode=0o700)
    code = (
        "from arena.local.machinery.runner import Runner\n"
        "from arena.local import server\n"
        "Runner._step = lambda self, watch: 1 / 0\n"
        "server.main(['--foreground'])\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert "ZeroDivisionError" in done.stderr
    assert "ends: its thread operators died of a bug" in done.stderr
    assert daemon.crashed()
    assert daemon.ensure().fresh
