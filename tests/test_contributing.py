"""The worked example of CONTRIBUTING.md, written into a copy of the package and used."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pages import ROOT, blocks
from product import Product, product

PAGE = ROOT / "CONTRIBUTING.md"
FILES = {block.file: block.text for block in blocks(PAGE) if block.file}
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


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Product]:
    """The product as it is."""
    home = tmp_path / "home"
    home.mkdir()
    with product(home) as made:
        yield made


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Product]:
    """The product of a copy of the package that has the files of the page, and none changed."""
    root = tmp_path / "source"
    shutil.copytree(ROOT / "arena", root / "arena", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in FILES.items():
        path = root / name
        assert not path.exists(), f"{name} is not new"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    home = tmp_path / "home"
    home.mkdir()
    with product(home) as made:
        made.env["PYTHONPATH"] = str(root)
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
    out = copy.must("submit", "mxjob", "--name", "mnist", "--workers", "2", "--logs", f"python {script}")
    assert "met server worker worker" in out
    assert copy.jobs() == {"mnist": "SUCCEEDED"}
    assert "mnist-scheduler-0" in copy.must("get", "mnist")
    told = subprocess.run(
        [sys.executable, "-c", "import arena; print(arena.MXJobSpec(name='a', command='b').servers)"],
        env=copy.env, cwd=copy.home, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout == "1\n"


def test_the_module_passes_the_checks(copy: Product) -> None:
    """What the page shows is typed and tidy as the rest of the package is."""
    names = [name for name in FILES if name.endswith(".py")]
    root = copy.home.parent / "source"
    shutil.copy(ROOT / "pyproject.toml", root)
    for tool in (
        ["ruff", "check", *names],
        ["ruff", "format", "--check", *names],
        ["mypy", "--follow-imports=silent", *names],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *tool], cwd=root, capture_output=True, text=True, check=False,
            env={**os.environ, "MYPYPATH": str(root)},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_kind_from_a_package_outside(arena: Product, tmp_path: Path) -> None:
    """The same module and template in a package of somebody else's give the kind, through an entry point."""
    package, info = tmp_path / "site" / "my_package", tmp_path / "site" / "my_package-1.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    text = FILES["arena/kinds/training/mxjob.py"].replace(
        'template="mxjob.yaml"', 'template=str(Path(__file__).with_name("mxjob.yaml"))'
    )
    (package / "mxjob.py").write_text(text.replace("from typing", "from pathlib import Path\nfrom typing"))
    (package / "mxjob.yaml").write_text(FILES["arena/templates/mxjob.yaml"])
    [entry] = [block.text for block in blocks(PAGE, "text") if "entry-points" in block.text]
    (info / "entry_points.txt").write_text(
        entry.replace('[project.entry-points."arena.kinds"]', "[arena.kinds]").replace('"', "")
    )
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    arena.env["PYTHONPATH"] = str(tmp_path / "site")
    job = yaml.safe_load(arena.must("submit", "mx", "--name", "a", "--image", "i", "--dry-run", "true"))
    assert job["kind"] == "MXJob"
