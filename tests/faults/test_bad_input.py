"""Bad input, through the real commands: one sentence, the right exit code, no traceback, nothing made."""

import json
import os
import signal
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest
from gate import Answer, Gate
from product import Ended, Product, product, quoted, until

pytestmark = pytest.mark.timeout(180)

BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(8)
)
DEEP = "a: " + "[" * 20_000 + "]" * 20_000
PYTHON = "a: !!python/object/apply:os.system ['touch pwned']\n"
SUBMIT = ("submit", "pytorchjob", "--name", "bad")


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Product]:
    """One product for all inputs that it has to refuse."""
    with product(tmp_path_factory.mktemp("home")) as made:
        made.must("local", "start")
        yield made


@pytest.fixture
def arena(shared: Product) -> Iterator[Product]:
    """The shared product; whatever the test did, no job may be there afterwards."""
    yield shared
    assert shared.jobs() == {}
    assert not (shared.home / "pwned").exists()


def refused(ended: Ended, code: int, *words: str) -> None:
    """Assert the exit code, a sentence with these words, and that it is one for people."""
    assert ended.code == code, ended
    assert ended.out == "", ended
    assert "Traceback" not in ended.err, ended.err
    errors = [line for line in ended.err.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, ended.err
    for word in words:
        assert word in ended.err, (word, ended.err)


def write(arena: Product, text: str | bytes, name: str = "input.yaml") -> str:
    """A file of the test's; its path."""
    path = arena.home / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


VALUES = [
    (("--name", ""), "cannot name a job"),
    (("--name", "A_b"), "cannot name a job"),
    (("--name", "../../etc"), "cannot name a job"),
    (("--name", "a\x1b[31m"), "a?[31m"),
    (("--name", "x" * 50), "at most 49"),
    (("--workers", "0"), "must be 1 or more"),
    (("--workers", "99999999999999"), "at most 2147483647"),
    (("--workers", "١"), "not a whole number"),
    (("--gpus", "1.5"), "not a whole number"),
    (("--cpu", "1e999999999"), "is not a quantity"),
    (("--cpu", "1e400"), "exceeds what any machine has"),
    (("--memory", "5GiB"), "write it like 500m"),
    (("--memory", "NaN"), "is not a quantity"),
    (("--memory", "١Gi"), "is not a quantity"),
    (("--running-timeout", "1٠h"), "is not a duration"),
    (("--running-timeout", "9" * 400), "too long"),
    (("--running-timeout", "-5"), "is not a duration"),
    (("-e", "A B=1"), "cannot name an environment variable"),
    (("-e", "A"), "has no value"),
    (("-e", "=1"), "has no name"),
    (("-d", "claim:relative"), "absolute path"),
    (("--config-file", "missing"), "cannot be read: No such file or directory"),
    (("--config-file", "/dev/zero:/z"), "exceed 1 MB"),
    (("--image", "two words"), "not the name of an image"),
    (("--gang=maybe",), "neither true nor false"),
    (("--gpu", "1"), "--gpus"),
    (("--dry-run=sever",), "--dry-run=server"),
    (("-n", ""), "it is empty"),
    (("-n", "../kube-system"), "is not a valid namespace"),
    (("-n", b"\xff".decode(errors="surrogateescape")), "is not a valid namespace"),
    (("-f", ""), "it is empty"),
    (("--context", "nowhere"), "no kubeconfig in which to look"),
]


@pytest.mark.parametrize(("words", "said"), VALUES, ids=lambda value: ascii(value)[:30])
def test_values_that_cannot_be_used(arena: Product, words: tuple[str, ...], said: str) -> None:
    """A value that no job can have ends submit with 2 and says what would do."""
    refused(arena.run(*SUBMIT, *words, "true"), 2, said)


MISSPELT = [
    (("lsit",), "did you mean list?"),
    (("top", "nodes"), 'top has no command "nodes"; did you mean node?'),
    (("local", "strat"), 'local has no command "strat"; did you mean start?'),
    (("config", "view-all"), 'config has no command "view-all"; did you mean view?'),
    (("data", "x"), 'data has no command "x"; it has list'),
    (("cron", "lsit"), "did you mean list?"),
    (("submit", "pytroch"), "did you mean pytorchjob?"),
    (("list", "-T", "jobste"), "did you mean jobset?"),
    (("list", "--al-namespaces"), "--all-namespaces"),
]


@pytest.mark.parametrize(("words", "said"), MISSPELT, ids=lambda value: ascii(value)[:30])
def test_misspelt(arena: Product, words: tuple[str, ...], said: str) -> None:
    """A typo in a command, below one, in a kind or a flag ends with 2 and what was meant."""
    code, out, err = arena.run(*words)
    assert (code, out) == (2, "")
    assert said in err


FILES: list[tuple[str | bytes, str]] = [
    (BOMB, "more than 100000 values"),
    (DEEP, "nested deeper"),
    (PYTHON, "is not allowed"),
    (bytes(range(256)), "is not UTF-8 text"),
    ("a: " + "x" * (3 << 20), "longer than 1 MiB"),
    ("- a\n- b\n", "input.yaml"),
    ("", "input.yaml"),
    ("a:\n\tb: 1\n", "a tab cannot indent"),
    ("&a [*a]", "more than 100000 values"),
]


@pytest.mark.parametrize("flag", ["-f", "--patch", "--template"])
def test_files_that_are_no_input(arena: Product, flag: str) -> None:
    """Bombs, code, binaries, lists, directories and endless files are refused by each flag."""
    for text, said in FILES:
        path = write(arena, text)
        refused(arena.run(*SUBMIT, flag, path, "true", "--dry-run"), 2, said)
    for path, said in (
        (str(arena.home), "Is a directory"),
        ("/dev/zero", "longer than 1 MiB"),
        ("no", "No such"),
    ):
        refused(arena.run(*SUBMIT, flag, path, "true", "--dry-run"), 2, said)


def test_a_misspelt_key_of_a_job_file(arena: Product) -> None:
    """An unknown key is refused with the likely one, and so is a job file of another kind."""
    refused(arena.run(*SUBMIT, "-f", write(arena, "worker: 2\n"), "true"), 2, "did you mean workers?")
    refused(arena.run(*SUBMIT, "-f", write(arena, "kind: tfjob\n"), "true"), 2, "arena submit tfjob -f")
    refused(arena.run(*SUBMIT, "-f", "-", typed="workers: [1\n"), 2, "line 2")


HEAD = "apiVersion: kubeflow.org/v1\nkind: PyTorchJob\nmetadata:\n  name: ${name}\n"
TEMPLATES = [
    (HEAD + "spec: ${nmae}\n", "did you mean ${name}?"),
    (HEAD + "spec: ${name\n", "is not closed"),
    (HEAD.replace("PyTorchJob", "TFJob"), "creates a TFJob"),
    (HEAD.replace("kubeflow.org/v1", "v1").replace("PyTorchJob", "Pod"), "creates a Pod of v1"),
    (HEAD + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: x}\n", "creates a Pod, too"),
    (HEAD + "  annotations: [1]\nspec: x\n", "annotations"),
    (
        HEAD + "spec: {pytorchReplicaSpecs: {Master: {template: {metadata: x, spec: {containers: []}}}}}\n",
        "metadata",
    ),
    (HEAD + "spec: {foo: 1}\n", "spec.foo"),
]


@pytest.mark.parametrize(("text", "said"), TEMPLATES)
def test_hostile_templates(arena: Product, text: str, said: str) -> None:
    """A template with unknown holes, of another kind, or with parts of the wrong shape makes nothing."""
    refused(arena.run(*SUBMIT, "--template", write(arena, text), "true"), 2, said)


@pytest.mark.parametrize("text", ["kind: Pod", "metadata: null", "spec: null", "foo: 1", "7"])
def test_hostile_patches(arena: Product, text: str) -> None:
    """A patch that makes something else of the job is refused."""
    refused(arena.run(*SUBMIT, "--patch", write(arena, text), "true"), 2)


def test_a_job_file_that_never_comes(arena: Product) -> None:
    """A named pipe without a writer is awaited, and Ctrl-C ends the wait."""
    pipe = arena.home / "pipe"
    os.mkfifo(pipe)
    child = arena.start(*SUBMIT, "-f", str(pipe), "true")
    writer = until(lambda: _opened(pipe), what="the opening")
    until(lambda: _reads(child.pid, pipe), what="the wait")
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    os.close(writer)
    assert (child.returncode, b"Traceback" in err) == (130, False)


def _reads(pid: int, path: Path) -> bool:
    """Whether the process has the file open and sleeps."""
    folder = Path(f"/proc/{pid}")
    has = any(link.exists() and link.samefile(path) for link in (folder / "fd").iterdir())
    return has and psutil.Process(pid).status() == psutil.STATUS_SLEEPING


def _opened(pipe: Path) -> int | None:
    """The writing end of a named pipe, once somebody reads it."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


def config(arena: Product, user: Any = None, **cluster: Any) -> str:
    """A kubeconfig of one context, for `KUBECONFIG`."""
    named = {"name": "c", "cluster": {"server": "http://127.0.0.1:1", **cluster}}
    whole = {
        "current-context": "c",
        "clusters": [named],
        "users": [{"name": "u", "user": user or {}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }
    return write(arena, json.dumps(whole), "kubeconfig")


KUBECONFIGS: list[tuple[str | bytes, str]] = [
    ("", "is empty"),
    ("a: [", "is not valid YAML"),
    (bytes(range(256)), "is not valid YAML"),
    ("- a", "is not a kubeconfig"),
    ("{}", "no current context"),
    ("current-context: x", 'no context "x"'),
    (BOMB + "current-context: *i", "YAML alias"),
    (DEEP, "nested deeper"),
    (PYTHON, "is not valid YAML"),
    ("x: " + "y" * (5 << 20), "larger than 4 MiB"),
]


@pytest.mark.parametrize(("text", "said"), KUBECONFIGS, ids=lambda value: ascii(value)[:20])
def test_a_kubeconfig_that_is_none(arena: Product, text: str | bytes, said: str) -> None:
    """A kubeconfig that is empty, malformed, binary, huge or a bomb is reported, never ignored."""
    path = write(arena, text, "kubeconfig")
    refused(arena.run("list", KUBECONFIG=path), 2, said, path)


def test_a_kubeconfig_that_is_elsewhere(arena: Product) -> None:
    """A missing kubeconfig, a directory, an endless device or an unset path is refused."""
    refused(arena.run("list", "--kubeconfig", "/nowhere"), 2, "there is no kubeconfig /nowhere")
    refused(arena.run("list", "--kubeconfig", str(arena.home)), 2, "Is a directory")
    refused(arena.run("list", KUBECONFIG="/dev/zero"), 2, "larger than 4 MiB")
    refused(arena.run("list", KUBECONFIG=":"), 2, "names no file")
    refused(arena.run("list", "--kubeconfig", ""), 2, "it is empty")


SERVERS = ("nonsense", "http://", "ftp://x", "http://h:99999", "http://[::1", "http://a b", [1])


@pytest.mark.parametrize("server", SERVERS, ids=str)
def test_a_server_that_is_no_address(arena: Product, server: Any) -> None:
    """A server that is not a URL is an error of the kubeconfig, not of the network."""
    refused(arena.run("list", KUBECONFIG=config(arena, server=server)), 2, "server")


USERS = (
    {"token": ["x"]},
    {"token": "a\nb"},
    {"token": "é☃"},
    {"exec": "x"},
    {"tokenFile": "/nowhere"},
    ["x"],
)


@pytest.mark.parametrize("user", USERS, ids=str)
def test_credentials_that_cannot_be_used(arena: Product, user: Any) -> None:
    """Credentials of the wrong shape, or that would break a request apart, are refused before one is sent."""
    refused(arena.run("list", KUBECONFIG=config(arena, user)), 2)


def test_a_plug_in_that_is_missing(arena: Product) -> None:
    """A credential plug-in that cannot run means that the user is not let in: exit 4."""
    plugin = {"command": "/nowhere/login", "apiVersion": "client.authentication.k8s.io/v1"}
    refused(arena.run("list", KUBECONFIG=config(arena, {"exec": plugin})), 4, "/nowhere/login")


def test_a_cluster_that_is_not_there(arena: Product) -> None:
    """A server that does not listen, or whose name is unknown, is exit 6 with its address."""
    refused(arena.run("list", KUBECONFIG=config(arena)), 6, "connection refused", "127.0.0.1")
    refused(
        arena.run("list", KUBECONFIG=config(arena, server="http://no.such.host.invalid")),
        6,
        "does not resolve",
    )


class Stranger(BaseHTTPRequestHandler):
    """A web server that is not a cluster: the first step of the path selects its answer."""

    answers: ClassVar[dict[str, tuple[int, bytes]]] = {
        "page": (200, b"<html>welcome</html>"),
        "lost": (404, b"<html>not here</html>"),
        "number": (200, b"7"),
        "odd": (200, b'{"kind": "x", "items": "y"}'),
        "hollow": (200, b'{"items": [{}]}'),
        "deep": (200, b"[" * 100_000),
        "elsewhere": (301, b""),
    }

    def do_GET(self) -> None:
        status, body = self.answers[self.path.split("/")[1]]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def test_a_server_that_is_no_cluster(arena: Product) -> None:
    """Whatever a web server answers, reading and submitting end with 6."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            for path in Stranger.answers:
                known = config(arena, server=f"http://127.0.0.1:{server.server_port}/{path}")
                for words in (("list",), (*SUBMIT, "--image", "i", "true")):
                    ended = arena.run(*words, KUBECONFIG=known)
                    refused(ended, 6)
        finally:
            server.shutdown()
            thread.join()


ENVIRONMENT = [
    ("ARENA_NAMESPACE", "../x", "is not a valid namespace"),
    ("ARENA_CONTEXT", "nowhere", "no kubeconfig"),
    ("ARENA_OUTPUT", "xml", "choose table"),
    ("ARENA_LOCAL_GPUS", "-1", "whole number"),
    ("ARENA_LOCAL_GPUS", "many", "whole number"),
    ("ARENA_LOCAL_DEVICES", "amd.com/gpu", "local-devices"),
    ("ARENA_LOCAL_DEVICES", "gpu=1", "local-devices"),
    ("ARENA_CONFIG", "/nowhere", "cannot be read"),
]


@pytest.mark.parametrize(("name", "value", "said"), ENVIRONMENT)
def test_settings_in_the_environment(arena: Product, name: str, value: str, said: str) -> None:
    """A variable with an invalid value is an error, never ignored."""
    refused(arena.run("list", **{name: value}), 2, said)


def test_a_hostile_project_file(arena: Product) -> None:
    """A .arena.yaml that is a bomb, or names Python's objects, is refused."""
    project = arena.home / "project"
    project.mkdir()
    for text, said in (
        (BOMB, "alias"),
        (DEEP, "nested"),
        (PYTHON, ""),
    ):
        (project / ".arena.yaml").write_text(text)
        done = subprocess.run(
            [sys.executable, "-m", "arena", "list"], env=arena.env, cwd=project, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        refused(Ended(done.returncode, done.stdout, done.stderr), 2, said)


NAMES = ("", "/", "..", "../../x", "a/b", "a b", "?x=1", "%2e", "\udcff", "☃")


def test_names_that_lead_elsewhere(arena: Product) -> None:
    """An invalid name finds nothing: `delete ""` does not delete everything."""
    arena.must("submit", "pytorchjob", "--name", "kept", "true")
    for name in NAMES:
        for verb in ("get", "delete"):
            ended = arena.run(verb, name)
            assert ended.code == 3, (verb, name, ended)
            assert "Traceback" not in ended.err
    assert list(arena.jobs()) == ["kept"]
    arena.must("delete", "kept")


def shell(arena: Product, line: str) -> "subprocess.CompletedProcess[str]":
    """Run a line of shell in which `arena` is the product."""
    command = f'arena() {{ {quoted(sys.executable)} -m arena "$@"; }}; {line}'
    return subprocess.run(
        ["bash", "-c", command], env=arena.env, cwd=arena.home, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


STREAMS = [
    ("arena list <&- >&- 2>&-", 0),
    ("arena list <&-", 0),
    ("arena version 2>&-", 0),
    ("arena nope 2>/dev/full", 2),
    ("arena list 2>/dev/full", 0),
    ("TERM=dumb arena list", 0),
    ("arena nope 2>&-", 2),
    ("arena --help >/dev/full", 1),
    ("arena config view -o json >/dev/full", 1),
    ("arena submit py -f - <&-", 2),
    ("LC_ALL=POSIX PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 arena get ☃", 3),
    ("LC_ALL=C PYTHONIOENCODING=ascii arena submit py --name x 'echo ☃' --dry-run", 0),
    ("mkdir gone; cd gone; rmdir ../gone; arena list", 1),
    ("env -u HOME true; HOME= arena list", 0),
    ("HOME=/proc/nowhere ARENA_LOCAL_HOME= arena list", 6),
    ("ARENA_LOCAL_HOME=/dev/null arena list", 6),
    ("COLUMNS=20 arena --help", 0),
    ("COLUMNS=x TERM=nonsense NO_COLOR=1 arena list", 0),
]


@pytest.mark.parametrize(("line", "code"), STREAMS)
def test_an_odd_environment(arena: Product, line: str, code: int) -> None:
    """Closed or full streams, odd locales, no home, no directory: the right exit code and no traceback."""
    done = shell(arena, line)
    assert done.returncode == code, done
    assert "Traceback" not in done.stderr, done.stderr


def test_a_url_as_a_file(arena: Product) -> None:
    """A URL is not read; the hint says how to pipe what is there."""
    ended = arena.run("submit", "py", "-f", "https://example.com/job.yaml")
    assert ended.code == 2
    assert "curl -fsSL URL | arena ... --file -" in ended.err


def test_a_very_long_command(arena: Product) -> None:
    """A command line as long as the system allows is printed and sent whole."""
    command = "echo " + "x" * 120_000
    shown = arena.must(*SUBMIT, command, "--dry-run", "-o", "json")
    assert (
        command
        in json.loads(shown)["spec"]["pytorchReplicaSpecs"]["Master"]["template"]["spec"]["containers"][0][
            "command"
        ]
    )


def test_private_keys_do_not_stay(arena: Product) -> None:
    """The temporary files that hold a kubeconfig's certificates and keys are gone when the command ends."""
    folder = arena.home / "temporary"
    folder.mkdir()
    ca, certificate, key = (
        b64encode((arena.state / "pki" / name).read_bytes()).decode()
        for name in ("ca.crt", "client.crt", "client.key")
    )
    user = {"client-certificate-data": certificate, "client-key-data": key}
    known = config(arena, user, server="https://127.0.0.1:1", **{"certificate-authority-data": ca})
    assert arena.run("list", KUBECONFIG=known, TMPDIR=str(folder)).code == 6
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_submit_that_is_interrupted_makes_nothing(arena: Product, number: signal.Signals) -> None:
    """A signal while the request is under way takes the job back, however late the server made it."""
    gate = Gate(arena.state, arena.home / "gate.kubeconfig")
    asked, go = threading.Event(), threading.Event()

    def hold(method: str, path: str) -> Answer | None:
        if method == "POST" and "/pytorchjobs" in path:
            asked.set()
            go.wait(30)
        return None

    gate.rules.append(hold)
    try:
        child = arena.start("--kubeconfig", gate.kubeconfig, *SUBMIT, "--image", "i", "sleep 600")
        assert asked.wait(30)
        child.send_signal(number)
        go.set()
        _, err = child.communicate(timeout=30)
    finally:
        go.set()
        gate.close()
    assert child.returncode == 128 + number, err
    assert b"Traceback" not in err
    until(lambda: arena.jobs() == {}, what="the job's removal")


def test_an_owner_that_is_none_stops_nobody(arena: Product) -> None:
    """A job that names an owner without a uid harms no other: the next one runs."""
    patch = write(arena, "metadata: {ownerReferences: [{}]}")
    ended = arena.run("submit", "pytorchjob", "--name", "odd", "--patch", patch, "true")
    assert "Traceback" not in ended.err
    arena.must("submit", "pytorchjob", "--name", "next", "--wait", "true")
    assert arena.run("delete", "odd", "next").code in (0, 3)
    until(lambda: arena.jobs() == {}, what="the jobs' end")
