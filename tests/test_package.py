"""What is published: the source distribution, its metadata, and the description for package indexes."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_sdist(sys.argv[1]))"
ROOMS = ("arena", "benchmarks", "completions", "docs", "examples", "requirements", "tests")
FILES = (
    ".importlinter", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "MANIFEST.in", "Makefile", "README.md",
    "pyproject.toml", "setup.py",
)  # fmt: skip


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of the source distribution, built from a copy of the repository."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in ROOMS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, source)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, built], cwd=source, capture_output=True, text=True, timeout=100,
        env={**os.environ, "PYTHONWARNINGS": "default"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with tarfile.open(built / done.stdout.splitlines()[-1]) as archive:
        archive.extractall(built, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (folder,) = (path for path in built.iterdir() if path.is_dir())
    return folder


@pytest.fixture(scope="module")
def metadata(unpacked: Path) -> Metadata:
    """Its metadata, which the rules of the standard accept."""
    return Metadata.from_email((unpacked / "PKG-INFO").read_bytes(), validate=True)


def test_the_source_distribution_holds_what_its_tests_need(unpacked: Path) -> None:
    """Whatever tests may read is in it: all folders and files of the repository."""
    wanted = {
        path.relative_to(ROOT)
        for name in ROOMS
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    found = {path.relative_to(unpacked) for path in unpacked.rglob("*") if path.is_file()}
    assert sorted((wanted | set(map(Path, FILES))) - found) == []


def test_the_metadata_is_complete(metadata: Metadata) -> None:
    """The name, the licence, keywords, links, and a classifier for each supported Python."""
    assert metadata.name == "arena-jobs"
    assert metadata.license_expression == "Apache-2.0"
    assert metadata.license_files == ["LICENSE"]
    assert metadata.summary
    assert metadata.keywords
    assert metadata.project_urls == {"Go arena": "https://github.com/kubeflow/arena"}
    pythons = re.findall(r":: (3\.\d+)$", "\n".join(metadata.classifiers or ()), re.MULTILINE)
    assert pythons[0] == "3.10"
    assert list(metadata.requires_python.filter(["3.9", *pythons])) == pythons  # type: ignore[union-attr]
    assert SpecifierSet(f"<={pythons[-1]}").contains("{}.{}".format(*sys.version_info))
    assert set(metadata.provides_extra or ()) == {"examples", "frameworks", "sweep", "test"}


def test_the_description_has_no_broken_link(metadata: Metadata) -> None:
    """A package index shows README.md; its links into the repository, which would break there, are text."""
    text = metadata.description or ""
    assert metadata.description_content_type == "text/markdown"
    assert "getting started (`docs/getting-started.md`)" in text
    assert [one for one in re.findall(r"\]\(([^)]*)\)", text) if not one.startswith("https://")] == []
    assert "<a " not in text
    assert "<img" not in text
