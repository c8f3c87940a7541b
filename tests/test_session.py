"""Which cluster is chosen, and why: never a silent fallback."""

import contextlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from arena.errors import SpecError
from arena.kube import service_account
from arena.session import connect


@contextlib.contextmanager
def open_files(count: int) -> Iterator[None]:
    """Hold that many files open."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[1], before[0] + count), before[1]))
        held += [os.open(os.devnull, os.O_RDONLY) for _ in range(count)]
        yield
    finally:
        for one in held:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def write(path: Path, name: str = "prod", **context: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {
        "current-context": name,
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "contexts": [
            {"name": name, "context": {"cluster": "c", **context}},
            {"name": "other", "context": {"cluster": "c", "namespace": "elsewhere"}},
        ],
    }
    path.write_text(json.dumps(data))
    return path


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An empty home, a pod's service account that is not there."""
    monkeypatch.setattr(service_account, "FOLDER", tmp_path / "account")
    return tmp_path


def session(
    home: Path,
    kubeconfig: Path | None = None,
    context: str | None = None,
    namespace: str | None = None,
    **environ: str,
):
    chosen = None if kubeconfig is None else str(kubeconfig)
    return connect(chosen, context, namespace, environ={"HOME": str(home), **environ}, folder=home)


def test_without_any_configuration_it_is_the_local_cluster(home):
    """Nothing configured means the local cluster, and the description says why."""
    one = session(home)
    assert one.is_local
    assert one.describe() == 'the local cluster (no cluster is configured), namespace "default"'


def test_the_order_of_choices(home):
    """--kubeconfig beats KUBECONFIG, which beats ~/.kube/config, which beats the pod's account."""
    (home / "account").mkdir()
    (home / "account" / "token").write_text("t")
    (home / "account" / "namespace").write_text("pods-own\n")
    pod = session(home, KUBERNETES_SERVICE_HOST="10.0.0.1")
    assert (pod.origin.kind, pod.namespace) == ("in-cluster", "pods-own")
    write(home / ".kube" / "config", "homely")
    homely = session(home, KUBERNETES_SERVICE_HOST="10.0.0.1")
    assert homely.describe() == 'cluster "homely" (~/.kube/config), namespace "default"'
    variable = str(write(home / "variable", "named"))
    assert (
        session(home, KUBECONFIG=variable).describe() == 'cluster "named" (KUBECONFIG), namespace "default"'
    )
    flag = session(home, write(home / "flag", "flagged"), KUBECONFIG=variable)
    assert flag.describe() == 'cluster "flagged" (--kubeconfig), namespace "default"'


def test_a_context_is_chosen_by_flag_variable_or_setting(home):
    """--context beats ARENA_CONTEXT, which beats the user's own config.yaml."""
    write(home / ".kube" / "config")
    settings = home / ".config" / "arena" / "config.yaml"
    settings.parent.mkdir(parents=True)
    settings.write_text("context: other\n")
    assert session(home).describe() == f'cluster "other" ({settings}), namespace "elsewhere"'
    assert (
        session(home, ARENA_CONTEXT="prod").describe() == 'cluster "prod" (environment), namespace "default"'
    )
    assert session(home, context="other", ARENA_CONTEXT="prod").name == 'cluster "other"'


def test_the_context_local_is_the_local_cluster(home):
    """--context local, or the setting, wins over every kubeconfig."""
    write(home / ".kube" / "config")
    assert session(home, context="local").is_local
    assert session(home, ARENA_CONTEXT="local", KUBECONFIG="/nowhere").is_local


def test_a_context_called_local_is_reached_by_its_file(home):
    """With --kubeconfig, `local` is the context of that name in that file."""
    one = session(home, write(home / "rancher", "local", namespace="n"), context="local")
    assert (one.is_local, one.namespace) == (False, "n")


def test_the_local_cluster_s_own_kubeconfig_is_the_local_cluster(home, monkeypatch):
    """Its file, however it is reached and whether or not it is there yet, means the local cluster itself."""
    monkeypatch.setenv("ARENA_LOCAL_HOME", str(home / "state"))
    path = home / "state" / "kubeconfig"
    named = session(home, KUBECONFIG=str(path))
    assert (named.is_local, named.describe()) == (True, 'the local cluster (KUBECONFIG), namespace "default"')
    write(path, "local", namespace="mine")
    (home / "link").symlink_to(path)
    for one in (session(home, home / "link"), session(home, KUBECONFIG=str(path))):
        assert (one.is_local, one.namespace) == (True, "mine")
    assert not session(home, path, context="other").is_local
    assert not session(home, KUBECONFIG=f"{path}:{write(home / 'own')}").is_local
    assert not session(home, write(home / "own")).is_local


