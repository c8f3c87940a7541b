"""Commands that ask no cluster, and completion, against the cost of importing click alone."""

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
    ("arena --help", 1.2, ("--help",), ()),
    ("arena --version", 1.2, ("--version",), ()),
    ("completion of a command", 1.2, (), ("arena", "su")),
    ("completion of a flag", 1.6, (), ("arena", "submit", "pytorchjob", "--wor")),
    ("completion of a job's name", 1.6, (), ("arena", "get", "jo")),
    ("submit --dry-run", 2, SUBMIT, ()),
]


def completing(words: tuple[str, ...]) -> dict[str, str]:
    """The environment in which a shell asks for the completion of the last of some words."""
    if not words:
        return {}
    return {
        "_ARENA_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }


def figures(runs: int) -> Iterator[Figure]:
    """Wall time of each command as a multiple of `python -c "import click"`, alternating with it."""
    with home() as at:
        at.arena("local", "start")
        at.arena("submit", "pytorchjob", "--name", "job", "true")
        for what, budget, words, typed in COMMANDS:
            env = at.env | completing(typed)
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
