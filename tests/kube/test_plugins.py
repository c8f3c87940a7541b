"""Credential plug-ins: their input, their output, and how often they run."""

import json
import os
import socket
import subprocess
import sys
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml
from product import is_running, program, until

from arena.errors import NotAllowed, SpecError
from arena.kube import credentials, kubeconfig
from arena.kube.endpoint import Endpoint

API = "client.authentication.k8s.io/v1"
ANSWER = """
import json, os, pathlib, sys, time
runs = pathlib.Path("runs")
with runs.open("a") as file:
    file.write("x")
asked = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
def answer(**status):
    print(json.dumps({"apiVersion": asked["apiVersion"], "kind": "ExecCredential", "status": status}))
"""
"""What the plug-ins of these tests begin with."""


def config(folder: Path, text: str, cluster: dict | None = None, **more) -> Path:
    """A kubeconfig whose plug-in is a Python program; it runs in the present folder."""
    login = folder / "login"
    program(login, ANSWER + text)
    entry = {"apiVersion": API, "command": str(login), "interactiveMode": "Never", **more}
    data = {
        "current-context": "prod",
        "clusters": [{"name": "c", "cluster": {"server": "https://10.0.0.1:6443"} | (cluster or {})}],
        "users": [{"name": "u", "user": {"exec": {k: v for k, v in entry.items() if v is not None}}}],
        "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u"}}],
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(data))
    return path


def endpoint(*args, **more) -> Endpoint:
    return credentials.load(kubeconfig.read([config(*args, **more)]))


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def runs() -> int:
    return len(Path("runs").read_text())


def at_once(found: Endpoint) -> list[dict[str, str]]:
    """The headers of 16 requests that are made at the same time."""
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda _: found.headers(), range(16)))


def soon(**delta: int) -> str:
    return (datetime.now(timezone.utc) + timedelta(**delta)).isoformat()


def test_a_plug_in_gives_a_token(tmp_path):
    """A plug-in is run with its arguments and environment, and its token is used."""
    text = "answer(token=sys.argv[1] + os.environ['EXTRA'])"
    found = endpoint(tmp_path, text, args=["a"], env=[{"name": "EXTRA", "value": "b"}])
    assert found.headers() == {"Authorization": "Bearer ab"}


def test_a_plug_in_gives_a_certificate(tmp_path):
    """A certificate and its key are used with or without a token."""
    found = endpoint(tmp_path, "answer(clientCertificateData='certificate', clientKeyData='key')")
    assert found.headers() == {}
    assert [Path(one).read_text() for one in (found.cert_file, found.key_file)] == ["certificate", "key"]


@pytest.mark.parametrize("expires", [{"seconds": 60}, {"days": 1}, {"days": -1}])
def test_a_plug_in_is_run_once_for_all_requests(tmp_path, expires):
    """A token is used until it expires, or until it is refused if this machine's clock is ahead."""
    found = endpoint(tmp_path, f"answer(token='t', expirationTimestamp={soon(**expires)!r})")
    assert at_once(found) == [{"Authorization": "Bearer t"}] * 16
    assert runs() == 1


def test_an_expired_token_is_renewed_once(tmp_path):
    """When the token has expired, one thread runs the plug-in and all use the new token."""
    text = (
        "count = len(runs.read_text())\n"
        "end = time.gmtime(time.time() + (1.5 if count == 1 else 60))\n"
        "answer(token=f't{count}', expirationTimestamp=time.strftime('%Y-%m-%dT%H:%M:%SZ', end))"
    )
    found = endpoint(tmp_path, text)
    while found.headers() == {"Authorization": "Bearer t1"}:
        pass
    assert at_once(found) == [{"Authorization": "Bearer t2"}] * 16
    assert runs() == 2


def test_a_plug_in_talks_to_people(tmp_path, capfd):
    """What a plug-in writes to standard error is shown, though standard output is no terminal."""
    endpoint(tmp_path, "print('enter the code ABCD', file=sys.stderr)\nanswer(token='t')")
    assert capfd.readouterr() == ("", "enter the code ABCD\n")


