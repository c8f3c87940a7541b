"""Case files: those of each family are in a folder of its name."""

import shlex
from pathlib import Path

import yaml

from arena import kinds
from arena.kinds.kind import Kind

CASES = sorted((Path(__file__).parents[1] / "cases").glob("*/*.yaml"))


def line_of(case: Path) -> str:
    """The command line of a case file."""
    return next(yaml.safe_load_all(case.read_text()))


def read(case: Path) -> tuple[Kind, list[str]]:
    """The kind that a case file submits, and the words of its options."""
    family = next(one for one in kinds.families() if one.name == case.parent.name)
    command, words = family.submission.split(), shlex.split(line_of(case))
    begun = words[: len(command)]
    if command[-1] == "KIND":
        assert begun[:-1] == command[:-1]
        return kinds.find(begun[-1], family), words[len(command) :]
    assert begun == command
    [kind] = kinds.of(family)
    return kind, words[len(command) :]
