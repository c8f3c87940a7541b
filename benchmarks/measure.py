"""Running whole processes and putting their medians into words."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from importlib import import_module
from multiprocessing import get_context
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One budget and what this machine made of it."""

    what: str
    budget: float
    measured: float
    unit: str
    least: bool = False
    """The budget is a minimum, not a maximum."""
    note: str = ""

    @property
    def kept(self) -> bool:
        """Whether the figure is within its budget."""
        return self.measured >= self.budget if self.least else self.measured <= self.budget

    def data(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self) | {"kept": self.kept}


@dataclass(frozen=True, slots=True)
class Run:
    """One process: wall time in seconds, peak of the resident memory in MiB, and what it wrote."""

    seconds: float
    memory: float
    out: bytes


def run(argv: Sequence[str], env: Mapping[str, str] | None = None) -> Run:
    """Run a process to its end.

    Raises:
        RuntimeError: it ended with another code than 0.
    """
    with tempfile.TemporaryFile() as talk:
        start = time.perf_counter()
        child = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=talk)
        assert child.stdout is not None
        with child.stdout:
            out = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            talk.seek(0)
            said = talk.read().decode(errors="replace")
            raise RuntimeError(f"{' '.join(argv)} ended with {child.returncode}:\n{said}")
    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10  # bytes there, KiB elsewhere
    return Run(seconds, usage.ru_maxrss / scale, out)


def alone(call: Callable[..., T], *args: Any) -> T:
    """What the call returns in a process of its own.

    The peak of the memory of a program includes that of the process that starts it, which may have grown.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(call, *args).result()


def group(name: str, runs: int) -> list[Figure]:
    """The figures of a group, which is a module with that name."""
    return list(import_module(f"benchmarks.{name}").figures(runs))


def times(act: Callable[[], float], runs: int) -> list[float]:
    """`runs` results of `act`, after one that warms up and is dropped."""
    act()
    return [act() for _ in range(runs)]


def median(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def spread(values: Sequence[float], scale: float = 1000, unit: str = "ms") -> str:
    """The smallest and the largest, in words."""
    return f"{min(values) * scale:.0f} to {max(values) * scale:.0f} {unit}"
