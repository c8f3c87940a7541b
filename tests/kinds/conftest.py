"""From a command line of `arena submit` to manifests, without any cluster."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from arena import kinds, manifests
from arena.cli import run as command_line
from arena.commands._spec import SpecCommand, given, spec_options
from arena.kinds.kind import Kind
from arena.kinds.spec import parse
from arena.kinds.workload import dependents
from arena.kinds.workload.rendering import PackedCode, Rendering
from arena.resources import Resource

Object = dict[str, Any]


PACKED = PackedCode(names=("arena-code-1",), parts={"arena-code-1": b"packed"}, files=("sub/train.py",))
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


def render(kind: Kind, spec: Any, resource: Resource | None = None, *, on_host: bool = False) -> list[Object]:
    """The job and the objects beside it."""
    rendering = Rendering(
        resource=resource or kind.form(spec).resources[0],
        on_host=on_host,
        code=PACKED if spec.code else None,
        secrets=spec.secret,
        config_files=dict.fromkeys((one.source for one in spec.config_file), b"x"),
    )
    made = manifests.render(manifests.find(kind.form(spec).template), kind.values(spec, rendering), "it")
    for one in (*dependents.dependents(kind, spec, rendering), *dependents.code_parts(rendering)):
        made += manifests.render(manifests.find(one.template), one.values, one.template)
    return made


def _kind(word: str | Kind) -> Kind:
    return kinds.find(word) if isinstance(word, str) else word


@pytest.fixture
def submit() -> Callable[..., list[Object]]:
    """`submit("tf", "--name", "x", ...)` gives the objects that would be sent; so does a kind for `"tf"`."""

    def run(
        word: str | Kind, *words: str, resource: Resource | None = None, on_host: bool = False, **changes: Any
    ) -> list[Object]:
        from dataclasses import replace

        kind = _kind(word)
        return render(kind, replace(spec_of(kind, list(words)), **changes), resource, on_host=on_host)

    return run


@pytest.fixture
def read_words() -> Callable[..., Any]:
    """`read_words("tf", "--name", "x", ...)` gives the Spec."""
    return lambda word, *words: spec_of(_kind(word), list(words))


@pytest.fixture
def experiment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Object]:
    """`experiment("job", "--param", "x=1,2", ...)` gives the Experiment that would be sent to a cluster."""
    where = {"server": "http://127.0.0.1:1"}
    context = {"name": "c", "context": {"cluster": "c", "user": ""}}
    kubeconfig = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": where}],
        "contexts": [context],
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig), "utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))

    def call(kind: str, *words: str) -> Object:
        capsys.readouterr()
        line = ["sweep", "submit", kind, "--name", "digits", "--image", "i", "--dry-run", *words]
        code = command_line([*line, "--metric", "accuracy:max"])
        out, err = capsys.readouterr()
        assert code == 0, err
        made: Object = next(iter(yaml.safe_load_all(out)))
        return made

    return call
