"""Engines that load a model: their arguments, ports and images."""

import shlex
from collections.abc import Mapping
from typing import Any

from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.serving.specs.base import locations, render, rollout
from arena.kinds.serving.specs.base.rollout import RolloutOptions
from arena.kinds.spec import option
from arena.kinds.validators import shown, text
from arena.kinds.workload.rendering import Rendering

Values = dict[str, Any]

PORT = types.OptionType(types.integer(1, 65535), "PORT", safe=True)
"""A port on which an engine always listens."""


def _words(value: object) -> str:
    """The words of a command line, checked; they are kept as text."""
    word = text(value)
    try:
        shlex.split(word)
    except ValueError as error:
        raise SpecError(f"{shown(word)} cannot be split into words: {error}", "close its quotes") from error
    return word


WORDS = types.OptionType(_words, "ARGUMENTS")


class EngineSpec(RolloutOptions):
    """A serving whose image is an engine that loads a model."""

    extend_command: str = option("", "More arguments of the engine", WORDS)

    @property
    def more_arguments(self) -> list[str]:
        """The words of --extend-command."""
        return shlex.split(self.extend_command)

    def unused(self) -> dict[str, str]:
        """As for every workload; arguments have no effect on another command."""
        lost = {"extend_command": "the command of the engine"} if self.command and self.extend_command else {}
        return lost | super().unused()


def pod(spec: EngineSpec, rendering: Rendering, program: list[str], arguments: list[str]) -> Values:
    """Values of a pod that runs an engine; raises SpecError as `render.pod`.

    Args:
        program: the engine.
        arguments: its arguments; they take ports from variables, as in `$(HTTP_PORT)`.
    """
    found = {**render.pod(spec, rendering), **rollout.values(spec, rendering)}
    return {**found, **command(spec, program, arguments)}


def command(spec: EngineSpec, program: list[str], arguments: list[str]) -> Values:
    """The command of an engine with its arguments, unless the user gave another."""
    if spec.command:
        return {"args": None}
    return {"command": program, "args": [*arguments, *spec.more_arguments]}


def model(spec: EngineSpec, given: Mapping[str, str]) -> str:
    """What the engine is told of the place of the model, which options of the Go arena can say, too.

    Args:
        spec: its --model comes first.
        given: the values of the other options, by their flags.

    Raises:
        SpecError: none or two of them say it, and the engine needs it.
    """
    place = locations.inside(spec.location, spec.loads)
    said = {flag: value for flag, value in {"--model": place, **given}.items() if value}
    if not said and not spec.command:
        others = "".join(f" or {flag} PATH" for flag in given)
        raise SpecError("the model is missing", f"add --model LOCATION{others}")
    if len(said) > 1:
        raise SpecError(f"{' and '.join(said)} are mutually exclusive", "give one of them")
    return next(iter(said.values()), "")
