"""The two servers: the embedded one, without its operators and its node, and the judge."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import reduction
from appthread import AppThread

from arena.local import definitions
from arena.local.api import Api, make_app
from fidelity.asks import SPACE, Ask, Kind, named
from fidelity.client import Client
from fidelity.samples import builtin

ROOT = Path(__file__).parents[2]
RIG = Path(os.environ.get("ARENA_JUDGE_RIG") or ROOT.parent / "shared" / "rig2")
"""The scripts that build, start and stop a judge."""
UNJUDGED = ("seldondeployments",)
"""Kinds whose published definition Kubernetes 1.36 refuses, since a part of it has no type."""
KINDS = [
    kind for one in definitions.every() if one.custom and (kind := Kind(*one.resource)).plural not in UNJUDGED
]
ACCOUNT = {"metadata": {"name": "default"}, "automountServiceAccountToken": False}
"""The account of pods, which a controller makes in a cluster."""
KUBECONFIG = "ARENA_JUDGE_KUBECONFIG"
"""The variable that names the kubeconfig of a judge that runs already."""


class NoJudge(Exception):
    """There is no judge, and none can be built here."""


@contextmanager
def embedded() -> Iterator[Client]:
    """A server in a thread, whose objects nobody touches."""
    with (
        closing(Api(":memory:", range(0))) as api,
        AppThread(lambda: make_app(api)) as app,
        closing(Client(f"http://127.0.0.1:{app.port}")) as client,
    ):
        prepare(client)
        yield client


@contextmanager
def judge() -> Iterator[Client]:
    """The judge that runs, or one that is built, started and taken down here.

    Raises:
        NoJudge: neither is possible.
    """
    if given := os.environ.get(KUBECONFIG):
        with _of(Path(given)) as client:
            yield client
        return
    if not RIG.is_dir():
        raise NoJudge(f"there is no {RIG}: name a judge that runs in {KUBECONFIG}")
    _run("build.sh")
    with tempfile.TemporaryDirectory(prefix="arena-judge-") as state:
        own = {"RIG_STATE": state, "RIG_PORT": os.environ.get("RIG_PORT", "17643")}
        try:
            with _of(Path(_run("up.sh", **own).strip())) as client:
                yield client
        finally:
            _run("down.sh", RIG_WIPE="1", **own)


@contextmanager
def _of(kubeconfig: Path) -> Iterator[Client]:
    with closing(Client.of(kubeconfig)) as client:
        _define(client, kubeconfig)
        prepare(client)
        yield client


def prepare(client: Client) -> None:
    """Make the namespace of the cases, and remove what earlier cases left."""
    client.ask(Ask("POST", "/api/v1/namespaces", {"metadata": {"name": SPACE}}))
    for one in KINDS:
        client.ask(Ask("DELETE", one.path()))
    client.ask(Ask("POST", f"/api/v1/namespaces/{SPACE}/serviceaccounts", ACCOUNT))
    for sample in builtin():
        for name in (sample.obj["metadata"]["name"], f"sample-{sample.obj['metadata']['name']}"):
            client.ask(Ask("DELETE", sample.kind.path(name, gracePeriodSeconds=0)))
            if sample.kind.plural == "namespaces":  # nobody else finalises it
                emptied = {**named(sample.obj, name), "spec": {"finalizers": []}}
                client.ask(Ask("PUT", sample.kind.path(name, "finalize"), emptied))


def _define(client: Client, kubeconfig: Path) -> None:
    """Give the judge the definitions of the custom kinds that the embedded server has, if it has them not."""
    missing = [one for one in KINDS if client.ask(Ask("GET", one.path(limit=1))).code == 404]
    if not missing:
        return
    files = {reduction.file(one.api_version, one.kind).name for one in missing}
    env = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    argv = [sys.executable, str(RIG / "crds.py"), str(reduction.FOLDER), *sorted(files)]
    print(
        subprocess.run(argv, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout, file=sys.stderr
    )


def _run(script: str, **variables: str) -> str:
    """Run a script of the rig; what it prints."""
    argv = ["bash", str(RIG / script)]
    done = subprocess.run(argv, env={**os.environ, **variables}, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise NoJudge(f"{RIG / script} ended with {done.returncode}")
    return done.stdout