def test_a_plug_in_may_ask_on_a_terminal(tmp_path):
    """A plug-in reads from the terminal, also if the output of arena is redirected."""
    text = 'answer(token=f\'{asked["spec"]["interactive"]}-{input()}\')'
    path = config(tmp_path, text, interactiveMode="IfAvailable")
    code = (
        "import sys; from pathlib import Path; from arena.kube import credentials, kubeconfig;"
        f"found = credentials.load(kubeconfig.read([Path({str(path)!r})]));"
        "Path('token').write_text(found.headers()['Authorization'])"
    )
    near, far = os.openpty()
    os.write(near, b"secret\n")
    subprocess.run([sys.executable, "-c", code], stdin=far, capture_output=True, check=True, timeout=60)
    os.close(near)
    os.close(far)
    assert Path("token").read_text() == "Bearer True-secret"


def complete(path: Path) -> tuple[str, str]:
    """What TAB after `arena get ` offers, and what appears on the terminal besides."""
    words = {"_ARENA_COMPLETE": "bash_complete", "COMP_WORDS": "arena get ", "COMP_CWORD": "2"}
    env = {"HOME": str(path.parent), "PATH": os.environ["PATH"], "KUBECONFIG": str(path), **words}
    near, far = os.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "arena"], stdin=far, capture_output=True, text=True, env=env, timeout=20,
        check=True,
    )  # fmt: skip
    os.close(near)
    os.close(far)
    return done.stdout.strip(), done.stderr


@pytest.mark.parametrize("mode", [None, "IfAvailable", "Always"])
def test_completion_runs_no_plug_in_that_may_ask(tmp_path, mode):
    """While the shell completes a word, a plug-in that may ask is not run: it could open a browser."""
    said = complete(config(tmp_path, "answer(token='t')", interactiveMode=mode))
    assert said == ("", "")
    assert not Path("runs").exists()


def test_completion_ends_a_plug_in_that_is_slow(tmp_path):
    """When TAB gives up, a plug-in that never asks ends with all that it started; it has no terminal."""
    text = (
        "import subprocess\nprint('a code', file=sys.stderr)\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        "pathlib.Path('new').write_text(f'{os.getpid()} {child.pid} {os.getsid(0)}')\n"
        "os.rename('new', 'pids')\nchild.wait()"
    )
    path = config(tmp_path, text)
    until(lambda: complete(path) == ("", "") and Path("pids").exists(), what="a plug-in that starts in time")
    own, child, session = map(int, Path("pids").read_text().split())
    assert own == session
    until(lambda: not is_running(own) and not is_running(child), what="the end of both")


