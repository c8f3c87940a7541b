"""Join the options that a change names with the recorded ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from arena.errors import SpecError
from arena.kinds.kind import Kind
from arena.kinds.option_types import NamedValues
from arena.kinds.option_values import ConfigFile, Mount
from arena.kinds.spec import Option
from arena.kinds.workload.spec import WorkloadSpec

FIXED = ("name", "version", "from_job")
"""Options that an update does not change."""


def check(kind: Kind, parsed: Mapping[str, Any]) -> None:
    """Refuse options that an update does not change; raises SpecError."""
    for name in FIXED:
        if name in parsed:
            raise SpecError(
                f"--{name.replace('_', '-')} cannot be changed by an update",
                f"submit another version: {kind.family.submission.replace('KIND', kind.name)} --version V",
            )


def joined(spec: WorkloadSpec, parsed: Mapping[str, Any]) -> WorkloadSpec:
    """The Spec with changed options; raises SpecError if they do not fit together.

    Options that hold names and values gain those that are given, and so do lists. What is mounted at a path
    replaces what was there.
    """
    return replace(
        spec, **{name: _joined(name, getattr(spec, name), value) for name, value in parsed.items()}
    )


def _joined(name: str, old: Any, given: Any) -> Any:
    if isinstance(given, Mapping):
        removed = given.removed if isinstance(given, NamedValues) else ()
        return {**{key: value for key, value in old.items() if key not in removed}, **given}
    if not isinstance(given, tuple) or hasattr(given, "_fields"):
        return given
    new = {_place(one): one for one in given}
    sources = {one.source for one in given} if name == "data" else ()
    kept = [new.pop(_place(one), one) for one in old
            if _place(one) in new or getattr(one, "source", None) not in sources]  # fmt: skip
    return (*kept, *new.values())


def _place(one: Any) -> Any:
    """What no two items of a list have in common."""
    return one.path if isinstance(one, (ConfigFile, Mount)) else one


def others(one: Option, value: Any, given: Any) -> Iterator[Any]:
    """Values of an option that lack what a change gives, of which some may be valid."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, value + 5, value - 5)
    elif isinstance(value, Mapping):
        yield {name: each for name, each in value.items() if name not in given}
    elif isinstance(value, tuple):
        yield tuple(each for each in value if each not in given)
    elif isinstance(value, str):
        yield from (other for other in one.type.choices if other != value)
        yield from (f"1{value}", f"{value}1", f"{value}x", "")
