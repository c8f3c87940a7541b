"""Commands that ask no cluster, against the cost of importing click alone."""

import sys
from collections.abc import Iterator

from benchmarks.home import home
from benchmarks.measure import Figure, median, run, spread

SUBMIT = (
    "submit",
    "pytorchjob",
    "--name",
    "x",
    "--image",
    "i",
    "--workers",
    "4",
    "--dry-run",
    "python train.py",
)
COMMANDS = [
    ("arena --help", 2, ("--help",), {}),
    ("arena --version", 2, ("--version",), {}),
    ("completion of a command", 2, (), {"COMP_WORDS": "arena su", "COMP_CWORD": "1"}),
    ("completion of a flag", 2, (), {"COMP_WORDS": "arena submit pytorchjob --wor", "COMP_CWORD": "3"}),
    ("submit --dry-run", 3, SUBMIT, {}),
]


def figures(runs: int) -> Iterator[Figure]:
    """Wall time of each command as a multiple of `python -c "import click"`, alternating with it."""
    with home() as at:
        for what, budget, words, extra in COMMANDS:
            env = at.env | ({"_ARENA_COMPLETE": "bash_complete"} | extra if extra else {})
            bare, ours = [], []
            for turn in range(runs + 1):
                first = run([sys.executable, "-c", "import click"], at.env).seconds
                second = run(at.argv(*words), env).seconds
                if turn:  # the first round warms up
                    bare.append(first)
                    ours.append(second)
            yield Figure(
                what=what, budget=budget, measured=median(ours) / median(bare), unit="x import click",
                note=f"{median(ours) * 1000:.0f} ms ({spread(ours)}), click {median(bare) * 1000:.0f} ms",
            )  # fmt: skip
