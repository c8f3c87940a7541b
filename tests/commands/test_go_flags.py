"""The flags of the Go arena are flags of this one."""

from pathlib import Path

import click
import pytest

from arena.cli import root
from arena.commands._globals import options

TEXT = (Path(__file__).parents[1] / "cases" / "go-flags.txt").read_text(encoding="utf-8")
LINES = [line.partition(":") for line in TEXT.splitlines() if line and not line.startswith("#")]
FLAGS = [(command, rest.split()) for heads, _, rest in LINES for command in heads.split(", ")]
GLOBAL = "--loglevel --pprof --trace --arena-namespace --config --namespace -n --helm-binary".split()


def spellings(command: click.Command) -> set[str]:
    """Every way to write one of its flags."""
    return {word for one in command.params for word in (*one.opts, *one.secondary_opts)}


def find(words: list[str]) -> click.Command:
    command: click.Command | None = root
    for word in words:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
    assert command is not None
    return command


@pytest.mark.parametrize(("command", "flags"), FLAGS)
def test_every_flag_is_taken(command: str, flags: list[str]) -> None:
    """The command has every flag that it has in the Go arena, in each of its spellings."""
    known = spellings(find(command.split()))
    assert [flag for flag in flags if flag not in known] == []
    # -t and -n may mean something else below the root.
    assert [flag for flag in GLOBAL if flag.startswith("--") and flag not in known] == []


def test_global_flags_are_taken_by_the_root() -> None:
    """What the Go arena takes before the command is taken there."""
    known = {word for one in options(root=True) for word in (*one.opts, *one.secondary_opts)}
    assert [flag for flag in GLOBAL if flag not in known] == []
