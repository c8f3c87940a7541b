"""Engines as users have them: installed by arena, and kept in `.engines`, or in ARENA_TEST_ENGINES."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from product import Product, product

HOME = Path(os.environ.get("ARENA_TEST_ENGINES") or Path(__file__).parents[2] / ".engines")
PIP = {name: text for name, text in os.environ.items() if name.startswith("PIP_") or name == "HOME"} | {
    "PYTHONWARNINGS": "default"
}
"""The user's own settings of pip, and its cache; packages are built with warnings of their own."""
COSTS: list["Cost"] = []


class Cost(NamedTuple):
    """What an engine took."""

    engine: str
    version: str
    disk: int
    """Megabytes of its environment."""
    memory: int
    """Megabytes that its processes hold after the second answer."""
    ready: float
    """Seconds from the submit to readiness."""
    answer: float
    """Seconds of a `predict`, with the start of the command."""


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Product]:
    """The product with the engines, and nothing else in its home."""
    with product(tmp_path) as made:
        made.env["XDG_DATA_HOME"] = str(HOME)
        yield made


@pytest.fixture
def engine(arena: Product) -> Callable[[str], str]:
    """The Python of an engine, which is installed if it is missing."""

    def need(name: str) -> str:
        if not found(arena, name)["installed"]:
            arena.must("serve", "engines", "install", name, seconds=3600, **PIP)
        return str(found(arena, name)["python"])

    return need


def found(arena: Product, name: str) -> dict:
    """What the list says of an engine."""
    listed = json.loads(arena.must("serve", "engines", "-o", "json"))
    return next(one for one in listed if one["name"] == name)


@pytest.fixture
def answer(arena: Product) -> Callable[..., str]:
    """Wait for a serving and ask it; what it took is shown at the end of the run."""

    def ask(engine: str, name: str, *words: str) -> str:
        began = time.monotonic()
        arena.must("serve", "wait", name, "--timeout", "200s", seconds=220)
        ready = time.monotonic() - began
        arena.must("serve", "predict", name, *words, seconds=120)  # the first answer may be slow
        began = time.monotonic()
        out = arena.must("serve", "predict", name, *words, seconds=120)
        folder = HOME / "arena" / "engines" / engine
        took = time.monotonic() - began
        disk = sum(path.lstat().st_size for path in folder.rglob("*")) // 2**20
        version = found(arena, engine)["version"]
        COSTS.append(Cost(engine, version, disk, held(arena), ready, took))
        return out

    return ask


def held(arena: Product) -> int:
    """The megabytes of memory that the processes of all pods hold, with those that they have started."""
    own = arena.processes()
    every = {one for process in own for one in (process, *process.children(recursive=True))}
    return sum(one.memory_info().rss for one in every) // 2**20


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what the engines took."""
    if COSTS:
        terminalreporter.section("what the engines cost")
        terminalreporter.write_line("ENGINE       VERSION   DISK MB  MEMORY MB   READY  ANSWER (and command)")
        for one in COSTS:
            what = f"{one.engine:12} {one.version:9} {one.disk:7} {one.memory:10}"
            terminalreporter.write_line(f"{what} {one.ready:5.1f} s {one.answer:6.2f} s")
