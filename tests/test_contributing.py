"""The kind of job that CONTRIBUTING.md adds, written into a copy of the package and used."""

import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pages import ROOT
from product import Product, product, quoted
from worked_example import Example, install, python

KIND = Example("A new kind of job")
FILES = KIND.files
PROGRAM = (
    "import os, socket\n"
    "role = os.environ['DMLC_ROLE']\n"
    "size = sum(int(os.environ[name]) for name in ('DMLC_NUM_SERVER', 'DMLC_NUM_WORKER'))\n"
    "where = os.environ['DMLC_PS_ROOT_URI'], int(os.environ['DMLC_PS_ROOT_PORT'])\n"
    "if role == 'scheduler':\n"
    "    server = socket.create_server(where)\n"
    "    roles = [server.accept()[0].makefile().readline().strip() for _ in range(size)]\n"
    "    print('met', *sorted(roles))\n"
    "else:\n"
    "    while True:\n"
    "        try:\n"
    "            socket.create_connection(where).sendall(role.encode() + b'\\n')\n"
    "            break\n"
    "        except ConnectionRefusedError:\n"
    "            pass\n"
)


CLUSTER = """
apiVersion: v1
kind: Config
current-context: other
clusters: [{name: other, cluster: {server: "https://127.0.0.1:1"}}]
contexts: [{name: other, context: {cluster: other, user: ""}}]
"""
"""A kubeconfig of a cluster elsewhere, which is not asked."""


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Product]:
    """The product of a copy of the package that has the files of the section, and none changed."""
    with KIND.product(tmp_path) as made:
        yield made


def test_a_kind_is_four_new_files(copy: Product) -> None:
    """The files of the page, and no other change, give a kind that renders, runs, and is listed and read."""
    assert len(FILES) == 4
    line = yaml.safe_load(FILES["tests/cases/training/mx.yaml"])
    job = yaml.safe_load(copy.must(*shlex.split(line)[1:], "--dry-run"))
    specs = job["spec"]["mxReplicaSpecs"]
    assert {name: one["replicas"] for name, one in specs.items()} == {
        "Scheduler": 1,
        "Server": 1,
        "Worker": 2,
    }
    assert "mxjob" in copy.must("submit", "--help")
    assert "--servers" in copy.must("submit", "mx", "--help")
    script = copy.home / "train.py"
    script.write_text(PROGRAM, "utf-8")
    out = copy.must(
        "submit", "mxjob", "--name", "mnist", "--workers", "2", "--logs", quoted("python", script)
    )
    assert "met server worker worker" in out
    assert copy.jobs() == {"mnist": "SUCCEEDED"}
    assert "mnist-scheduler-0" in copy.must("get", "mnist")
    told = python(copy, "import arena; print(arena.MXJobSpec(name='a', command='b').servers)")
    assert told == "1\n"


def test_the_module_passes_the_checks(tmp_path: Path) -> None:
    """What the section shows is typed and tidy as the rest of the package is."""
    assert KIND.check(tmp_path) == ""


def installed(folder: Path) -> None:
    """Install a package with the module and the template of the section, which an entry point names."""
    text = FILES["arena/kinds/training/mxjob.py"].replace(
        'template="mxjob.yaml"', 'template=str(Path(__file__).with_name("mxjob.yaml"))'
    )
    text = text.replace("from typing", "from pathlib import Path\nfrom typing")
    [entry] = [block.text for block in KIND.blocks if "entry-points" in block.text]
    install(folder, {"mxjob.py": text, "mxjob.yaml": FILES["arena/templates/mxjob.yaml"]}, entry)


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Product]:
    """The product with a kind from an installed package; of the section it has the operator only."""
    source = tmp_path / "source"
    shutil.copytree(ROOT / "arena", source / "arena")
    operator = "arena/local/operators/kubeflow/mxjob.py"
    (source / operator).write_text(FILES[operator], "utf-8")
    installed(tmp_path / "site")
    home = tmp_path / "home"
    home.mkdir()
    with product(home) as made:
        made.env["PYTHONPATH"] = f"{source}{os.pathsep}{tmp_path / 'site'}"
        yield made


def test_a_kind_from_a_package_outside(outside: Product) -> None:
    """A kind that an installed package brings is submitted, listed, read and deleted as our own are."""
    assert "mxjob" in outside.must("submit", "--help")
    line = {"_ARENA_COMPLETE": "bash_complete", "COMP_WORDS": "arena submit mxj", "COMP_CWORD": "2"}
    assert "mxjob" in outside.must(**line)
    file = outside.home / "job.yaml"
    file.write_text("kind: mxjob\nname: mnist\nservers: 2\ncommand: echo $DMLC_ROLE\n", "utf-8")
    outside.must("submit", "mx", "-f", str(file), "--wait")
    assert outside.jobs() == {"mnist": "SUCCEEDED"}
    assert "MXJOB" in outside.must("list", "-T", "mxnet")
    assert "mnist-server-1" in outside.must("get", "mnist")
    assert "scheduler" in outside.must("logs", "mnist")
    assert "--servers 2" in outside.must("get", "mnist", "-o", "command")
    assert python(outside, "import arena; print(arena.MXJobSpec(name='a', command='b').workers)") == "1\n"
    outside.must("delete", "mnist", "-y")
    assert outside.jobs() == {}


def test_the_tensorboard_of_a_kind_from_outside(outside: Product) -> None:
    """It runs beside the pods of the job, which it finds by labels that they have."""
    flags = ("--name", "a", "--image", "i", "--tensorboard", "--data", "claim:/training_logs")
    config = outside.home / "config"
    config.write_text(CLUSTER, "utf-8")
    shown = outside.must("submit", "mx", *flags, "--dry-run", "true", KUBECONFIG=str(config))
    job, board, _ = yaml.safe_load_all(shown)
    affinity = board["spec"]["template"]["spec"]["affinity"]["podAffinity"]
    [rule] = affinity["preferredDuringSchedulingIgnoredDuringExecution"]
    wanted = rule["podAffinityTerm"]["labelSelector"]["matchLabels"]
    pod = job["spec"]["mxReplicaSpecs"]["Worker"]["template"]
    assert wanted.items() <= pod["metadata"]["labels"].items()
