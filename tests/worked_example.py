"""Worked examples of CONTRIBUTING.md: what a section adds and changes, in a copy of the package."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pages import ROOT, section
from product import Product, product

PAGE = ROOT / "CONTRIBUTING.md"


class Example:
    """The blocks of one section."""

    def __init__(self, title: str) -> None:
        self.blocks = section(PAGE, title)
        self.files = {block.file: block.text.partition("\n")[2] for block in self.blocks if block.file}
        """The new files that the section shows, by their paths."""
        self.diffs = [block.text for block in self.blocks if block.kind == "diff"]
        """The changes of existing files that it shows."""

    def write(self, folder: Path) -> None:
        """Copy the package into a folder, and make there the changes of the section and no others."""
        shutil.copytree(ROOT / "arena", folder / "arena")
        for name, text in self.files.items():
            path = folder / name
            assert not path.exists(), f"{name} is not new"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        for diff in self.diffs:
            subprocess.run(["git", "apply", "-"], input=diff, text=True, cwd=folder, check=True)

    @contextmanager
    def product(self, folder: Path) -> Iterator[Product]:
        """The product of a copy of the package with the section's changes."""
        self.write(folder / "source")
        home = folder / "home"
        home.mkdir()
        with product(home) as made:
            made.env["PYTHONPATH"] = str(folder / "source")
            yield made

    def check(self, folder: Path) -> str:
        """What ruff and mypy find in the section's Python files; "" if they find nothing."""
        self.write(folder)
        shutil.copy(ROOT / "pyproject.toml", folder)
        # What `make lint` has found spares mypy most of its work.
        if (ROOT / ".mypy_cache").is_dir():
            shutil.copytree(ROOT / ".mypy_cache", folder / ".mypy_cache")
        names = [name for name in self.files if name.endswith(".py")]
        for tool in (
            ["ruff", "check", *names],
            ["ruff", "format", "--check", *names],
            ["mypy", *names],
        ):
            done = subprocess.run(
                [sys.executable, "-m", *tool], cwd=folder, capture_output=True, text=True, check=False,
                env={**os.environ, "MYPYPATH": str(folder)},
            )  # fmt: skip
            if done.returncode:
                return done.stdout + done.stderr
        return ""


def install(folder: Path, files: Mapping[str, str], entry: str) -> None:
    """Install a package `my_package` with these files.

    Args:
        folder: where; it must be on the path of those who import the package.
        files: the text of each, by its name.
        entry: the table of entry points in its pyproject.toml.
    """
    package, info = folder / "my_package", folder / "my_package-1.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    for name, text in files.items():
        (package / name).write_text(text, "utf-8")
    group = re.sub(r'\[project\.entry-points\."(.+)"\]', r"[\1]", entry)
    (info / "entry_points.txt").write_text(group.replace('"', ""))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")


def python(arena: Product, program: str) -> str:
    """What a Python program prints that imports the package of a copy."""
    done = subprocess.run(
        [sys.executable, "-c", program], env=arena.env, cwd=arena.home, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
