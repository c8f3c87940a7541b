"""The commands that rules tell to run next."""

import re
import shlex

import click
import pytest

from arena.cli import root
from arena.diagnosis import rules

LINES = sorted({line for rule in rules.own() for line in rule.fix if line.startswith("arena ")})


@pytest.mark.parametrize("line", LINES)
def test_fix(line: str) -> None:
    """Each is a command line that arena accepts, whatever the job is called."""
    words = shlex.split(re.sub(r"\{\w+(?:\|([^{}]*))?\}", "bert-worker-0", line).replace(" N", " 2"))[1:]
    command: click.Command = root
    context = click.Context(root)
    while isinstance(command, click.Group) and not words[0].startswith("-"):
        found = command.get_command(context, words.pop(0))
        assert found, line
        command = found
    command.make_context(command.name, words, resilient_parsing=False)