def test_what_is_configured_and_unusable_is_an_error(home):
    """A missing, empty or unknown configuration never falls back to another cluster."""
    empty = home / "empty"
    empty.write_text("")
    cases = [
        (session(home, home / "missing"), "there is no kubeconfig"),
        (session(home, KUBECONFIG=str(home / "missing")), "there is no kubeconfig"),
        (session(home, KUBECONFIG=str(empty)), "is empty"),
        (session(home, write(home / "one"), context="nope"), 'has no context "nope"'),
        (session(home, context="prod"), 'no kubeconfig in which to look for the context "prod"'),
    ]
    for one, message in cases:
        with pytest.raises(SpecError, match=message) as caught:
            one.describe()
        assert caught.value.hint


def test_a_dangling_link_is_a_configured_file(home):
    """A ~/.kube/config that points nowhere is an error, not an empty home."""
    (home / ".kube").mkdir()
    (home / ".kube" / "config").symlink_to(home / "dangling")
    with pytest.raises(SpecError, match="there is no kubeconfig"):
        session(home).describe()


def test_the_namespace_has_an_order_of_its_own(home):
    """Flag, ARENA_NAMESPACE, project file, the context's, default."""
    write(home / ".kube" / "config", namespace="contexts")
    assert session(home).namespace == "contexts"
    (home / ".arena.yaml").write_text("namespace: projects\n")
    assert session(home).namespace == "projects"
    assert session(home, ARENA_NAMESPACE="variables").namespace == "variables"
    assert session(home, namespace="flags", ARENA_NAMESPACE="variables").namespace == "flags"


@pytest.mark.parametrize("name", ["../x", "A", "-a", "a-", "a/b", "ä", "a" * 64, "a.b", "a b"])
def test_a_namespace_is_checked_before_it_goes_into_a_path(home, name):
    """An invalid namespace is refused with a hint."""
    with pytest.raises(SpecError, match="is not a valid namespace"):
        _ = session(home, namespace=name).namespace


def test_the_cluster_is_one_and_silent(home):
    """cluster() gives the same object every time and sends nothing by itself."""
    one = session(home, write(home / "config"))
    assert one.cluster() is one.cluster()
    assert (one.cluster().name, one.cluster().namespace) == ('cluster "prod"', "default")
    assert one.now().utcoffset() == timedelta(0)


def test_choosing_loads_nothing_heavy(home):
    """A session on the local cluster, or a look at a kubeconfig, imports no HTTP client."""
    path = write(home / "config")
    code = (
        "import sys; from arena.session import connect; connect(context='local').describe();"
        f"connect(kubeconfig={str(path)!r}).describe();"
        "print([one for one in ('kubernetes', 'urllib3', 'aiohttp', 'http.client') if one in sys.modules])"
    )
    env = {"HOME": str(home), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("files", [0, 1100])
def test_the_local_cluster_is_started_by_the_first_request(home, monkeypatch, files):
    """The first verb starts the server and says so once, however many files the program has open."""
    from arena.local import daemon
    from arena.resources import NAMESPACES

    monkeypatch.setenv("ARENA_LOCAL_HOME", str(home / "state"))
    remarks: list[str] = []
    with contextlib.ExitStack() as stack:
        stack.callback(daemon.reset)
        stack.enter_context(open_files(files))
        first = connect(context="local", environ={"HOME": str(home)}, folder=home, tell=remarks.append)
        cluster = first.cluster()
        assert first.is_idle()
        assert "default" in [one["metadata"]["name"] for one in cluster.list(NAMESPACES)]
        assert not first.is_idle()
        server = daemon.find()
        assert server is not None
        assert remarks == [f"started the local cluster (pid {server.pid}); stop it with: arena local stop"]
        again = connect(context="local", environ={"HOME": str(home)}, folder=home, tell=remarks.append)
        assert again.cluster().get(NAMESPACES, None, "default")
    assert len(remarks) == 1
