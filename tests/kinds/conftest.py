"""From a command line of `arena submit` to manifests, without any cluster."""

from collections.abc import Callable, Mapping
from typing import Any

import click
import pytest

from arena import kinds, manifests
from arena.commands._spec import SpecCommand, given, spec_options
from arena.kinds.kind import Kind
from arena.kinds.spec import parse
from arena.kinds.training import extras
from arena.kinds.training.code import Parcel
from arena.resources import Resource

Object = dict[str, Any]


PARCEL = Parcel(names=("arena-code-1",), parts={"arena-code-1": b"packed"}, files=("sub/train.py",))
"""What a folder of code was packed to."""


def spec_of(kind: Kind, words: list[str]) -> Any:
    """The Spec that the words after `arena submit KIND` give."""
    found = {}

    @click.command(kind.name, cls=SpecCommand)
    @spec_options(kind.spec)
    @click.pass_context
    def command(ctx: click.Context, **_: object) -> None:
        found["spec"] = parse(kind.spec, given(ctx, kind.spec))

    command.main(words, standalone_mode=False)
    return found["spec"]


def render(kind: Kind, spec: Any, resource: Resource | None = None, **files: bytes) -> list[Object]:
    """The job and what is made beside it."""
    contents: Mapping[str, bytes] = {one.source: files.get("content", b"x") for one in spec.config_file}
    made = manifests.render(
        manifests.find(kind.template), kind.values(spec, resource or kind.resources[0]), "it"
    )
    for one in (*extras.extras(spec, kind.name, contents), *extras.parts(spec)):
        made += manifests.render(manifests.find(one.template), one.values, one.template)
    return made


@pytest.fixture
def submit() -> Callable[..., list[Object]]:
    """`submit("tf", "--name", "x", ...)` gives the objects that would be sent."""

    def run(word: str, *words: str, resource: Resource | None = None, **changes: Any) -> list[Object]:
        from dataclasses import replace

        kind = kinds.find(word)
        spec = replace(spec_of(kind, list(words)), **changes)
        return render(kind, replace(spec, parcel=PARCEL) if spec.code else spec, resource)

    return run


@pytest.fixture
def read_words() -> Callable[..., Any]:
    """`read_words("tf", "--name", "x", ...)` gives the Spec."""
    return lambda word, *words: spec_of(kinds.find(word), list(words))