def test_a_silent_plug_in_ends_with_its_process(tmp_path):
    """A plug-in that never asks does not outlive the process that runs it, however late it began."""
    text = "pathlib.Path('new').write_text(str(os.getpid()))\nos.rename('new', 'pid')\ntime.sleep(600)"
    program = (
        "import pathlib, threading, time\n"
        "from arena.kube import credentials, kubeconfig\n"
        f"path = pathlib.Path({str(config(tmp_path, text))!r})\n"
        "load = lambda: credentials.load(kubeconfig.read([path]), silent=True).headers()\n"
        "threading.Thread(target=load, daemon=True).start()\n"
        "while not pathlib.Path('pid').exists(): time.sleep(0.01)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    own = int(Path("pid").read_text())
    until(lambda: not is_running(own), what="the end of the plug-in")


def test_completion_gives_up_on_a_silent_server(tmp_path):
    """TAB offers nothing when the server accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = {"server": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        path = config(tmp_path, "answer(token='t')", address)
        until(lambda: complete(path) == ("", "") and Path("runs").exists(), what="an answer in time")
    assert runs() == 1


def test_a_plug_in_that_must_ask_needs_a_terminal(tmp_path):
    """A plug-in that must ask is not run without a terminal."""
    with pytest.raises(NotAllowed, match=r'login" of context "prod" needs a terminal to ask'):
        endpoint(tmp_path, "answer(token='t')", interactiveMode="Always")
    assert not Path("runs").exists()


def test_a_plug_in_hears_of_its_cluster(tmp_path):
    """With provideClusterInfo a plug-in learns the address, the authority and its settings of the cluster."""
    (tmp_path / "ca.pem").write_text("authority")
    settings = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}}
    cluster = {"certificate-authority": "ca.pem", "extensions": [settings]}
    text = "answer(token=json.dumps(asked['spec']['cluster'], sort_keys=True))"
    found = endpoint(tmp_path, text, cluster, provideClusterInfo=True)
    assert json.loads(found.headers()["Authorization"].removeprefix("Bearer ")) == {
        "server": "https://10.0.0.1:6443",
        "certificate-authority-data": b64encode(b"authority").decode(),
        "config": {"audience": "a"},
    }


@pytest.mark.parametrize(("text", "message"), [
    ("sys.exit(3)", r"failed \(exit code 3\)"),
    ("print('hello')", "it did not print an ExecCredential"),
    ("print('{}')", "it did not print an ExecCredential"),
    ("print([])", "it did not print an ExecCredential"),
    ("answer(token='t', expirationTimestamp='tomorrow')", "it did not print an ExecCredential"),
    ("answer()", "neither a token nor a certificate with its key"),
    ("answer(clientCertificateData='c')", "neither a token nor a certificate with its key"),
    ("asked['apiVersion'] = 'v2'\nanswer(token='t')", f"it answers in version v2, not in {API}"),
])  # fmt: skip
def test_a_plug_in_that_fails_is_an_error(tmp_path, text, message):
    """If a plug-in gives nothing, nothing is sent; the error names it, its context and how to install it."""
    with pytest.raises(NotAllowed, match=f'login" of context "prod" .*{message}') as caught:
        endpoint(tmp_path, text, installHint="get it\nfrom your admin")
    assert caught.value.hint == "get it from your admin"


def test_a_missing_plug_in_is_named(tmp_path):
    """A plug-in that is not installed is an error that names it."""
    with pytest.raises(NotAllowed, match=r'"no-such-login-program" .* cannot be run: No such file'):
        endpoint(tmp_path, "", command="no-such-login-program")


@pytest.mark.parametrize(("key", "value", "message"), [
    ("command", None, "has no command"), ("apiVersion", None, "has no apiVersion"),
    ("args", "-v", '"args" is not a list'), ("env", ["A=b"], '"env" is not a list of mappings'),
])  # fmt: skip
def test_a_wrong_entry_is_an_error(tmp_path, key, value, message):
    """What is wrong with the entry of a plug-in is reported before it is run."""
    with pytest.raises(SpecError, match=message):
        endpoint(tmp_path, "answer(token='t')", **{key: value})
    assert not Path("runs").exists()


def test_a_plug_in_needs_no_library(tmp_path):
    """To run a plug-in, no client library is imported, which takes longer than most commands."""
    path = config(tmp_path, "answer(token='t')")
    code = (
        "import sys; from pathlib import Path; from arena.kube import credentials, kubeconfig;"
        f"print(credentials.load(kubeconfig.read([Path({str(path)!r})])).server);"
        "print('kubernetes' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["https://10.0.0.1:6443", "False"]


def test_an_endless_nesting_is_no_credential(tmp_path):
    """JSON that is nested too deeply to be read is reported like other output that is no ExecCredential."""
    with pytest.raises(NotAllowed, match="it did not print an ExecCredential"):
        endpoint(tmp_path, "print('[' * 100_000)")


def test_an_authority_that_cannot_be_told(tmp_path):
    """If the certificate authority for a plug-in cannot be read, the error names that file."""
    if not os.path.exists("/proc/self/mem"):
        pytest.skip("needs a file that nobody can read")
    with pytest.raises(SpecError, match=r"^/proc/self/mem cannot be read: Input/output error$"):
        endpoint(tmp_path, "", {"certificate-authority": "/proc/self/mem"}, provideClusterInfo=True)
