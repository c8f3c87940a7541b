"""One submit as it was asked for: flags over the job file over configured defaults, and its templates."""

import os
import re
import sys
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from arena.errors import SpecError, Unreachable
from arena.kinds.spec import options

if TYPE_CHECKING:
    import click

    from arena.actions.packing import Archive
    from arena.actions.plans import Overrides
    from arena.kinds.kind import Kind
    from arena.kinds.training.base import TrainingSpec
    from arena.session import Session

LONGEST = 42
"""Characters of a name that is made up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One submit as it was asked for."""

    given: dict[str, Any] = field(default_factory=dict)
    """Options of the Spec by field, as text."""
    file: str | None = None
    template: str | None = None
    patch: str | None = None
    dry_run: str | None = None
    form: str | None = None
    replace: bool = False
    wait: bool = False
    logs: bool = False
    code: "Archive | None" = None
    """The code of an older job, instead of what is now in the folder of --code."""

    def __post_init__(self) -> None:
        if self.dry_run not in (None, "client", "server"):
            raise SpecError(
                f'--dry-run: "{self.dry_run}" is neither client nor server',
                "write --dry-run or --dry-run=server",
            )


def wished(ctx: "click.Context", spec: type, without: Collection[str] = ()) -> Wish:
    """What a command line asks for whose flags are the options of a Spec and fields of a Wish.

    Args:
        without: options that are meant for somebody else.
    """
    from arena.commands._spec import given

    job = {one.name for one in options(spec)}
    own = {one.name: ctx.params[one.name] for one in fields(Wish) if one.name in ctx.params.keys() - job}
    kept = {name: value for name, value in given(ctx, spec).items() if name not in without}
    return Wish(given=kept, **own)


def read(session: "Session", kind: "Kind", wish: Wish) -> "TrainingSpec":
    """The Spec from flags, over the job file, over configured defaults.

    What is wrong with the flags themselves is said before a cluster is asked, and rather than that none
    answers.
    """
    from arena.actions import plans
    from arena.actions.defaults import configured
    from arena.kinds.spec import over, parse

    given = words(session, kind, wish)
    local = over(configured(session.settings, kind, None), given)
    if wish.dry_run == "client":
        alone: TrainingSpec = parse(kind.spec, local)
        return alone
    try:
        asked = configured(session.settings, kind, session.cluster())
    except Unreachable:
        plans.luggage(parse(kind.spec, local), overrides(session, kind, wish))
        raise
    spec: TrainingSpec = parse(kind.spec, over(asked, given))
    return spec


def words(session: "Session", kind: "Kind", wish: Wish, longest: int = LONGEST) -> dict[str, Any]:
    """The options given by flags, over the job file, with a name, which is made from the script if need be.

    Args:
        longest: how many characters that may have.

    Raises:
        SpecError: a value cannot be used, whatever else is given, or a required one is missing.
    """
    from arena.actions.defaults import configured
    from arena.kinds import spec

    given = spec.over(load(wish.file, kind) if wish.file else {}, wish.given)
    every = spec.over(configured(session.settings, kind, None), given)
    known = {key: value for key, value in every.items() if value is not None}
    made_up = name_from(str(known.get("command", "")), kind.name, longest)
    name = spec.read(kind.spec, spec.over({"name": made_up}, known))["name"]
    return spec.over(given, {"name": name})


def load(file: str, kind: "Kind") -> dict[str, Any]:
    """The keys of a job file; `-` reads standard input. Its optional `kind` must agree.

    Raises:
        SpecError: it cannot be read, is no mapping, or is of another kind.
    """
    from arena import kinds, manifests

    text = sys.stdin.read() if file == "-" else manifests.find("", file)
    found = manifests.load(text, file)
    if not isinstance(found, dict):
        raise SpecError(f"{file} is no job file", "write one option a line, such as workers: 4")
    named = found.pop("kind", None)
    if named is not None and kinds.find(str(named)) is not kind:
        raise SpecError(f"{file} describes a {named}", f"submit it with: arena submit {named} -f {file}")
    return {str(key): value for key, value in found.items()}


def name_from(command: str, kind: str, longest: int = LONGEST) -> str:
    """A name made from the script that the command runs, with a few digits against clashes.

    >>> name_from("torchrun src/train_bert.py", "pytorchjob")[:-5]
    'train-bert-'
    """
    # Words first: one expression for both takes minutes for a word of 100 kB.
    found = (re.fullmatch(r"(.+)\.(?:py|sh|R|jl|lua)", word) for word in re.findall(r"[\w.-]+", command))
    scripts = [script[1] for script in found if script]
    stem = re.sub(r"[^a-z0-9]+", "-", (scripts[0] if scripts else kind).lower()).strip("-")
    stem = (stem if stem[:1].isalpha() else f"job-{stem}")[: longest - 6].rstrip("-")
    # Drawn, not the time: a loop in the shell submits many a second.
    return f"{stem}-{os.urandom(3).hex()[:5]}"


def overrides(session: "Session", kind: "Kind", wish: Wish) -> "Overrides":
    """The template and the patch of a submit: flags, else the user's own template of the kind."""
    from arena.actions import defaults
    from arena.actions.plans import Overrides

    template = wish.template or defaults.template(session.settings, kind)
    return Overrides(template=template, patch=wish.patch, code=wish.code)
