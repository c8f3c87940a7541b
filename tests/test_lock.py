"""What `make` installs is locked: requirements/*.txt hold all that pyproject.toml declares, with hashes."""

import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LAYERS = ("examples", "test", "frameworks")
PINNED = re.compile(
    r"([a-z0-9-]+)==([0-9][a-z0-9.]*)( ; [^\\]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n"
)


def declared(*extras):
    """All that a user needs with these extras, without arena itself."""
    lines = [
        *PROJECT["dependencies"],
        *(one for name in extras for one in PROJECT["optional-dependencies"][name]),
    ]
    return {one.name.lower(): one for one in map(Requirement, lines) if one.name != PROJECT["name"]}


def pins(name):
    """The releases that a file holds, by the name of the package."""
    found = {}
    for package, release, _, _ in PINNED.findall((FOLDER / f"{name}.txt").read_text(encoding="utf-8")):
        found.setdefault(package, []).append(release)
    return found


@pytest.mark.parametrize("name", [*LAYERS, "oldest"])
def test_lock_holds_releases_with_hashes_alone(name):
    """A lock is releases with hashes: no index, no address, no path, nothing that is not pinned."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    left = [line for line in PINNED.sub("", text).splitlines() if not re.match(r"\s*#", line)]
    before = dict(zip(LAYERS[1:], LAYERS, strict=False)).get(name)
    assert left == ([f"-r {before}.txt"] if before else [])
    assert re.findall(r"(?:://|(?<![\w.])/).*", text) == []
    assert len(pins(name)) > 10


@pytest.mark.parametrize("name", LAYERS)
def test_lock_holds_all_that_is_declared(name):
    """Each file, with those below it, holds what its extra needs, in a release that pyproject.toml allows."""
    layers = LAYERS[: LAYERS.index(name) + 1]
    found = {package: releases for one in layers for package, releases in pins(one).items()}
    wanted = declared(*layers)
    wanted.pop("torch", None)
    assert wanted.keys() <= found.keys(), "run `make lock`"
    bad = {
        one: found[one] for one, need in wanted.items() if not all(map(need.specifier.contains, found[one]))
    }
    assert bad == {}, "run `make lock`"


def test_layers_do_not_overlap():
    """A package stands in one layer, so that all sets have the same release of it."""
    names = [package for one in LAYERS for package in pins(one)]
    assert len(names) == len(set(names))


def test_torch_is_pinned_by_version():
    """torch has no hash, since one version has many builds, and is the version that is declared."""
    lines = (FOLDER / "torch.txt").read_text(encoding="utf-8").splitlines()
    assert [one for one in lines if not one.startswith("#")] == [str(declared("frameworks")["torch"])]
    assert not any("torch" in pins(one) for one in LAYERS)


def test_oldest_lock_holds_the_oldest_that_is_declared():
    """`make oldest` tests with exactly the lower bounds of pyproject.toml."""
    floors = {name: _floor(need) for name, need in declared().items()}
    found = pins("oldest")
    assert {name: [Version(one) for one in found[name]] for name in floors} == floors


def _floor(need):
    return [Version(one.version) for one in need.specifier if one.operator == ">="]
