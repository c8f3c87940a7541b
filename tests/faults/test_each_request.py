"""Every reading verb with each request of it refused, broken, absent and cut in turn, and with slow ones."""

import re
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest

sys.path.append(str(Path(__file__).parents[1] / "commands"))
sys.path.append(str(Path(__file__).parents[1] / "kube"))

from screens import RUNNING, Ended, Fixed, Stage
from servers import LocalApi

from arena.cli import run
from arena.commands import list as list_command
from arena.commands._globals import Globals
from arena.kube import Cluster
from arena.local.api.fault_injection import Fault
from arena.resources import CLAIMS, NODES, Resource

pytestmark = pytest.mark.timeout(300)
JOBS = Resource("batch", "v1", "jobs", kind="Job")
CRONJOBS = Resource("batch", "v1", "cronjobs", kind="CronJob")
EVER = 1 << 30
ASKS = re.compile("^(prune(?!.*--dry-run)|delete)")
"""The verbs that ask before they delete, for which there is no terminal here."""
KUBECONFIG = """
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c}}]
current-context: c
"""
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}},
}
NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "n1"},
    "status": {"capacity": {"nvidia.com/gpu": "8"}, "allocatable": {"nvidia.com/gpu": "8"}},
}
SUBMITS = (
    ["submit", "job", "--name", "plain", "--label", "team=x", "--image", "i", "true"],
    ["evaluate", "model", "--name", "score", "--image", "i", "--model-name", "m", "true"],
    ["cron", "job", "--name", "nightly", "--schedule", "0 3 * * *", "--image", "i", "true"],
)
FAULTS = {
    "refused": {"code": 403, "message": 'x is forbidden: User "bob" cannot do it'},
    "broken": {"code": 500},
    "absent": {"code": 404},
    "cut": {"cut": True},
}


class Recorder(Fault):
    """A fault that strikes nothing and notes what is asked for."""

    def __init__(self) -> None:
        super().__init__(times=EVER)
        self.seen: list[tuple[str, str]] = []

    def matches(self, request: Any) -> bool:
        self.seen.append((request.method, request.path_qs))
        return False


class Verb(NamedTuple):
    """A command line, and the requests without which it has no answer at all."""

    line: str
    needs: str = "^/apis$"

    def run(self, session: Fixed) -> int:
        """Run it; `list -w` until it has shown what there is."""
        words = self.line.split()
        if "-w" not in words:
            return run(words, Globals(session=session))
        follow = list_command.follow
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(list_command, "follow", lambda states, *rest: follow(islice(states, 1), *rest))
            return run(words, Globals(session=session))


OWN = r"^/apis$|/pytorchjobs/bert\b|fieldSelector=metadata.name%3Dbert"
VERBS = [
    Verb("list"),
    Verb("list -o json"),
    Verb("list -A -o wide"),
    Verb("list -w"),
    Verb("list -w -A -o json"),
    Verb("top job"),
    Verb("top job -A"),
    Verb("top job bert", OWN),
    Verb("top node", "/nodes"),
    Verb("top node -d", "/nodes"),
    Verb("get bert", OWN),
    Verb("get bert -e", OWN),
    Verb("get old -e -o json", OWN.replace("bert", "old")),
    Verb("wait bert --for phase=RUNNING", OWN),
    Verb("wait old", OWN.replace("bert", "old")),
    Verb("wait gone --for deleted", "^/apis$|/gone$"),
    Verb("cron list", "^/apis$"),
    Verb("cron get nightly -e", "^/apis$|/cronjobs/nightly"),
    Verb("evaluate list", "^/apis$|/jobs"),
    Verb("evaluate get score -e", "^/apis$|/jobs/score"),
    Verb("data list", "/persistentvolumeclaims"),
    Verb("prune --since 1m --dry-run"),
    Verb("prune --since 1m", "^/apis$|/old$"),
    Verb("delete -l team=x", "^/apis$|/bert$|/plain$"),
    Verb("adopt -l team=none"),
    Verb("whoami", "^/apis$|/arena-config|/selfsubjectreviews"),
    Verb("whoami --can-i", "^/apis$|/selfsubjectaccessreviews"),
    Verb("config view --cluster", "/arena-config"),
    Verb("logs old", OWN.replace("bert", "old") + r"|/pods\?"),
    Verb("diff bert bert", OWN),
    Verb("get plain -o command", OWN.replace("pytorchjobs/bert", "jobs/plain") + "|/arena-config"),
]


OTHER_NAME = "does not report who you are; the name is that of"
"""What `whoami` remarks where no warning is needed."""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[LocalApi]:
    with LocalApi(tmp_path) as one:
        yield one


@pytest.fixture
def session(api: LocalApi, tmp_path: Path) -> Fixed:
    """A cluster with jobs of several kinds in several phases."""
    cluster = Cluster.at(api.url, "the test's cluster")
    stage = Stage(cluster)
    stage.pod(stage.job("bert", "Running", labels={"team": "x"}), **RUNNING)
    stage.job("lacking", "Created")
    stage.job("old", "Succeeded", labels={"app.kubernetes.io/managed-by": "arena"})
    cluster.create(CLAIMS, "default", CLAIM)
    cluster.create(NODES, None, NODE)
    (tmp_path / "kubeconfig").write_text(KUBECONFIG, encoding="utf-8")
    made = Fixed(cluster, tmp_path)
    for line in SUBMITS:
        assert run(line, Globals(session=made)) == 0
    return made


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.line)
def test_each_request(
    api: LocalApi,
    session: Fixed,
    verb: Verb,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The rest is shown, with one line on what is missing; or there is one sentence and an exit code."""
    monkeypatch.setattr("arena.kube.retries._pause", lambda *_: 0.001)

    def ended() -> Ended:
        fresh = Fixed(Cluster.at(api.url, "the test's cluster"), Path(session.folder))
        capsys.readouterr()
        code = verb.run(fresh)
        return Ended(code, *capsys.readouterr())

    recorder = Recorder()
    api.faults.append(recorder)
    clean = ended()
    assert clean.code == (2 if ASKS.search(verb.line) else 0), clean
    api.faults[:] = [Fault(delay=0.05, times=EVER)]
    slow = ended()
    assert (slow.code, slow.out) == (clean.code, clean.out)
    faults = []
    for method, path in dict.fromkeys(recorder.seen):
        for name, how in FAULTS.items():
            fault = Fault(path=f"^{re.escape(path)}$", method=method, times=EVER, **how)
            api.faults[:] = [fault]
            if wrong := judged(verb, path, clean, ended()):
                faults.append(f"{name} {method} {path}: {wrong}")
    api.faults.clear()
    assert not faults, "\n" + "\n".join(faults)


def judged(verb: Verb, path: str, clean: Ended, now: Ended) -> str:
    """What is wrong with the answer; nothing where it is right."""
    usual = clean.err.splitlines()
    told = [line for line in now.err.splitlines() if line not in usual]
    if (now.code, now.out) == (clean.code, clean.out) and not told:
        return ""
    warnings = [line for line in told if line.startswith("Warning: ")]
    warnings = warnings or [line for line in told if OTHER_NAME in line]
    errors = [line for line in told if line.startswith("Error: ")]
    if now.code in (0, clean.code):
        # How many are to be deleted is told with an error where there is no terminal to ask on.
        return "" if len(warnings) == 1 and len(errors) <= (now.code > 0) else f"not one warning: {now}"
    if not re.search(verb.needs, path):
        return f"no answer: {now}"
    return "" if len(errors) == 1 and now.code in (3, 4, 6) else f"no sentence: {now}"
