"""Every line of docs/launchers.md starts one world of all ranks; those that the page warns of do not."""

import importlib.util
import re
import shutil
from collections.abc import Sequence
from itertools import pairwise

import pytest
from gloo import run_past_abort
from pages import ROOT, lines, write_files
from product import Product

pytestmark = [pytest.mark.frameworks, pytest.mark.timeout(500)]

PAGE = ROOT / "docs" / "launchers.md"
LINES = [words for words in lines(PAGE) if words[0] == "submit"]
NEEDS = {
    "accelerated.py": "accelerate",
    "lit.py": "lightning",
    "hugging.py": "transformers",
    "speedy.py": "deepspeed",
    "ring.py": "mpi4py",
}
"""Program -> the module that it needs besides torch."""
TOOLS = ("mpirun", "deepspeed")


def program(words: Sequence[str]) -> str:
    """The program that a line starts."""
    return re.findall(r"\w+\.py", words[-1])[-1]


def skip_without(arena: Product, words: Sequence[str]) -> None:
    """Skip, aloud, where something is missing that cannot be had everywhere."""
    module = NEEDS.get(program(words), "torch")
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"NO {module.upper()} HERE: pip install {module}")
    for tool in [one for one in TOOLS if words[-1].startswith(one)]:
        for name in {"mpirun": ["mpirun"], "deepspeed": ["deepspeed", "pdsh"]}[tool]:
            if not shutil.which(name, path=arena.env["PATH"]):
                pytest.skip(f"NO {name.upper()} HERE: install it")


def ranks(arena: Product, words: Sequence[str], alone: bool = False) -> list[tuple[int, int]]:
    """Run a line to its good end; what each process printed: its rank, and how many there are.

    Args:
        alone: whether arena warns that all are.
    """
    write_files(PAGE, arena.home)
    code, out, err = run_past_abort(arena, *words[:-1], "--logs", words[-1], seconds=220)
    assert code == 0, out + err
    assert ("Warning: each of the 2 instances reports that it is alone" in err) is alone
    # Processes of an instance share its output, and Python writes line ends apart: two may share a line.
    return sorted((int(rank), int(size)) for rank, size in re.findall(r"rank (\d+) of (\d+)", out))


def wanted(words: Sequence[str]) -> int:
    """How many processes a line starts."""
    given = {name: int(value) for name, value in pairwise(words) if value.isdigit()}
    return given["--workers"] * given.get("--nproc-per-node", 1)


@pytest.mark.parametrize(
    "words", LINES, ids=lambda words: f"{words[1]}-{words[-1].split()[0]}-{program(words)}"
)
def test_one_world(arena: Product, words: list[str]) -> None:
    """Each process has a rank of its own and knows how many there are."""
    skip_without(arena, words)
    assert ranks(arena, words) == [(rank, wanted(words)) for rank in range(wanted(words))]


ALONE = {
    "accelerated.py": "python accelerated.py",
    "lit.py": "LOCAL_WORLD_SIZE=1 GROUP_WORLD_SIZE=1 python lit.py",
}
"""Lines that the page calls a world of one."""


@pytest.mark.parametrize("line", ALONE.values(), ids=ALONE)
def test_a_world_of_one(arena: Product, line: str) -> None:
    """A line that the page warns of succeeds, with every rank alone, and arena says so."""
    words = ["submit", "pytorchjob", "--workers", "2", "--nproc-per-node", "1", line]
    skip_without(arena, words)
    assert ranks(arena, words, alone=True) == [(0, 1), (0, 1)]
