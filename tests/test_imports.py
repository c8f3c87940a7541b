"""What the commands must not import: start-up is what every user pays, every time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from product import Product, product

HEAVY = {"kubernetes", "aiohttp", "asyncio", "psutil", "requests", "tensorboard", "numpy", "pydantic"}
TALKS = {"urllib3", "http.client", "websocket", "ssl"}
PRINTS = {"yaml"}
HOUSE = {f"arena.local.{name}" for name in ("server", "api", "node", "operators", "machinery", "programs")}

OPTIONS = {"arena.kinds.spec", "arena.kinds.option_types", "arena.kinds.record", "arena.kinds.validators"}
SUBMIT = {"arena.actions.submit", "arena.kinds.training.specs", "arena.kinds.workload.spec"}

SLOW = {"socket", "zlib", "pathlib", "urllib.parse", "ipaddress", "fnmatch", "dataclasses", "copy"}
MANY = {"arena.kube.podlists", "arena.kube.streaming", "arena.kube.protobuf"}
OTHERS = {"arena.kube.kubeconfig", "arena.kube.definitions", "arena.trust"}

SPARED = {
    *TALKS,
    *HOUSE,
    *OPTIONS,
    *SUBMIT,
    *SLOW,
    *MANY,
    *OTHERS,
    "arena.actions.diagnosis.explainers",
    "email",
    "shutil",
    "yaml",
    "kubernetes",
    "aiohttp",
    "psutil",
}
NEVER = HEAVY | TALKS | HOUSE
KUBECONFIG = """\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTg==
    server: https://127.0.0.1:6443
  name: kind
contexts:
- context:
    cluster: kind
    user: kubernetes-admin
  name: kubernetes-admin@kind
current-context: kubernetes-admin@kind
kind: Config
preferences: {}
users:
- name: kubernetes-admin
  user:
    token: eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl-_
"""
IDLE = NEVER | PRINTS | {"arena.kube", "arena.local"}

CASES = [
    (("--help",), IDLE | {"arena.session", "arena.actions", "arena.kinds"}),
    (("--version",), IDLE | {"arena.session", "arena.actions", "arena.kinds"}),
    (("completion", "bash"), IDLE),
    (("list", "--help"), IDLE),
    (("logs", "--help"), IDLE),
    (("submit", "--help"), IDLE),
    (("submit", "pytorchjob", "--help"), IDLE),
    (("serve", "--help"), IDLE),
    (("sweep", "--help"), IDLE | {"arena.session", "arena.actions", "arena.kinds"}),
    (("sweep", "submit", "--help"), IDLE),
    (("serve", "triton", "--help"), IDLE),
    (("serve", "triton", "--name", "x", "--model", "s3://b/m", "--dry-run"), NEVER),
    (("submit", "pytorchjob", "--name", "x", "--image", "i", "--dry-run", "true"), NEVER),
]


def imported(words: tuple[str, ...], home: Path) -> set[str]:
    """The names of all modules that `arena WORDS...` imports."""
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "ARENA_LOCAL_HOME": str(home / "state")}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "arena", *words],
        capture_output=True, text=True, env=env, cwd=home, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    lines = (line for line in done.stderr.splitlines() if line.startswith("import time:"))
    return {line.rsplit("|", 1)[1].strip() for line in lines}


@pytest.mark.parametrize(("words", "banned"), CASES, ids=[" ".join(words) for words, _ in CASES])
def test_a_command_imports_only_its_needs(words: tuple[str, ...], banned: set[str], tmp_path: Path) -> None:
    """Help, versions, completion and dry runs load nothing that talks to a cluster or is slow to load."""
    found = imported(words, tmp_path)
    assert "click" in found
    assert not found & banned
    assert not (tmp_path / "state").exists()


def test_reading_jobs_needs_no_options(tmp_path: Path) -> None:
    """A list and the completion of a job's name load no Spec, nothing for many pods, and no slow library."""
    asked = {"_ARENA_COMPLETE": "bash_complete", "COMP_WORDS": "arena get ", "COMP_CWORD": "2"}
    with product(tmp_path) as arena:
        arena.must("local", "start")
        found = {"list": loaded(arena, "list"), "completion": loaded(arena, **asked)}
    for what, names in found.items():
        assert {"arena.kube.direct", "arena.kinds.training.base.reading"} <= names, what
        assert not names & SPARED, what
        assert not [name for name in names if name.startswith("arena.kinds.training.specs.")], what


def test_a_kubeconfig_needs_no_yaml_library(tmp_path: Path) -> None:
    """A kubeconfig as kubectl writes it is read without the YAML library, nor are files made for a token."""
    code = f"""
import sys
from arena.kube import keyfiles, kubeconfig
print(kubeconfig.read([{str(tmp_path / "config")!r}]))
print(*sorted(sys.modules.keys() & {{"yaml", "tempfile"}}))
"""
    (tmp_path / "config").write_text(KUBECONFIG)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    shown, names = done.stdout.splitlines()
    assert "kubernetes-admin@kind" in shown
    assert not names


def test_reading_servings_needs_no_options(tmp_path: Path) -> None:
    """A list of servings loads no Spec of any kind."""
    with product(tmp_path) as arena:
        arena.must("local", "start")
        names = loaded(arena, "serve", "list")
    assert "arena.kinds.serving.base.deployments" in names
    assert not names & {*OPTIONS, "arena.kinds.workload.spec", "arena.actions.submit"}
    assert not [name for name in names if ".specs." in name]


def loaded(arena: Product, *words: str, **env: str) -> set[str]:
    """The names of all modules that a command has imported when it ends."""
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "arena", *words],
        capture_output=True, text=True, env={**arena.env, **env}, cwd=arena.home, timeout=60, check=True,
    )  # fmt: skip
    return {line.rsplit("|", 1)[-1].strip() for line in ended.stderr.splitlines()}
